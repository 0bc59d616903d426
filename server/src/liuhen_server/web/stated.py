"""What a statement says, told in one line for the timelines of custody and of a stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from liuhen_protocol.case_events import ClipLinked, ClipUnlinked
from liuhen_protocol.events import (
    ClipCollected,
    ClipDerived,
    ClipFailed,
    ClipMarked,
    ClipStored,
    ClipViewed,
    DockAlarm,
    Event,
    RecorderCleared,
    RecorderClockSet,
    RecorderDocked,
    RecorderInventory,
    RecorderUndocked,
)
from liuhen_protocol.retention_events import ClipDisposed, ClipHeld, DisposalApproved, DisposalDrawn
from liuhen_server.custody.evidence import Entry
from liuhen_server.custody.marks import clock_of
from liuhen_server.web.language import Words

__all__ = ["Told", "people_in", "told"]


@dataclass(frozen=True, slots=True)
class Told:
    """`time` None: the entry's bytes are no statement any more."""

    index: int
    kind: str
    time: str | None
    source: str
    title: str
    detail: str


def told(entry: Entry, words: Words, known: Mapping[str, str] = MappingProxyType({})) -> Told:
    """`known`: who is behind the log's numbers (person-7, case-31), as far as the reader may know it; it stands beside the number."""
    statement = entry.statement
    if statement is None:
        return Told(entry.index, "", None, "", words("event.damaged"), words("event.damaged.detail"))
    return Told(
        index=entry.index,
        kind=statement.kind,
        time=statement.link.time,
        source=statement.link.source,
        title=words.known(f"event.{statement.kind}", statement.kind),
        detail=_detail(
            statement.event, words, lambda number: f"{number} {known[number]}" if number in known else number
        ),
    )


def people_in(entries: Iterable[Entry]) -> frozenset[str]:
    """The log's numbers of the people who did what these statements say."""
    found = (entry.statement.event for entry in entries if entry.statement is not None)
    return frozenset(
        event.viewer if isinstance(event, ClipViewed) else event.by
        for event in found
        if isinstance(
            event, ClipViewed | ClipMarked | ClipLinked | ClipUnlinked | ClipHeld | DisposalDrawn | DisposalApproved
        )
    )


def _detail(event: Event, words: Words, whose: Callable[[str], str]) -> str:
    match event:
        case RecorderDocked():
            officer = event.recorder.officer or words("unassigned")
            return words(
                "event.recorder.docked.detail",
                recorder=words.plain(event.recorder.serial),
                officer=words.plain(officer),
                bay=event.bay,
            )
        case ClipCollected():
            return words(
                "event.clip.collected.detail", path=words.plain(event.path), size=words.size(event.size), bay=event.bay
            )
        case ClipDerived():
            recipe = words.known(f"recipe.{event.recipe}", event.recipe)
            return words(
                "event.clip.derived.detail", recipe=recipe, size=words.size(event.size), tool=words.plain(event.tool)
            )
        case ClipStored():
            kind = words.known(f"kind.{event.kind}", event.kind)
            return words("event.clip.stored.detail", kind=kind, time=words.time(event.read_back), store=event.store)
        case ClipViewed():
            how = words.known(f"how.{event.how}", event.how)
            roles = words("list.and").join(words.known(f"role.{role}", role) for role in event.role.split())
            return words("event.clip.viewed.detail", viewer=whose(event.viewer), role=roles, how=how)
        case ClipMarked():
            kind = words.known(f"mark.kind.{event.kind}", event.kind)
            place = words("mark.whole") if event.at_ms is None else clock_of(event.at_ms)
            return words("event.clip.marked.detail", kind=kind, place=place, by=whose(event.by))
        case ClipLinked():
            return words("event.clip.linked.detail", case=whose(event.case), by=whose(event.by))
        case ClipUnlinked():
            return words("event.clip.unlinked.detail", case=whose(event.case), by=whose(event.by))
        case ClipHeld():
            return words("event.clip.held.detail", hold=event.hold, by=whose(event.by))
        case DisposalDrawn() | DisposalApproved():
            return words("event.disposal.drawn.detail", list=event.list, by=whose(event.by))
        case ClipDisposed():
            first, second = whose(event.first), whose(event.second)
            return words("event.clip.disposed.detail", list=event.list, first=first, second=second, term=event.term)
        case RecorderCleared():
            return words(
                "event.recorder.cleared.detail", recorder=words.plain(event.recorder), count=len(event.receipts)
            )
        case RecorderClockSet():
            seconds = f"{abs(event.offset_ms) / 1000:.1f}"
            late = "slow" if event.offset_ms < 0 else "fast"
            return words(f"event.recorder.clock_set.{late}", recorder=words.plain(event.recorder), seconds=seconds)
        case RecorderUndocked():
            early = "premature" if event.premature else "orderly"
            return words(f"event.recorder.undocked.{early}", recorder=words.plain(event.recorder))
        case RecorderInventory():
            return words("event.recorder.inventory.detail", part=event.part, parts=event.parts, count=len(event.files))
        case ClipFailed():
            return words("event.clip.failed.detail", path=words.plain(event.path), reason=words.reason(event.reason))
        case DockAlarm():
            return words("event.dock.alarm.detail", code=words.reason(event.code))
        case _:
            return ""
