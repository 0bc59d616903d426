"""From what was read to what is shown: a pure function. Everything in the result is a text or a number ready to show.

The page gets nothing it does not show: where officers' numbers are masked, the whole number never leaves this process.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import tzinfo
from typing import Literal

from liuhen_agent.bay import State
from liuhen_agent.kiosk import words
from liuhen_agent.kiosk.reading import Seen
from liuhen_agent.kiosk.words import Advice, Text
from liuhen_agent.plain_text import one_line
from liuhen_agent.progress import BayView
from liuhen_agent.sync.alarms import HALTING
from liuhen_protocol.errors import Malformed
from liuhen_protocol.moment import parse_time

Officers = Literal["masked", "whole"]
Pair = tuple[str, str]
MOST_NAME = 40


@dataclass(frozen=True)
class Tile:
    """One bay. Texts are (Chinese, English); empty texts are not shown. `percent` None: nothing to measure. `stored`: percent of the
    bytes the archive has, the inner part of the bar."""

    bay: str
    kind: str
    mark: str
    title: Pair
    hold: Pair
    who: Pair
    clips: str
    counted: Pair
    percent: int | None
    stored: int
    left: Pair
    what: Pair
    do: Pair


@dataclass(frozen=True)
class Lamp:
    """One fact of the header. `well` False: it needs attention."""

    well: bool
    said: Pair


@dataclass(frozen=True)
class Screen:
    """The whole page."""

    agency: str
    dock: str
    time: str
    clock: Lamp | None
    archive: Lamp | None
    message: tuple[Pair, Pair] | None  # instead of the tiles
    alarms: tuple[tuple[Pair, Pair], ...]
    tiles: tuple[Tile, ...]
    today: Pair
    sending: Pair


NOTHING: Pair = ("", "")


def screen(seen: Seen, officers: Officers) -> dict[str, object]:
    """What is shown now, as JSON."""
    view = seen.view
    advice = None if view.running and view.bays else words.NO_BAYS if view.running else words.NOT_RUNNING
    empty = {bay.bay for bay in view.bays if bay.state is State.ABSENT}
    refused = {each.bay: each.code for each in view.refused if each.bay in empty}
    elsewhere = [each.code for each in view.refused if each.bay not in empty]
    standing = sorted(seen.kept.alarms, key=lambda code: code not in HALTING) if seen.kept else ()
    codes = dict.fromkeys([*standing, *elsewhere])
    shown = Screen(
        agency=one_line(seen.agency, MOST_NAME),
        dock=one_line(seen.dock, MOST_NAME),
        time=f"{seen.now:%H:%M}",
        clock=_clock(view.clock) if view.running else None,
        archive=_archive(view.archive) if view.running else None,
        message=None if advice is None else _said(advice),
        alarms=tuple(dict.fromkeys(_said(words.advice_of(code)) for code in codes)),
        tiles=()
        if advice
        else tuple(tile(bay, refused.get(bay.bay, ""), officers, seen.now.tzinfo) for bay in view.bays),
        today=_today(seen),
        sending=_sending(seen),
    )
    return asdict(shown)


def _said(advice: Advice) -> tuple[Pair, Pair]:
    return advice.what.pair(), advice.do.pair()


def tile(bay: BayView, refused: str, officers: Officers, zone: tzinfo | None) -> Tile:
    """One bay as its tile. `refused`: code of something in it that is no recorder."""
    look = words.STATES[bay.state]
    advice = _advice(bay, refused)
    kind, mark, title = look.kind, look.mark, look.title
    if bay.state is State.ABSENT and refused:
        kind, mark, title = "attention", "▲", words.advice_of(refused).what
        advice = Advice(Text("", ""), words.advice_of(refused).do)
    reading = bay.state in (State.INVENTORIED, State.COLLECTING) or _quarantine_reading(bay)
    storing = bay.state in (State.COLLECTED, State.RECEIPTED, State.CLEARED)
    percent = _percent(bay, storing) if reading or storing else None
    holds = look.hold or _quarantine_reading(bay)
    held = bool(bay.held_until) and (reading or storing)
    if held and advice is None:
        advice = Advice(words.held_until(bay.held_until), Text("", ""))
    return Tile(
        bay=one_line(bay.bay, MOST_NAME),
        kind=kind,
        mark=mark,
        title=title.pair(),
        hold=words.HOLD.pair() if holds else NOTHING,
        who=_who(bay, officers),
        clips=_clips(bay, storing),
        counted=_counted(bay, storing),
        percent=percent,
        stored=0 if percent is None or not bay.total_bytes else _part(bay.read_bytes - bay.unsent, bay.total_bytes),
        left=_left(bay, zone) if ((reading or storing) and not held) or bay.state is State.READY else NOTHING,
        what=advice.what.pair() if advice else NOTHING,
        do=advice.do.pair() if advice else NOTHING,
    )


def masked(number: str) -> str:
    """An officer's number that its owner knows again and others do not: 2103…27."""
    if len(number) >= 8:
        return f"{number[:4]}…{number[-2:]}"
    return f"{number[:2]}…{number[-2:]}" if len(number) >= 5 else f"…{number[-1:]}"


def _advice(bay: BayView, refused: str) -> Advice | None:
    if bay.state is State.FAILED:
        return words.advice_of(bay.code)
    if bay.state is State.QUARANTINED:
        if _quarantine_reading(bay):
            return words.QUARANTINE_READING
        return words.advice_of(bay.code) if bay.code else words.QUARANTINE_DONE
    return words.PULLED if bay.state is State.PULLED else None


def _quarantine_reading(bay: BayView) -> bool:
    return bay.state is State.QUARANTINED and not bay.done


def _who(bay: BayView, officers: Officers) -> Pair:
    """The officer by number as the agency shows it; without one, the recorder."""
    if officer := one_line(bay.officer, MOST_NAME).strip():
        number = officer if officers == "whole" else masked(officer)
        return f"证号 {number}", f"Officer {number}"
    if recorder := one_line(bay.recorder, MOST_NAME).strip():
        return recorder, recorder
    return NOTHING


def _clips(bay: BayView, storing: bool) -> str:
    if not bay.files or bay.state in (State.ABSENT, State.PULLED):
        return ""
    if bay.state is State.READY:
        return str(bay.receipted)
    return f"{bay.receipted if storing else bay.collected}/{bay.files}"


def _counted(bay: BayView, storing: bool) -> Pair:
    if not _clips(bay, storing):
        return NOTHING
    return ("段已入库", "stored") if storing or bay.state is State.READY else ("段", "clips")


def _percent(bay: BayView, storing: bool) -> int | None:
    if not bay.total_bytes:
        return 99 if storing else None
    done = bay.total_bytes - bay.unsent if storing else bay.read_bytes
    return min(_part(done, bay.total_bytes), 99)  # all of it is said with a word, not with a number


def _part(of: int, whole: int) -> int:
    return max(0, min(100, of * 100 // whole))


def _left(bay: BayView, zone: tzinfo | None) -> Pair:
    if bay.state is State.READY:
        return _at(bay.since, zone)
    return words.WAITS.pair() if bay.seconds_left is None else about(bay.seconds_left)


def _at(since: str, zone: tzinfo | None) -> Pair:
    try:
        text = f"{parse_time(since).astimezone(zone):%H:%M}"
    except (Malformed, OverflowError):
        return NOTHING
    return f"{text} 完成", f"done {text}"


def about(seconds: int) -> Pair:
    """A time nobody can promise to the second: rounded up to minutes, beyond an hour to half hours."""
    if seconds < 60:
        return "不到 1 分钟", "under 1 min"
    minutes = -(-seconds // 60)
    if minutes < 60:
        return f"约 {minutes} 分钟", f"about {minutes} min"
    hours = -(-minutes // 30) / 2
    return f"约 {hours:g} 小时", f"about {hours:g} h"


def _clock(source: str) -> Lamp | None:
    if not source:
        return None
    return Lamp(True, ("时钟已同步", "Clock set")) if source == "ntp" else Lamp(False, ("时钟未同步", "Clock not set"))


def _archive(answered: bool | None) -> Lamp | None:
    if answered is None:
        return None
    return (
        Lamp(True, ("已连接证据库", "Archive online")) if answered else Lamp(False, ("证据库无应答", "Archive offline"))
    )


def _today(seen: Seen) -> Pair:
    if seen.kept is None:
        return "今日统计暂不可用", "Today's figures cannot be read"
    day = seen.kept.today
    if not day.clips:
        return "今日还没有采集", "Nothing collected today"
    receipts = (
        ("全部有回执", "all receipted")
        if day.receipts == day.clips
        else (f"{day.receipts} 段有回执", f"{day.receipts} receipted")
    )
    amount = size(day.bytes)
    return f"今日 {day.clips} 段 · {amount} · {receipts[0]}", f"Today {day.clips} clips · {amount} · {receipts[1]}"


def _sending(seen: Seen) -> Pair:
    waiting = seen.kept.waiting if seen.kept else 0
    if not waiting:
        return ("没有待传", "Nothing waits") if seen.kept else NOTHING
    count = Text(f"待传 {waiting} 段", f"{waiting} waiting")
    if not seen.view.running:
        return count.pair()
    rate, uploads = seen.view.sending, seen.view.uploads
    if not uploads.open:
        parts = [count, words.upload_hours(uploads.begin, uploads.end)]
    else:
        parts = [count] if rate is None else [Text(f"上传 {size(rate)}/s", f"Sending {size(rate)}/s"), count]
        parts += [words.upload_limit(uploads.mbit)] if uploads.mbit else []
    return " · ".join(part.zh for part in parts), " · ".join(part.en for part in parts)


def size(count: int) -> str:
    """Bytes as disks are sold: 86 GB, 1.4 TB."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 999.5 or unit == "TB":
            break
        value /= 1000
    return f"{value:.1f} {unit}" if value < 9.95 and unit in ("GB", "TB") else f"{value:.0f} {unit}"
