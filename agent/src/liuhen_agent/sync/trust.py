"""What this dock believes of a receipt, by what it knows itself: the rule that dock and wipe helper share. Pure, and without the network's libraries,
so that the wipe helper brings none of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from liuhen_agent.journal import ClipRow
from liuhen_protocol.digest import Digest
from liuhen_protocol.policy import Policy
from liuhen_protocol.receipt import Receipt, check_receipt


@dataclass(frozen=True)
class Trust:
    """What receipts are checked against: the dock's policy file, the archive's statement key (32 bytes), this dock's name."""

    policy: Policy
    archive_key: bytes
    dock: str


def digest_of(clip: ClipRow) -> Digest:
    """What this dock computed when it read the clip."""
    return Digest(clip.size, clip.sha256, clip.chunk_root, clip.sm3)


def check(data: bytes, clip: ClipRow, trust: Trust) -> Receipt:
    """That `data` is a receipt of this archive for this clip of this dock, under its policy. Raises Malformed, Refused."""
    receipt, _accepted = check_receipt(
        data,
        digest=digest_of(clip),
        source=trust.dock,
        policy=trust.policy,
        archive_key=trust.archive_key,
        kind=clip.kind.value,
    )
    return receipt
