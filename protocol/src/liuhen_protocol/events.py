"""The vocabulary of custody: one frozen dataclass for each thing that can be stated (spec: docs/spec/statement.md).

The names of the fields are the JSON names. Officers appear by number only: the log is for ever, and a name need not be.
Paths and texts come from recorders: `path` is text that is safe to show, `raw` the original bytes in base64 where the two differ.
Times named `recorder_time`, `modified`, `clock_reading` are the recorder's local time as it wrote it, without a zone: never trusted alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from liuhen_protocol.case_events import (
    CaseChanged,
    CaseDocument,
    CaseOpened,
    CaseStage,
    CaseViewed,
    ClipLinked,
    ClipUnlinked,
    CoverageExcused,
    ListApproved,
)
from liuhen_protocol.decision_events import DECISION_EVENTS, DecisionEvent
from liuhen_protocol.oversight_events import OVERSIGHT_EVENTS, OversightEvent
from liuhen_protocol.publicity_events import PUBLICITY_EVENTS, PublicityEvent
from liuhen_protocol.retention_events import RETENTION_EVENTS, ClipDisposed, ClipHeld, ClipReleased, RetentionEvent
from liuhen_protocol.review_events import REVIEW_EVENTS, ReviewEvent
from liuhen_protocol.shape import Hex, Moment


@dataclass(frozen=True, slots=True)
class Resumed:
    """A dock goes on after the archive's head because its own chain is lost (a new card). `reason` says why."""

    after_seq: int
    after_hash: Hex
    reason: str


@dataclass(frozen=True, slots=True)
class RecorderIdentity:
    """What the recorder says of itself; `officer` null means unassigned."""

    serial: str
    officer: str | None
    unit: str | None
    model: str | None
    firmware: str | None
    label: str | None


@dataclass(frozen=True, slots=True)
class InventoryFile:
    """One file as the recorder lists it; `kind` is clip, log or other; `size` in bytes."""

    path: str
    raw: str | None
    size: int
    modified: str | None
    kind: str
    important: bool


@dataclass(frozen=True, slots=True)
class NumberingGap:
    """`missing` numbers between two files of one device and day: clips that were there once or never."""

    after: str
    before: str
    missing: int


@dataclass(frozen=True, slots=True)
class DeletedFile:
    """A file that was deleted on the recorder and whose entry the file system still shows. Its name may have lost its first letter
    (FAT); `size` in bytes where the entry still tells it."""

    path: str
    raw: str | None
    size: int | None
    modified: str | None


@dataclass(frozen=True, slots=True)
class ReceiptRef:
    """The receipt under which a clip was cleared: its digest and the log index of its clip.stored."""

    sha256: Hex
    index: int


@dataclass(frozen=True, slots=True)
class ChainPoint:
    """A place in a chain: the envelope `hash` at `seq`."""

    seq: int
    hash: Hex


# ---- the dock's statements


@dataclass(frozen=True, slots=True)
class DockStarted:
    agent_version: str
    resumed: Resumed | None


@dataclass(frozen=True, slots=True)
class RecorderDocked:
    """`clock_offset_ms`: recorder minus dock, read before the clock was set. `grade`: how well the profile is known (A, B, C)."""

    session: str
    bay: str
    recorder: RecorderIdentity
    profile: str
    grade: str
    transport: str
    clock_reading: str | None
    clock_offset_ms: int | None
    battery_percent: int | None
    quarantined: bool


@dataclass(frozen=True, slots=True)
class RecorderInventory:
    """Part `part` of `parts` (from 1). Every file, with sizes; gaps, deleted entries and counts stand in the last parts.

    `deleted` names at most so many of the `deleted_seen` entries as the dock lists; `unowned_bytes`: marked as used in the file
    system and of no file (null: not known); `problems`: what could not be listed, in words. The last three are optional.
    """

    session: str
    part: int
    parts: int
    total_bytes: int
    free_bytes: int
    files: tuple[InventoryFile, ...]
    gaps: tuple[NumberingGap, ...]
    deleted_seen: int
    deleted: tuple[DeletedFile, ...] = ()
    unowned_bytes: int | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClipCollected:
    """The subject was read off the recorder, once, from `began` to `finished` (the dock's time)."""

    session: str
    bay: str
    recorder: str
    officer: str | None
    path: str
    raw: str | None
    size: int
    chunk_root: Hex
    important: bool
    recorder_time: str | None
    modified: str | None
    began: Moment
    finished: Moment


@dataclass(frozen=True, slots=True)
class ClipFailed:
    session: str
    recorder: str
    path: str
    raw: str | None
    reason: str
    detail: str
    bytes_read: int


@dataclass(frozen=True, slots=True)
class ClipDerived:
    """The subject was made from the clip `original` (its SHA-256); `role` is proxy (`recipe` remux or transcode) or track (`recipe`
    subtitles; docs/spec/track.md).
    """

    original: Hex
    role: str
    media_type: str
    recipe: str
    tool: str
    size: int
    chunk_root: Hex


@dataclass(frozen=True, slots=True)
class RecorderClockSet:
    """`before` and `after` as the recorder gave them, local; `offset_ms`: how far it was off before, recorder minus dock."""

    session: str
    recorder: str
    before: str
    after: str
    offset_ms: int


@dataclass(frozen=True, slots=True)
class RecorderCleared:
    session: str
    recorder: str
    method: str
    part: int
    parts: int
    receipts: tuple[ReceiptRef, ...]


@dataclass(frozen=True, slots=True)
class RecorderUndocked:
    session: str
    recorder: str
    premature: bool
    state: str


@dataclass(frozen=True, slots=True)
class DockHead:
    """Said from time to time, so that a tail cut off the chain shows. `waiting`: clips without a receipt."""

    clips: int
    waiting: int


@dataclass(frozen=True, slots=True)
class DockAlarm:
    code: str
    detail: str
    session: str | None


# ---- the archive's statements


@dataclass(frozen=True, slots=True)
class ArchiveStarted:
    """Leaf 0 of every log: `statement_key` (hexadecimal) signs what the archive states; the log's own key signs checkpoints only."""

    version: str
    origin: str
    statement_key: Hex


@dataclass(frozen=True, slots=True)
class DockEnrolled:
    """From here on `public_key` (hexadecimal) speaks for `dock`, whose chain begins at 0 or continues after a lost card."""

    dock: str
    agency: str
    public_key: Hex
    certificate_sha256: Hex
    continues: ChainPoint | None


@dataclass(frozen=True, slots=True)
class DockRevoked:
    """From here on nothing more is taken from this dock. `last_seq` is -1 when it never stated anything."""

    dock: str
    public_key: Hex
    reason: str
    last_seq: int
    last_hash: Hex | None


@dataclass(frozen=True, slots=True)
class KeyRotated:
    dock: str
    old_key: Hex
    new_key: Hex
    after_seq: int
    after_hash: Hex | None
    reason: str


@dataclass(frozen=True, slots=True)
class ClipStored:
    """The archive read the subject back from its store `store` at `read_back`, and it was what entry `promised_index` promises.

    `kind` is original (promised by clip.collected) or derivative (by clip.derived; then `original` names what it was made from).
    `promised_leaf` is that entry's leaf hash, hexadecimal. With its tlog-proof this statement is the receipt.
    """

    kind: str
    original: Hex | None
    size: int
    chunk_root: Hex
    dock: str
    promised_index: int
    promised_leaf: Hex
    store: str
    read_back: Moment


@dataclass(frozen=True, slots=True)
class ClipViewed:
    """`viewer` names a person by number, never by name; `how` is page, play, proof or download."""

    viewer: str
    role: str
    how: str


@dataclass(frozen=True, slots=True)
class ClipMarked:
    """`by` said something of the subject: at `at_ms` of its film, or (null) of all of it; `kind` is moment, break or note.
    `said` is the commitment to the words.
    """

    at_ms: int | None
    kind: str
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """The account `person` was changed by `by` (a person, or `machine`: whoever may run the archive's own commands).

    `what` is created, roles, reset, disabled, enabled or second-factor; `roles` and `agency` are what the account has from here on.
    `said` is the commitment to what was written with it (docs/adr/0015): SHA-256 over a salt of 32 bytes and the UTF-8 text.
    """

    person: str
    by: str
    what: str
    roles: tuple[str, ...]
    agency: str | None
    said: Hex | None


@dataclass(frozen=True, slots=True)
class AccessRefused:
    """`person`, in `role`, asked to do `action` to `thing` and was refused."""

    person: str
    role: str
    action: str
    thing: str


@dataclass(frozen=True, slots=True)
class SearchMade:
    """`person` searched for a `kind` of thing and was shown `found`; `said` is the commitment to what was searched for."""

    person: str
    role: str
    kind: str
    found: int
    said: Hex | None


@dataclass(frozen=True, slots=True)
class CasesExported:
    """`person`, in `role`, took `found` cases with their parties away as a sheet of this `form` (xlsx or csv); `said` is the
    commitment to the filters that were asked for, null for none.
    """

    person: str
    role: str
    form: str
    found: int
    said: Hex | None


@dataclass(frozen=True, slots=True)
class RegistryChanged:
    """A row of the registry was made or changed and has `version` now. `thing`: an agency by its code; an officer, a recorder, a
    holding, a fault or a proposal by number.

    `what` is created or changed, of a proposal proposed, confirmed, refused or withdrawn; `said` is the commitment to the row
    as it is from here on.
    """

    thing: str
    by: str
    what: str
    version: int
    said: Hex | None


Event = (
    DockStarted
    | RecorderDocked
    | RecorderInventory
    | ClipCollected
    | ClipFailed
    | ClipDerived
    | RecorderClockSet
    | RecorderCleared
    | RecorderUndocked
    | DockHead
    | DockAlarm
    | ArchiveStarted
    | DockEnrolled
    | DockRevoked
    | KeyRotated
    | ClipStored
    | ClipViewed
    | ClipMarked
    | AccountChanged
    | AccessRefused
    | SearchMade
    | CasesExported
    | RegistryChanged
    | CaseOpened
    | CaseChanged
    | CaseStage
    | CaseDocument
    | ClipLinked
    | ClipUnlinked
    | ListApproved
    | CoverageExcused
    | RetentionEvent
    | PublicityEvent
    | ReviewEvent
    | OversightEvent
    | CaseViewed
    | DecisionEvent
)

EVENTS: dict[str, type[Event]] = {
    "dock.started": DockStarted,
    "recorder.docked": RecorderDocked,
    "recorder.inventory": RecorderInventory,
    "clip.collected": ClipCollected,
    "clip.failed": ClipFailed,
    "clip.derived": ClipDerived,
    "recorder.clock_set": RecorderClockSet,
    "recorder.cleared": RecorderCleared,
    "recorder.undocked": RecorderUndocked,
    "dock.head": DockHead,
    "dock.alarm": DockAlarm,
    "archive.started": ArchiveStarted,
    "dock.enrolled": DockEnrolled,
    "dock.revoked": DockRevoked,
    "key.rotated": KeyRotated,
    "clip.stored": ClipStored,
    "clip.viewed": ClipViewed,
    "clip.marked": ClipMarked,
    "account.changed": AccountChanged,
    "access.refused": AccessRefused,
    "search.made": SearchMade,
    "cases.exported": CasesExported,
    "registry.changed": RegistryChanged,
    "case.opened": CaseOpened,
    "case.changed": CaseChanged,
    "case.stage": CaseStage,
    "case.document": CaseDocument,
    "clip.linked": ClipLinked,
    "clip.unlinked": ClipUnlinked,
    "list.approved": ListApproved,
    "coverage.excused": CoverageExcused,
    **RETENTION_EVENTS,
    **PUBLICITY_EVENTS,
    **REVIEW_EVENTS,
    **OVERSIGHT_EVENTS,
    "case.viewed": CaseViewed,
    **DECISION_EVENTS,
}
KINDS: dict[type[Event], str] = {event: kind for kind, event in EVENTS.items()}
OF_A_CLIP: frozenset[type[Event]] = frozenset(
    {ClipCollected, ClipDerived, ClipStored, ClipViewed, ClipMarked, CaseDocument, ClipLinked, ClipUnlinked}
    | {ClipHeld, ClipReleased, ClipDisposed}
)
"""Whose subject is a file, a clip or a case's document; all others have their place in the chain."""
OF_PEOPLE: frozenset[type[Event]] = frozenset(
    {AccountChanged, AccessRefused, SearchMade, CasesExported, RegistryChanged}
)
OF_CASES: frozenset[type[Event]] = frozenset(
    {
        CaseOpened,
        CaseChanged,
        CaseStage,
        CaseDocument,
        ClipLinked,
        ClipUnlinked,
        ListApproved,
        CoverageExcused,
        CaseViewed,
    }
)
OF_THE_ARCHIVE: frozenset[type[Event]] = (
    OF_PEOPLE
    | OF_CASES
    | frozenset((*RETENTION_EVENTS.values(), *PUBLICITY_EVENTS.values(), *DECISION_EVENTS.values()))
    | frozenset((*REVIEW_EVENTS.values(), *OVERSIGHT_EVENTS.values()))
    | {ArchiveStarted, DockEnrolled, DockRevoked, KeyRotated, ClipStored, ClipViewed, ClipMarked}
)
