"""Asking witnesses to cosign: the client of C2SP tlog-witness (`POST <url>/add-checkpoint`).

A witness is asked with the size it is known to have cosigned; 409 with another, smaller size corrects that and it is
asked again. Two answers mean that this archive is not what it was: a size larger than what it ever signed (409), and
a tree that does not continue the witness's (422, or 409 naming the very size it was asked with). Then the log stops.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from liuhen_protocol.checkpoint import Checkpoint, decimal
from liuhen_protocol.cosignature import check_cosignature
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.note import Note, Signature, parse_signature_line
from liuhen_protocol.policy import Endpoint, Policy
from liuhen_protocol.witnessing import AddCheckpoint
from liuhen_server.log.signed_state import LogStopped

ANSWER_SECONDS = 5.0
GRACE_SECONDS = 0.5
MAX_ANSWER = 64 * 1024

Prove = Callable[[int], Sequence[bytes]]
"""The consistency proof from an older size to the checkpoint's."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking one witness: its cosignatures, or why there are none."""

    name: str
    size: int
    signatures: tuple[Signature, ...]
    problem: str | None


@dataclass(frozen=True, slots=True)
class Gathered:
    """The note with every cosignature that came, whether the policy's quorum is met, and what each witness answered."""

    note: Note
    enough: bool
    answers: tuple[Asked, ...]

    @property
    def problems(self) -> str:
        return "; ".join(f"{a.name}: {a.problem}" for a in self.answers if a.problem) or "no witness answered yet"


class Cosigner:
    """Gathers cosignatures under one policy. `session` belongs to the caller."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        policy: Policy,
        *,
        answer_seconds: float = ANSWER_SECONDS,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._session, self._policy = session, policy
        self._timeout = aiohttp.ClientTimeout(total=answer_seconds)
        self._grace = grace_seconds

    async def gather(self, signed: Note, known_sizes: Mapping[str, int], prove: Prove) -> Gathered:
        """Asks all witnesses at once; once the quorum is met, the others have a moment more. Raises LogStopped."""
        asked = [
            asyncio.create_task(self._ask(name, witness, signed, known_sizes.get(name, 0), prove))
            for name, witness in self._policy.witnesses.items()
            if witness.url is not None
        ]
        waiting: set[asyncio.Task[Asked]] = set(asked)
        answers: list[Asked] = []
        note = signed
        try:
            while waiting:
                enough = self._policy.quorum_met(self._cosigned(note))
                done, waiting = await asyncio.wait(
                    waiting, timeout=self._grace if enough else None, return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    break
                for task in done:
                    answers.append(task.result())
                    note = note.with_signatures(*answers[-1].signatures)
        finally:
            for task in waiting:
                task.cancel()
            for task in asked:
                with contextlib.suppress(asyncio.CancelledError, LogStopped):
                    await task
        return Gathered(note, self._policy.quorum_met(self._cosigned(note)), tuple(answers))

    def _cosigned(self, note: Note) -> set[str]:
        return set(self._policy.cosigned(note))

    async def _ask(self, name: str, witness: Endpoint, signed: Note, known: int, prove: Prove) -> Asked:
        size = Checkpoint.parse(signed.text).size
        old = min(known, size)
        for _ in range(2):
            proof = await asyncio.to_thread(prove, old)
            request = AddCheckpoint(old, tuple(proof), signed.encode())
            try:
                status, body = await self._post(f"{witness.url}/add-checkpoint", request.encode())
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                return Asked(name, known, (), f"not reached ({type(error).__name__})")
            match status:
                case 200:
                    return self._cosignatures(name, witness, signed, size, known, body)
                case 409:
                    try:
                        theirs = decimal(body.decode("ascii", "replace").strip(), "size")
                    except Malformed:
                        return Asked(name, known, (), "409 without a size")
                    if theirs > size:
                        raise LogStopped(
                            "behind-witness",
                            f"witness {name} has cosigned {theirs} entries, this archive has signed only {size}: "
                            "it was rolled back to an older state. Restore the newest database and log/ folder",
                        )
                    if theirs == old:
                        raise _fork(name, old)
                    old = known = theirs
                case 422:
                    raise _fork(name, old)
                case _:
                    text = body[:200].decode("utf-8", "replace").strip()
                    return Asked(name, known, (), f"refused with {status}: {text!r}")
        return Asked(name, known, (), "its size changes while it is asked")

    async def _post(self, url: str, body: bytes) -> tuple[int, bytes]:
        async with self._session.post(url, data=body, timeout=self._timeout, allow_redirects=False) as response:
            answer = b""
            async for piece in response.content.iter_chunked(MAX_ANSWER):
                answer += piece
                if len(answer) > MAX_ANSWER:
                    raise aiohttp.ClientPayloadError("answer too long")
            return response.status, answer

    @staticmethod
    def _cosignatures(name: str, witness: Endpoint, signed: Note, size: int, known: int, body: bytes) -> Asked:
        try:
            lines = body.decode().rstrip("\n").split("\n")
            own = [
                s
                for s in map(parse_signature_line, lines)
                if (s.name, s.key_id) == (witness.key.name, witness.key.key_id)
            ]
            cosigned = check_cosignature(signed.with_signatures(*own), witness.key)
        except (Malformed, Refused, UnicodeDecodeError) as error:
            return Asked(name, known, (), f"its answer is not a cosignature: {error}")
        if cosigned is None:
            return Asked(name, known, (), "its answer is not signed by the key that the policy names")
        return Asked(name, size, tuple(own), None)


def _fork(name: str, size: int) -> LogStopped:
    return LogStopped(
        "other-history",
        f"witness {name} has cosigned another history of the first {size} entries: this archive was rolled back or altered. "
        "Restore the newest database and log/ folder; nothing more is signed",
    )
