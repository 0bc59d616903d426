"""What people see of the bays: who, what, how far, how long. Views are values; the board holds the newest of each bay.

The dock writes them to `status.json` about once a second, so that `liuhen-agent status` and the kiosk say the same. It is
for screens only: nothing is decided on it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from liuhen_agent.bay import State

STATUS_FILE = "status.json"
WORDS = {
    State.ABSENT: ("空", "empty"),
    State.IDENTIFIED: ("已识别", "identified"),
    State.UNLOCKED: ("已解锁", "unlocked"),
    State.MOUNTED: ("可读取", "readable"),
    State.INVENTORIED: ("已清点", "listed"),
    State.COLLECTING: ("采集中，请勿拔出", "collecting, do not take"),
    State.COLLECTED: ("已采集，待回执，请勿拔出", "collected, waiting for receipts, do not take"),
    State.RECEIPTED: ("已入库，清空中，请勿拔出", "in the archive, clearing, do not take"),
    State.CLEARED: ("已清空", "cleared"),
    State.READY: ("可以取走", "safe to take"),
    State.PULLED: ("提前拔出", "taken too early"),
    State.FAILED: ("出错，记录仪未清空", "failed, recorder not cleared"),
    State.QUARANTINED: ("未知设备，只读隔离", "unknown device, read only"),
}


@dataclass(frozen=True)
class BayView:
    """One bay as people see it. Sizes in bytes, rate in bytes per second."""

    bay: str
    state: State = State.ABSENT
    recorder: str = ""
    officer: str = ""
    session: str = ""
    files: int = 0
    collected: int = 0
    failed: int = 0
    receipted: int = 0
    total_bytes: int = 0
    read_bytes: int = 0
    rate: int = 0
    seconds_left: int | None = None
    note: str = ""


class Board:
    """The newest view of every bay. `seconds`: a clock that only goes forward."""

    def __init__(self, bays: Sequence[str], seconds: Callable[[], float] = time.monotonic) -> None:
        self._views = {bay: BayView(bay) for bay in bays}
        self._seconds = seconds
        self._began: dict[str, float] = {}
        self._bytes = dict.fromkeys(bays, 0)

    def views(self) -> list[BayView]:
        """All bays, with what was read until now."""
        return [self._measured(view) for view in self._views.values()]

    def view(self, bay: str) -> BayView:
        return self._measured(self._views[bay])

    def show(self, bay: str, **fields: object) -> None:
        """Change fields of a bay's view."""
        self._views[bay] = replace(self._views[bay], **fields)  # type: ignore[arg-type]

    def clear(self, bay: str) -> None:
        """The bay is empty."""
        self._views[bay] = BayView(bay)
        self._bytes[bay] = 0
        self._began.pop(bay, None)

    def add_bytes(self, bay: str, count: int) -> None:
        """So many more bytes were read in that bay. From any thread; only one reads a bay."""
        self._began.setdefault(bay, self._seconds())
        self._bytes[bay] += count

    def _measured(self, view: BayView) -> BayView:
        read = self._bytes[view.bay]
        spent = self._seconds() - self._began.get(view.bay, self._seconds())
        rate = int(read / spent) if spent > 0.2 else 0
        left = max(view.total_bytes - read, 0)
        reading = view.state in (State.COLLECTING, State.QUARANTINED) and rate > 0 and left > 0
        return replace(view, read_bytes=read, rate=rate, seconds_left=left // rate if reading else None)


def sentence(view: BayView) -> str:
    """A bay in one line, Chinese first."""
    chinese, english = WORDS[view.state]
    parts = [f"槽位 bay {view.bay}: {chinese} {english}"]
    if view.recorder or view.officer:
        parts.append(f"记录仪 {view.recorder or '—'} 执法人员 {view.officer or '—'}")
    if view.files:
        parts.append(f"文件 {view.collected}/{view.files} 回执 {view.receipted} {size(view.read_bytes)}")
    if view.failed:
        parts.append(f"读取失败 failed {view.failed}")
    if view.rate and view.state is State.COLLECTING:
        parts.append(f"{size(view.rate)}/s")
    if view.seconds_left is not None:
        parts.append(f"剩余 left {duration(view.seconds_left)}")
    if view.note:
        parts.append(view.note)
    return " · ".join(parts)


def table(views: Sequence[BayView]) -> Table:
    """All bays for a terminal of 80 columns or more: two lines a bay, nothing cut off."""
    found = Table(title="采集站 Dock", title_justify="left", box=box.HORIZONTALS, padding=0)
    found.add_column("槽位\nbay", no_wrap=True)
    found.add_column("状态\nstate", overflow="fold", min_width=20)
    found.add_column("记录仪\nrecorder", overflow="fold", min_width=8)
    for heading in ("文件\nfiles", "回执\nreceipts", "已读\nread", "剩余\nleft"):
        found.add_column(heading, justify="right", no_wrap=True)
    for view in views:
        chinese, english = WORDS[view.state]
        found.add_row(
            view.bay,  # what recorders say goes in as Text: never markup
            Text(f"{chinese}\n{english}" + (f"\n{view.note}" if view.note else "")),
            Text("\n".join(filter(None, (view.recorder, view.officer)))),
            *_counted(view),
        )
    return found


def _counted(view: BayView) -> tuple[str, str, str, str]:
    """Files, receipts, bytes and time of a bay; an empty bay has none of them."""
    if view.state is State.ABSENT:
        return "", "", "", ""
    rate = f"\n{size(view.rate)}/s" if view.rate and view.state is State.COLLECTING else ""
    return (
        f"{view.collected}/{view.files}" + (f"\n{view.failed} ✗" if view.failed else ""),
        f"{view.receipted}/{view.files}",
        f"{size(view.read_bytes)}\n/ {size(view.total_bytes)}",
        ("" if view.seconds_left is None else duration(view.seconds_left)) + rate,
    )


def write_status(folder: Path, views: Sequence[BayView]) -> None:
    """For other programs: replaced at once, not forced to the disk (it is worth nothing after a restart)."""
    temporary = folder / f".{STATUS_FILE}.tmp"
    temporary.write_text(json.dumps([asdict(view) for view in views], ensure_ascii=False), "utf-8")
    temporary.replace(folder / STATUS_FILE)


def read_status(folder: Path) -> list[BayView]:
    """What the dock wrote last; nothing if it never ran."""
    try:
        content = json.loads((folder / STATUS_FILE).read_text("utf-8"))
        return [BayView(**{**fields, "state": State(fields["state"])}) for fields in content]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def size(count: int) -> str:
    """Bytes for people: 1.5 GiB."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def duration(seconds: int) -> str:
    """Seconds for people: 3 min 20 s."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
