"""How far a recorder's clock was off when it was docked, before it was set, and what that makes of the time it wrote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from liuhen_protocol.events import RecorderDocked
from liuhen_protocol.statement import Clock
from liuhen_server.custody.evidence import Clip, Entry
from liuhen_server.web.language import Words

UNVOUCHED = "unsynchronised"
"""The source that a dock's statements name then (docs/spec/statement.md)."""

__all__ = ["ClockTold", "clock_told"]


@dataclass(frozen=True, slots=True)
class ClockTold:
    """`offset` in words; `corrected` is the recorder's own time of the clip moved by it, "" where that is not known."""

    offset: str
    corrected: str


def clock_told(entries: Iterable[Entry], clip: Clip, words: Words) -> ClockTold:
    """From the dock's statement of this stay. The offset holds for the moment of docking; a clock drifts, and nobody says
    how fast.
    """
    for entry in entries:
        if entry.statement is None:
            continue
        event, clock = entry.statement.event, entry.statement.link.clock
        if isinstance(event, RecorderDocked) and event.session == clip.session and event.clock_offset_ms is not None:
            return ClockTold(
                _offset(event.clock_offset_ms, words) + _by(clock, words), _moved(clip, event.clock_offset_ms, words)
            )
    return ClockTold(words("clock.unknown"), "")


def _by(clock: Clock, words: Words) -> str:
    """By which clock it was measured. A dock that nothing vouched for states a day of uncertainty, for want of a figure."""
    if clock.source == UNVOUCHED:
        return words("clock.by_none")
    return words("clock.by", source=words.plain(clock.source), milliseconds=clock.uncertainty_ms)


def _offset(milliseconds: int, words: Words) -> str:
    if milliseconds == 0:
        return words("clock.exact")
    late = "slow" if milliseconds < 0 else "fast"
    return words(f"clock.{late}", seconds=f"{abs(milliseconds) / 1000:,.1f}")


def _moved(clip: Clip, milliseconds: int, words: Words) -> str:
    """The recorder writes its local time without a zone: it is moved and stays without one."""
    try:
        written = datetime.fromisoformat(clip.recorder_time or "")
        moved = written - timedelta(milliseconds=milliseconds)
    except (ValueError, OverflowError):
        return ""
    return words("clock.corrected", time=f"{moved:%Y-%m-%d %H:%M:%S}") if milliseconds else ""
