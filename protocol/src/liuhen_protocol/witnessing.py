"""The rules of C2SP tlog-witness `add-checkpoint`, without HTTP and without storage (spec: docs/spec/witness.md).

What the witness remembers of a log is its newest cosigned state. A request is decided from that state alone; whoever calls must
write the new state, comparing it with the one decided from, before the cosignature leaves.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from liuhen_protocol import merkle, note
from liuhen_protocol.checkpoint import Checkpoint, WrongEmptyRoot, decimal, open_checkpoint
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.proof import MAX_HASHES

SIZE_TYPE = "text/x.tlog.size"
MAX_REQUEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """One request: the size the log believes was cosigned last, the consistency proof from there, the checkpoint note."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    @classmethod
    def parse(cls, data: bytes) -> AddCheckpoint:
        head, separator, checkpoint = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise Malformed("add-checkpoint: its head is not ASCII") from error
        if not separator or not lines[0].startswith("old "):
            raise Malformed("add-checkpoint: no old line, or no empty line before the checkpoint")
        old_size = decimal(lines[0][4:], "add-checkpoint: the old size")
        proof = tuple(note.from_base64(line, "add-checkpoint: a hash") for line in lines[1:])
        if len(proof) > MAX_HASHES or any(len(value) != 32 for value in proof):
            raise Malformed("add-checkpoint: a hash that is not 32 bytes long, or more than 63 of them")
        return cls(old_size, proof, checkpoint)

    def encode(self) -> bytes:
        lines = [f"old {self.old_size}", *(base64.b64encode(value).decode() for value in self.proof)]
        return "\n".join(lines).encode() + b"\n\n" + self.checkpoint


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What a witness remembers of one log: the newest state that it cosigned."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Cosign:
    """Cosign this checkpoint, once the new state is durable. `signed` is the note with the log's signature only."""

    checkpoint: Checkpoint
    signed: note.Note

    @property
    def state(self) -> Cosigned:
        return Cosigned(self.checkpoint.size, self.checkpoint.root)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer without a cosignature. `misbehaviour`: the log signed something that cannot be true; keep it."""

    status: int
    body: str
    content_type: str = "text/plain; charset=utf-8"
    misbehaviour: bool = False


def decide(body: bytes, log_keys: Mapping[str, note.VerifierKey], states: Mapping[str, Cosigned]) -> Cosign | Refusal:
    """What to answer to a request. `log_keys` and `states` are by origin; no state means that nothing was cosigned yet."""
    try:
        request = AddCheckpoint.parse(body)
        origin = Checkpoint.parse(note.Note.parse(request.checkpoint).text).origin
    except WrongEmptyRoot as error:
        return Refusal(422, f"{error}\n")
    except Malformed as error:
        return Refusal(400, f"{error}\n")
    key = log_keys.get(origin)
    if key is None:
        return Refusal(404, f"the log {origin} is not known here\n")
    try:
        checkpoint, signed = open_checkpoint(request.checkpoint, key)
    except Refused as error:
        return Refusal(403, f"{error}\n")
    if request.old_size > checkpoint.size:
        return Refusal(400, f"the old size {request.old_size} is larger than the checkpoint's {checkpoint.size}\n")
    state = states.get(origin, Cosigned(0, merkle.EMPTY_ROOT))
    if request.old_size != state.size:
        return Refusal(409, f"{state.size}\n", SIZE_TYPE)
    try:
        merkle.check_consistency(state.size, checkpoint.size, state.root, checkpoint.root, request.proof)
    except Refused as error:
        return Refusal(422, f"{error}\n", misbehaviour=True)
    own = note.Note(signed.text, signed.signed_by(key))
    return Cosign(checkpoint, own)
