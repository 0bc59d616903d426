"""What the journal remembers, as values: one frozen dataclass per table.

Times are statement times ("2026-11-22T10:00:00.123Z", UTC). Sizes are bytes. Digests are lower-case hex.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from liuhen_protocol.events import Event


class FileState(StrEnum):
    """How far one file of a recorder's inventory has come."""

    LISTED = "listed"  # seen, not yet read
    COLLECTED = "collected"  # its bytes are in the spool under their digest, and a statement says so
    FAILED = "failed"  # could not be read; a statement says so; the recorder is not cleared


class ClipKind(StrEnum):
    """Whether bytes are evidence as it lay on a recorder, or were made from it."""

    ORIGINAL = "original"
    DERIVATIVE = "derivative"


class ClipState(StrEnum):
    """How far the bytes of one clip have come on their way to the archive. Only ever forwards, except that an upload
    the archive rejects goes back from uploaded to promised, and a clip it lost from receipted to promised."""

    SPOOLED = "spooled"  # durable here, its statement is in the journal
    PROMISED = "promised"  # the archive has logged that statement: it knows what will come
    UPLOADED = "uploaded"  # the archive took all bytes and read them back
    RECEIPTED = "receipted"  # a receipt is here and was checked against the policy
    RELEASED = "released"  # the spool copy was removed after its term


@dataclass(frozen=True)
class EnvelopeRow:
    """One statement of this dock's chain. `data` is exactly what goes to the archive."""

    seq: int
    data: bytes
    hash: str
    kind: str
    time: str
    log_index: int | None
    refused: str | None  # the archive's code and sentence, if it refused this entry


@dataclass(frozen=True)
class Stated:
    """What statement `seq` says; `log_index` is None while the archive has not logged it."""

    seq: int
    event: Event
    log_index: int | None


@dataclass(frozen=True)
class SessionRow:
    """One stay of one recorder in one bay, from plugged to ended."""

    id: str
    bay: str
    recorder: str  # serial as the recorder says it; may be all zeros or empty (unassigned)
    recorder_key: str  # what tells this recorder from others when the serial cannot
    officer: str
    profile: str
    state: str  # a bay.State
    quarantined: bool
    plugged: str
    ended: str | None


@dataclass(frozen=True)
class FileRow:
    """One file of a session's inventory. `path` is for people; `raw` is the name's own bytes on the recorder."""

    session: str
    number: int  # place in the inventory, from 0
    path: str
    raw: bytes
    size: int
    modified: str | None
    kind: str
    important: bool
    state: FileState
    sha256: str | None
    failure: str | None


@dataclass(frozen=True)
class ClipRow:
    """The bytes of one clip, known by their digest."""

    sha256: str
    size: int
    chunk_root: str
    sm3: str | None
    name: str
    recorder: str
    kind: ClipKind
    original: str | None  # for a derivative: the clip it was made from
    role: str | None  # for a derivative: "proxy" or "track"
    collected_seq: int  # the statement of this dock that promises these bytes
    spool: str  # path relative to the dock's folder
    important: bool
    state: ClipState
    upload_url: str | None
    receipted: str | None  # when the receipt was checked


@dataclass(frozen=True)
class Alarm:
    """Something a person must know. Raised alarms stay until cleared."""

    code: str
    detail: str
    since: str


@dataclass(frozen=True)
class Progress:
    """Counts of a session, for screens and for the decision to clear."""

    files: int
    collected: int
    failed: int
    receipted: int  # files whose bytes have a checked receipt
    total_bytes: int
    collected_bytes: int


@dataclass(frozen=True)
class ToSend:
    """Bytes of one stay that are read and not sent whole; `ahead`: all that is sent before the last of them is, itself included;
    `ordinary`: those of its own that are not important, which go in the upload hours alone."""

    own: int
    ahead: int
    ordinary: int = 0


@dataclass(frozen=True)
class Queue:
    """What waits for the archive, for screens: originals whose bytes it has not, and originals it has whose receipt is not here.
    `sending`: which of the digests asked about are still being sent."""

    clips: int
    bytes: int
    awaiting_receipt: int
    of_stays: dict[str, ToSend]
    sending: frozenset[str]


@dataclass(frozen=True)
class Day:
    """What one day brought: originals, their bytes, and how many of them have a checked receipt."""

    clips: int
    bytes: int
    receipts: int
