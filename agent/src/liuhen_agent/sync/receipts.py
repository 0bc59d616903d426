"""Receipts: fetched, checked against everything the dock knows itself, and only then journaled.

A receipt is kept when all of this holds, in this order:
  1. it is the proof of a `clip.stored` statement of this archive's key, for the digest this dock computed, the kind of clip it is,
     and a promise of this very dock (trust.check)
  2. its checkpoint is signed by the policy's log and cosigned by the policy's quorum (the same call)
  3. its checkpoint continues the log as this dock has seen it (log_view)

Reconciliation asks again, every day, for clips that have a receipt: footage that was receipted and is gone is an alarm, and is sent
again where the dock still has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from liuhen_agent.clock import write_time
from liuhen_agent.journal import ClipRow, ClipState, Journal, changes
from liuhen_agent.sync import alarms
from liuhen_agent.sync.answers import Refusal
from liuhen_agent.sync.archive import Archive, NotYet
from liuhen_agent.sync.log_view import LogView
from liuhen_agent.sync.trust import Trust, check
from liuhen_protocol.errors import Malformed, Refused


@dataclass(frozen=True)
class Kept:
    """The receipt holds and is in the journal. `index`: of the clip.stored statement in the log."""

    index: int


@dataclass(frozen=True)
class Wait:
    """Not yet: ask again after so many seconds (None: the archive did not say)."""

    seconds: float | None


@dataclass(frozen=True)
class Missing:
    """The archive does not know the clip although it said it had read it back: it will be uploaded again."""


@dataclass(frozen=True)
class Rejected:
    """What came is no receipt for this clip; an alarm says so. `code` is the rule that failed."""

    code: str
    why: str


async def fetch(
    archive: Archive, journal: Journal, view: LogView, trust: Trust, clip: ClipRow, now: datetime
) -> Kept | Wait | Missing | Rejected:
    """Asks for one clip's receipt. Raises Later, Refusal (undecided), log_view.Untrue (alarm raised, nothing kept)."""
    answer = await archive.receipt(clip.sha256)
    if isinstance(answer, NotYet):
        return Wait(answer.retry_after)
    if answer is None:
        await journal.change(changes.UploadLost(clip.sha256))
        return Missing()
    try:
        receipt = check(answer, clip, trust)
        await view.accept(receipt.proof.checkpoint, now)
    except (Refused, Malformed) as error:
        code = error.code if isinstance(error, Refused) else "malformed"
        await alarms.raise_alarm(
            journal,
            alarms.RECEIPT_REFUSED,
            f"the receipt of clip {clip.name} ({clip.sha256}) does not hold: {code}: {error}. The recorder keeps the clip.",
            now,
        )
        return Rejected(code, str(error))
    await journal.change(changes.Receipted(clip.sha256, answer, write_time(now)))
    return Kept(receipt.proof.index)


_REFUSALS = 10
"""So many refusals in one round are enough to know: the others would be refused too."""


@dataclass(frozen=True)
class Reconciled:
    """Clips with a receipt here for which the archive: says that it has none (`missing`), shows one that does not hold (`untrue`),
    refuses to answer (`withheld`)."""

    missing: tuple[ClipRow, ...] = ()
    untrue: tuple[ClipRow, ...] = ()
    withheld: tuple[ClipRow, ...] = ()


async def reconcile(
    archive: Archive,
    journal: Journal,
    view: LogView,
    trust: Trust,
    clips: Sequence[ClipRow],
    data_dir: Path,
    now: datetime,
) -> Reconciled:
    """Asks for the receipts of clips that have one, raises alarms, and has what the archive lost sent again where the copy is here.

    Raises Later, Untrue. A clip that is missing, or whose receipt does not hold any more, must not be cleared anywhere; a refusal to
    answer says nothing against the receipts that are here, and is for a person to look at.
    """
    missing: list[ClipRow] = []
    untrue: list[ClipRow] = []
    withheld: list[tuple[ClipRow, Refusal]] = []
    for clip in clips:
        try:
            answer = await archive.receipt(clip.sha256)
            if isinstance(answer, NotYet):  # undecided: the archive knows the clip and says nothing against it
                continue
            if answer is None:
                missing.append(clip)
            else:
                receipt = check(answer, clip, trust)
                await view.accept(receipt.proof.checkpoint, now)
        except (Refused, Malformed):
            untrue.append(clip)
        except Refusal as refusal:
            withheld.append((clip, refusal))
            if len(withheld) >= _REFUSALS:
                break
    if missing or untrue:
        await alarms.raise_alarm(
            journal,
            alarms.RECEIPTED_CLIP_MISSING,
            f"the archive gave receipts for {len(missing) + len(untrue)} clips and does not show good ones any more: it does not know"
            f" {_names(missing)}; its receipt does not hold for {_names(untrue)}. Nothing is cleared.",
            now,
        )
    if withheld:
        clip, why = withheld[0]
        await alarms.raise_alarm(
            journal,
            alarms.RECEIPTS_WITHHELD,
            f"the archive refuses to show receipts ({len(withheld)} asked for), first that of {_names([clip])}: {why}",
            now,
        )
    for clip in missing:  # behind the alarm: what is on its way again is not asked for the next day
        if clip.state is ClipState.RECEIPTED and await asyncio.to_thread(_is_here, data_dir / clip.spool, clip.size):
            await journal.change(changes.ReceiptWithdrawn(clip.sha256))
    return Reconciled(tuple(missing), tuple(untrue), tuple(clip for clip, _ in withheld))


def _names(clips: Sequence[ClipRow]) -> str:
    return ", ".join(f"{clip.name} ({clip.sha256})" for clip in clips[:10]) or "none"


def _is_here(path: Path, size: int) -> bool:
    """Whether there is a copy to send. What it holds is for the upload to say: the archive hashes what comes."""
    return path.is_file() and path.stat().st_size == size
