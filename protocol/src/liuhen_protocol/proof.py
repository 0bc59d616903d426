"""C2SP tlog-proof: one text that proves offline that an entry is in the log (spec: docs/spec/tlog-proof.md)."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from liuhen_protocol import merkle, note
from liuhen_protocol.checkpoint import decimal
from liuhen_protocol.errors import Malformed
from liuhen_protocol.policy import Accepted, Policy

MAGIC = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class TlogProof:
    """`hashes` from the leaf's sibling to the root's child; `checkpoint` is the whole note; `extra` is the entry itself here."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    @classmethod
    def parse(cls, data: bytes) -> TlogProof:
        head, separator, checkpoint = data.partition(b"\n\n")
        if not separator:
            raise Malformed("tlog-proof: no empty line before the checkpoint")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise Malformed("tlog-proof: its head is not ASCII") from error
        if lines.pop(0) != MAGIC:
            raise Malformed(f"tlog-proof: the first line is not {MAGIC}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = note.from_base64(lines.pop(0)[6:], "tlog-proof: the extra line")
        if not lines or not lines[0].startswith("index "):
            raise Malformed("tlog-proof: no index line")
        index = decimal(lines.pop(0)[6:], "tlog-proof: the index")
        hashes = tuple(note.from_base64(line, "tlog-proof: a hash") for line in lines)
        if len(hashes) > MAX_HASHES or any(len(value) != 32 for value in hashes):
            raise Malformed("tlog-proof: a hash that is not 32 bytes long, or more than 63 of them")
        return cls(index, hashes, checkpoint, extra)

    def encode(self) -> bytes:
        lines = [MAGIC]
        if self.extra is not None:
            lines.append("extra " + base64.b64encode(self.extra).decode())
        lines.append(f"index {self.index}")
        lines += [base64.b64encode(value).decode() for value in self.hashes]
        return "\n".join(lines).encode() + b"\n\n" + self.checkpoint

    def check(self, entry: bytes, policy: Policy) -> Accepted:
        """That `entry` is in the log at `index`, under a checkpoint the policy accepts. Raises what `Policy.accept` does, and Refused("not-included")."""
        accepted = policy.accept(self.checkpoint)
        cp = accepted.checkpoint
        merkle.check_inclusion(merkle.leaf_hash(entry), self.index, cp.size, self.hashes, cp.root)
        return accepted


def split_proofs(data: bytes) -> list[bytes]:
    """The proofs of a file that holds several, one after the other. Raises Malformed when it does not begin with one."""
    mark = (MAGIC + "\n").encode()
    if not data.startswith(mark):
        raise Malformed(f"proofs: the file does not begin with {MAGIC}")
    starts = [0]
    while (found := data.find(b"\n" + mark, starts[-1])) >= 0:
        starts.append(found + 1)
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]
