"""C2SP checkpoints: what the log commits to, as a signed note of three lines and no extension lines."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from liuhen_protocol import merkle, note
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.signer import Signer

MAX_SIZE = 1 << 62


class WrongEmptyRoot(Malformed):
    """A checkpoint of no entries with another root than the empty tree's: for a witness a case of its own (tlog-witness: 422)."""


def decimal(text: str, what: str, most: int = MAX_SIZE) -> int:
    """An ASCII decimal without leading zeroes. Raises Malformed."""
    if (
        not text.isascii()
        or not text.isdigit()
        or len(text) > 19
        or (text[0] == "0" and text != "0")
        or int(text) > most
    ):
        raise Malformed(f"{what}: {text[:40]!r} is not a decimal number as the format has it")
    return int(text)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first `size` entries of the log `origin` have this root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()

    @classmethod
    def parse(cls, text: bytes) -> Checkpoint:
        try:
            lines = text.decode().split("\n")
        except UnicodeDecodeError as error:
            raise Malformed("checkpoint: not UTF-8") from error
        if len(lines) != 4 or lines[3]:
            raise Malformed("checkpoint: not exactly three lines (origin, size, root)")
        root = note.from_base64(lines[2], "checkpoint: the root")
        if len(root) != 32:
            raise Malformed(f"checkpoint: the root has {len(root)} bytes, not 32")
        checkpoint = cls(
            note.check_name(lines[0], "checkpoint: the origin"), decimal(lines[1], "checkpoint: the size"), root
        )
        if checkpoint.size == 0 and root != merkle.EMPTY_ROOT:
            raise WrongEmptyRoot("checkpoint: a log without entries has one root, and it is another")
        return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> note.Note:
    """The log's own note; the key's name is the origin."""
    return note.sign_note(checkpoint.text(), checkpoint.origin, signer)


def open_checkpoint(data: bytes, log_key: note.VerifierKey) -> tuple[Checkpoint, note.Note]:
    """The checkpoint and its note, signed by this log.

    Raises Malformed, Refused("wrong-log") for another origin, Refused("log-signature-missing"), Refused("bad-signature").
    """
    parsed = note.Note.parse(data)
    checkpoint = Checkpoint.parse(parsed.text)
    if checkpoint.origin != log_key.name:
        raise Refused("wrong-log", f"the checkpoint is of the log {checkpoint.origin}, not of {log_key.name}")
    if not note.check_signature(parsed, log_key):
        raise Refused(
            "log-signature-missing", f"the log {log_key.name} did not sign this checkpoint with the known key"
        )
    return checkpoint, parsed
