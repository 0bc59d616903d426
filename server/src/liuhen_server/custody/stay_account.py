"""The account of one stay: what lay on the recorder, what became of every file, and what is missing. Pure, over the dock's statements.

Every file of the inventory gets exactly one fate. A file that was collected before, from this recorder under this name, gets no second
statement of the dock: its clip is found among the earlier ones by name and size, and the page says that it is those two only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from liuhen_protocol.events import (
    ClipCollected,
    ClipFailed,
    DeletedFile,
    DockAlarm,
    InventoryFile,
    NumberingGap,
    RecorderCleared,
    RecorderClockSet,
    RecorderDocked,
    RecorderInventory,
    RecorderUndocked,
)
from liuhen_server.custody.evidence import Entry

__all__ = ["Account", "Fate", "FileFate", "account"]


class Fate(StrEnum):
    """In the order in which a reader needs to see them."""

    FAILED = "failed"  # it could not be read
    NOT_READ = "not_read"  # the recorder left before it was read
    UNLISTED = "unlisted"  # collected, and not in the inventory
    WAITING = "waiting"  # the stay goes on
    COLLECTED = "collected"
    EARLIER = "earlier"  # collected in an earlier stay, as far as name and size tell


@dataclass(frozen=True, slots=True)
class FileFate:
    """One file and what became of it. `sha256` of its clip; `reason` and `detail` of a failure, as the dock stated them."""

    file: InventoryFile
    fate: Fate
    sha256: str | None = None
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Account:
    """`parts`: how many statements of the inventory are here, and of how many. `said`: the stay's other statements, in their order."""

    docked: RecorderDocked
    files: tuple[FileFate, ...] = ()
    gaps: tuple[NumberingGap, ...] = ()
    deleted: tuple[DeletedFile, ...] = ()
    deleted_seen: int = 0
    problems: tuple[str, ...] = ()
    alarms: tuple[DockAlarm, ...] = ()
    total_bytes: int = 0
    free_bytes: int | None = None
    unowned_bytes: int | None = None
    parts: tuple[int, int | None] = (0, None)
    clock_set: RecorderClockSet | None = None
    cleared: int = 0
    method: str = ""
    undocked: RecorderUndocked | None = None
    said: tuple[Entry, ...] = field(default=())

    def count(self, fate: Fate) -> int:
        return sum(each.fate is fate for each in self.files)

    @property
    def whole(self) -> bool:
        """All statements of the inventory are in the log."""
        return self.parts[1] is not None and self.parts[0] == self.parts[1]


Earlier = Callable[[InventoryFile], str | None]
"""The SHA-256 of a clip collected from this recorder before this stay, of this name and size; None: there is none."""


def account(entries: Iterable[Entry], session: str, earlier: Earlier) -> Account | None:
    """From the dock's entries, in the order of its chain, of this and other stays. None: the stay's beginning is not among them."""
    own = [entry for entry in entries if _session(entry) == session]
    events = [entry.statement.event for entry in own if entry.statement is not None]
    docked = next((event for event in events if isinstance(event, RecorderDocked)), None)
    if docked is None:
        return None
    inventory = [event for event in events if isinstance(event, RecorderInventory)]
    cleared = [event for event in events if isinstance(event, RecorderCleared)]
    undocked = next((event for event in events if isinstance(event, RecorderUndocked)), None)
    listed = [file for part in inventory for file in part.files]
    return Account(
        docked=docked,
        files=tuple(_fates(listed, _collected(own), events, undocked is not None, earlier)),
        gaps=tuple(gap for part in inventory for gap in part.gaps),
        deleted=tuple(deleted for part in inventory for deleted in part.deleted),
        deleted_seen=sum(part.deleted_seen for part in inventory),
        problems=tuple(problem for part in inventory for problem in part.problems),
        alarms=tuple(event for event in events if isinstance(event, DockAlarm)),
        total_bytes=max((part.total_bytes for part in inventory), default=0),
        free_bytes=max((part.free_bytes for part in inventory), default=None),
        unowned_bytes=max((part.unowned_bytes for part in inventory if part.unowned_bytes is not None), default=None),
        parts=(len({part.part for part in inventory}), inventory[-1].parts if inventory else None),
        clock_set=next((event for event in events if isinstance(event, RecorderClockSet)), None),
        cleared=sum(len(event.receipts) for event in cleared),
        method=cleared[-1].method if cleared else "",
        undocked=undocked,
        said=tuple(e for e in own if e.statement is not None and not isinstance(e.statement.event, ClipCollected)),
    )


def _collected(entries: Sequence[Entry]) -> list[tuple[ClipCollected, str]]:
    """Each with the SHA-256 of its clip."""
    return [
        (entry.statement.event, entry.statement.subject.sha256)
        for entry in entries
        if entry.statement is not None and isinstance(entry.statement.event, ClipCollected)
    ]


def _fates(
    listed: Sequence[InventoryFile],
    collected: Sequence[tuple[ClipCollected, str]],
    events: Sequence[object],
    ended: bool,
    earlier: Earlier,
) -> list[FileFate]:
    taken: defaultdict[tuple[str, str | None], list[tuple[ClipCollected, str]]] = defaultdict(list)
    for event, sha256 in collected:
        taken[event.path, event.raw].append((event, sha256))
    failed = {(event.path, event.raw): event for event in events if isinstance(event, ClipFailed)}
    found = []
    for file in listed:
        here = taken[file.path, file.raw]
        failure = failed.get((file.path, file.raw))
        if here:
            found.append(FileFate(file, Fate.COLLECTED, here.pop(0)[1]))
        elif failure is not None:
            found.append(FileFate(file, Fate.FAILED, None, failure.reason, failure.detail))
        elif (before := earlier(file)) is not None:
            found.append(FileFate(file, Fate.EARLIER, before))
        else:
            found.append(FileFate(file, Fate.NOT_READ if ended else Fate.WAITING))
    for rest in taken.values():
        for event, sha256 in rest:
            file = InventoryFile(event.path, event.raw, event.size, event.modified, "clip", event.important)
            found.append(FileFate(file, Fate.UNLISTED, sha256))
    order = list(Fate)
    return sorted(found, key=lambda each: order.index(each.fate))


def _session(entry: Entry) -> str | None:
    return getattr(entry.statement.event, "session", None) if entry.statement is not None else None
