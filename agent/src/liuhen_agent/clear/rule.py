"""Whether a recorder may be cleared: a pure rule over what the journal says, what lies on the recorder now, and the receipts.

All of these must hold; the first that does not is the reason given:
   1. its profile names a way of clearing                       never
   2. it is a known recorder                                    quarantined
   3. its stay goes on and stands at "receipted"                not-receipted
   4. no alarm stands that makes the archive unbelievable       halted
   5. every file of the inventory was collected, as it was listed   not-collected
   6. and has a receipt                                         no-receipt
   7. that holds here and now, for the digest this dock computed    receipt-does-not-hold
   8. everything said of the stay is in the log: that it came, its whole inventory, each clip   not-logged
   9. the recorder could be listed again, whole                 listing-incomplete
  10. and shows no file, size or time the inventory has not     new-or-changed
Files that are gone from the recorder do not matter: an interrupted clearing is repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from liuhen_agent.bay import State
from liuhen_agent.journal import ClipKind, ClipRow, FileRow, FileState, SessionRow, Stated
from liuhen_agent.sync.alarms import HALTING
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.events import KINDS, RecorderDocked, RecorderInventory


class Method(StrEnum):
    """How a recorder's profile says it is cleared."""

    NEVER = "never"
    DELETE = "delete"  # the receipted files, one by one
    FORMAT = "format"  # a fresh file system of the same kind, label, id and cluster size


@dataclass(frozen=True)
class Found:
    """One file as it lies on the recorder now. `raw`: its path's own bytes; `modified` as the recorder's listing writes it."""

    raw: bytes
    size: int
    modified: str | None


@dataclass(frozen=True)
class Evidence:
    """One file of the inventory with what the journal holds of it."""

    file: FileRow
    clip: ClipRow | None
    receipt: bytes | None


@dataclass(frozen=True)
class Proved:
    """A file that may go: its receipt is the log's entry `index` for its bytes."""

    raw: bytes
    path: str
    size: int
    modified: str | None
    sha256: str
    index: int


@dataclass(frozen=True)
class Clear:
    """The recorder may be cleared of exactly these files."""

    files: tuple[Proved, ...]


@dataclass(frozen=True)
class Refuse:
    """It may not. `code` as in the table above; `why` says which file or which rule, for people."""

    code: str
    why: str


CheckReceipt = Callable[[bytes, ClipRow], int]
"""Checks a receipt against the dock's policy; gives its index in the log. Raises Malformed, Refused."""


def may_clear(
    session: SessionRow,
    method: Method,
    evidence: Sequence[Evidence],
    stated: Sequence[Stated],
    found: Sequence[Found],
    problems: Sequence[str],
    alarms: Collection[str],
    check_receipt: CheckReceipt,
) -> Clear | Refuse:
    """The table above. `stated`: all that was said of the stay. `alarms`: codes of those that stand. `problems`: what could not be
    read when the recorder was listed."""
    if method is Method.NEVER:
        return Refuse("never", f"the profile {session.profile} says that this recorder is never cleared")
    if session.quarantined:
        return Refuse("quarantined", f"bay {session.bay}: the device is unknown; it is read and never written")
    if session.ended is not None or session.state != State.RECEIPTED:
        return Refuse("not-receipted", f"the stay {session.id} stands at {session.state}, not at {State.RECEIPTED}")
    halting = sorted(HALTING.intersection(alarms))
    if halting:
        return Refuse("halted", f"the archive cannot be believed while this alarm stands: {', '.join(halting)}")
    proved: list[Proved] = []
    for one in evidence:
        judged = _judge(one, check_receipt)
        if isinstance(judged, Refuse):
            return judged
        proved.append(judged)
    if missing := _not_logged(stated, len(evidence)):
        return Refuse("not-logged", f"the stay {session.id}: {missing}")
    if problems:
        return Refuse("listing-incomplete", f"the recorder could not be listed whole: {'; '.join(problems[:5])}")
    known = Counter((one.raw, one.size, one.modified) for one in proved)
    for entry, count in Counter((one.raw, one.size, one.modified) for one in found).items():
        if count > known[entry]:
            return Refuse(
                "new-or-changed",
                f"{entry[0]!r} ({entry[1]} bytes, {entry[2]}) lies on the recorder and is not in the inventory that was collected",
            )
    return Clear(tuple(proved))


def _not_logged(stated: Sequence[Stated], files: int) -> str:
    """What of a stay is not in the archive's log; empty when all is there that must be."""
    waiting = min((one for one in stated if one.log_index is None), key=lambda one: one.seq, default=None)
    if waiting is not None:
        return f"statement {waiting.seq} ({KINDS[type(waiting.event)]}) is not in the archive's log yet"
    if not any(isinstance(one.event, RecorderDocked) for one in stated):
        return "no statement says that this recorder was docked"
    inventory = {one.event.part: one.event for one in stated if isinstance(one.event, RecorderInventory)}
    if {part.parts for part in inventory.values()} != {len(inventory)}:
        return "its inventory is not said in full"
    listed = sum(len(part.files) for part in inventory.values())
    return "" if listed == files else f"its inventory names {listed} files and the journal has {files}"


def _judge(one: Evidence, check_receipt: CheckReceipt) -> Proved | Refuse:
    file, clip = one.file, one.clip
    if file.state is not FileState.COLLECTED or clip is None or file.sha256 is None:
        return Refuse("not-collected", f"{file.path} was not collected ({file.failure or file.state.value})")
    if clip.sha256 != file.sha256 or clip.size != file.size:
        return Refuse("not-collected", f"{file.path}: listed with {file.size} bytes, collected were {clip.size}")
    if one.receipt is None:
        return Refuse("no-receipt", f"{file.path} ({file.sha256}): the archive gave no receipt yet")
    if clip.kind is not ClipKind.ORIGINAL:
        return Refuse("receipt-does-not-hold", f"{file.path}: what the journal holds is a derivative, not the original")
    try:
        index = check_receipt(one.receipt, clip)
    except (Refused, Malformed) as error:
        code = error.code if isinstance(error, Refused) else "malformed"
        return Refuse("receipt-does-not-hold", f"{file.path} ({file.sha256}): {code}: {error}")
    return Proved(file.raw, file.path, file.size, file.modified, file.sha256, index)
