"""One request, from its bytes to the answer: the rules of `liuhen_protocol.witnessing` over durable state."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from liuhen_protocol.checkpoint import Checkpoint
from liuhen_protocol.cosignature import cosign
from liuhen_protocol.note import COSIGNATURE_V1, Note, VerifierKey
from liuhen_protocol.signer import Signer
from liuhen_protocol.witnessing import AddCheckpoint, Cosign, Refusal, decide
from liuhen_server.witness.evidence import keep_split_view, origin_hash
from liuhen_server.witness.state import Recorded, WitnessState

_log = logging.getLogger(__name__)
_CONFLICT = 409  # answered only after the log's signature was checked, as misbehaviour is


@dataclass(frozen=True, slots=True)
class Answered:
    """What goes back to the client."""

    status: int
    body: bytes
    content_type: str


class Cosigner:
    """A witness without HTTP. `clock` gives seconds since the epoch; `evidence` is the folder for what logs did wrong."""

    def __init__(
        self, name: str, signer: Signer, state: WitnessState, evidence: Path, clock: Callable[[], float]
    ) -> None:
        self.key = VerifierKey(name, COSIGNATURE_V1, signer.public)
        self._signer = signer
        self._state = state
        self._evidence = evidence
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> Answered:
        """Raises sqlite3.Error or OSError when the state or the evidence cannot be kept: then nothing was cosigned."""

        def decide_once(
            keys: Mapping[str, VerifierKey], recorded: Mapping[str, Recorded]
        ) -> tuple[tuple[str, Recorded] | None, Answered]:
            decision = decide(body, keys, {origin: one.state for origin, one in recorded.items()})
            if isinstance(decision, Cosign):
                checkpoint, signed = decision.checkpoint, decision.signed
                signature = cosign(signed.text, int(self._clock()), self.key.name, self._signer)
                new = Recorded(decision.state, signed.with_signatures(signature).encode())
                return (checkpoint.origin, new), Answered(200, signature.line().encode(), "text/plain; charset=utf-8")
            if decision.misbehaviour or decision.status == _CONFLICT:
                self._keep_if_split(body, recorded)
            return None, _answer(decision)

        return self._state.advance(decide_once)

    def _keep_if_split(self, body: bytes, recorded: Mapping[str, Recorded]) -> None:
        """Two roots of one size, both signed by the log: kept before the client hears of it."""
        other = AddCheckpoint.parse(body).checkpoint
        checkpoint = Checkpoint.parse(Note.parse(other).text)
        ours = recorded.get(checkpoint.origin)
        if ours is not None and ours.state.size == checkpoint.size and ours.state.root != checkpoint.root:
            pair = keep_split_view(
                self._evidence, checkpoint.origin, checkpoint.size, ours.note, other, checkpoint.root
            )
            _log.error("%s signed two roots of %d entries; kept in %s", checkpoint.origin, checkpoint.size, pair)

    def latest(self, wanted_hash: str) -> bytes | None:
        """The last note cosigned for the log whose origin has this hash."""
        for origin, one in self._state.recorded().items():
            if origin_hash(origin) == wanted_hash:
                return one.note
        return None


def _answer(refusal: Refusal) -> Answered:
    return Answered(refusal.status, refusal.body.encode(), refusal.content_type)
