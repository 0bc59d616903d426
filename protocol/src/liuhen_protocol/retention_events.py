"""Holding footage and disposing of it, as the archive states it (spec: docs/spec/statement.md).

A tombstone (`clip.disposed`) is in the log before a byte goes, and rests on two statements by two different people: the list that
one drew (`disposal.drawn`) and the other approved (`disposal.approved`). Days are those of the agency's zone (2026-12-01).
"""

from __future__ import annotations

from dataclasses import dataclass

from liuhen_protocol.shape import Hex


@dataclass(frozen=True, slots=True)
class ClipHeld:
    """The subject, whichever dock brought it, is not disposed of before the end of the day `until`; null: not before it is released.
    `hold` names it (`hold-5`), `ground` why in one word; `said` is the reason.
    """

    hold: str
    ground: str
    until: str | None
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class ClipReleased:
    """The hold `hold` on the subject has ended, for the reason that `said` commits to."""

    hold: str
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class CaseHeld:
    """What belongs to the case, or comes to belong to it while the hold lasts, is held."""

    hold: str
    case: str
    ground: str
    until: str | None
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class CaseReleased:
    """The hold `hold` on the case has ended, for the reason that `said` commits to."""

    hold: str
    case: str
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class DisposalDrawn:
    """`by` drew the list `list` of `clips` originals of the agency whose term had ended before `day`; `sha256` is that of its rows."""

    list: str
    agency: str
    day: str
    clips: int
    sha256: Hex
    by: str


@dataclass(frozen=True, slots=True)
class DisposalWithdrawn:
    """Nothing of the list is disposed of, for the reason that `said` commits to."""

    list: str
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class DisposalApproved:
    """`by`, another person than who drew it, approved the list; `clips` originals are left on it, their rows have `sha256`. What was
    held, linked or has another term since was taken off.
    """

    list: str
    clips: int
    sha256: Hex
    by: str


@dataclass(frozen=True, slots=True)
class ClipDisposed:
    """The tombstone: the subject's bytes, brought by `dock`, go from the archive. `original` names what a derivative was made from.

    `first` drew the list and `second` approved it; the `term` ended at the end of that day; `freed` bytes go from the store (0 where
    another dock's clip or a document has the same bytes).
    """

    list: str
    dock: str
    original: Hex | None
    first: str
    second: str
    term: str
    freed: int


RetentionEvent = (
    ClipHeld
    | ClipReleased
    | CaseHeld
    | CaseReleased
    | DisposalDrawn
    | DisposalWithdrawn
    | DisposalApproved
    | ClipDisposed
)
RETENTION_EVENTS: dict[str, type[RetentionEvent]] = {
    "clip.held": ClipHeld,
    "clip.released": ClipReleased,
    "case.held": CaseHeld,
    "case.released": CaseReleased,
    "disposal.drawn": DisposalDrawn,
    "disposal.withdrawn": DisposalWithdrawn,
    "disposal.approved": DisposalApproved,
    "clip.disposed": ClipDisposed,
}
