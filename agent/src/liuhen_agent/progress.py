"""What people see of the dock: who is in which bay, what is done, how far, how long. Views are values; the board holds the newest.

The dock writes them to `status.json` about once a second, so that `liuhen-agent status` and the kiosk say the same. It is
for screens only: nothing is decided on it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from liuhen_agent.bay import State
from liuhen_agent.eta import Estimator, Work
from liuhen_agent.journal import Queue

STATUS_FILE = "status.json"
STALE_SECONDS = 10.0
"""A dock that wrote nothing for so long does not run."""
MOST_SENDING = 64
PIECE_GUESS = 1 << 20  # what is taken as sent when an upload is heard of first: it may have been resumed anywhere
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
    """One bay as people see it. Sizes in bytes, rate in bytes per second. `seconds_left` until it is safe to take: None where an honest
    estimate is not possible. `code`: the short word of what went wrong; `done`: nothing more is done with what is in the bay;
    `since`: when the state was reached; `unsent`: bytes read here that the archive has not; `held_until`: footage of it waits for the
    upload hours, which begin then ("22:00", in the dock's zone)."""

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
    code: str = ""
    done: bool = False
    since: str = ""
    unsent: int = 0
    held_until: str = ""


@dataclass(frozen=True)
class RefusedView:
    """Something that is plugged in and is no recorder. `bay` empty: at no bay of this dock. `where`: its port."""

    where: str
    bay: str
    code: str


@dataclass(frozen=True)
class UploadsView:
    """When footage that is not important goes to the archive: from `begin` to `end` ("22:00", in `zone`), empty for the whole day;
    `open`: now. `mbit`: at most so many Mbit/s, 0 for no limit."""

    begin: str = ""
    end: str = ""
    zone: str = ""
    open: bool = True
    mbit: int = 0


@dataclass(frozen=True)
class DockView:
    """The whole dock. `clock`: what vouches for its time, as in statements; `archive`: whether the archive answered last, None when it
    was not asked; `sending`: bytes per second to it, None while not known."""

    bays: tuple[BayView, ...] = ()
    refused: tuple[RefusedView, ...] = ()
    running: bool = True
    clock: str = ""
    archive: bool | None = None
    sending: int | None = None
    uploads: UploadsView = UploadsView()


class Board:
    """The newest view of every bay. `seconds`: a clock that only goes forward; `now`: the time as people are told it."""

    def __init__(
        self,
        bays: Sequence[str],
        seconds: Callable[[], float] = time.monotonic,
        *,
        readers: int = 2,
        now: Callable[[], str] = str,
    ) -> None:
        self._views = {bay: BayView(bay) for bay in bays}
        self._refused: dict[str, RefusedView] = {}
        self._seconds = seconds
        self._now = now
        self._began: dict[str, float] = {}
        self._bytes = dict.fromkeys(bays, 0)
        self._estimator = Estimator(readers)
        self._left: dict[str, int | None] = {}
        self._unsent: dict[str, int] = {}  # by session
        self._flying: dict[str, int] = {}  # digest → bytes of it the connection has taken
        self._sent = 0
        self._archive: bool | None = None
        self._uploads = UploadsView()
        self._held: set[str] = set()  # bays with footage that waits for the upload hours

    def views(self) -> list[BayView]:
        """All bays, with what was read until now."""
        return [self._measured(view) for view in self._views.values()]

    def view(self, bay: str) -> BayView:
        return self._measured(self._views[bay])

    def dock(self, clock: str = "", *, running: bool = True) -> DockView:
        """The whole dock as it stands now."""
        sending = self._estimator.sending
        return DockView(
            bays=tuple(self.views()),
            refused=tuple(self._refused.values()),
            running=running,
            clock=clock,
            archive=self._archive,
            sending=None if sending is None else int(sending),
            uploads=self._uploads,
        )

    def show(self, bay: str, **fields: object) -> None:
        """Change fields of a bay's view."""
        before = self._views[bay]
        after = replace(before, **fields)  # type: ignore[arg-type]
        self._views[bay] = after if after.state is before.state else replace(after, since=self._now())

    def clear(self, bay: str) -> None:
        """The bay is empty."""
        self._views[bay] = BayView(bay)
        self._bytes[bay] = 0
        self._began.pop(bay, None)
        self._left.pop(bay, None)
        self._held.discard(bay)
        self._estimator.forget(bay)

    def refuse(self, where: str, bay: str | None, code: str) -> None:
        """Something that is no recorder was plugged in at a port."""
        self._refused[where] = RefusedView(where, bay or "", code)

    def unrefuse(self, where: str) -> None:
        """It is gone."""
        self._refused.pop(where, None)

    def add_bytes(self, bay: str, count: int) -> None:
        """So many more bytes were read in that bay. From any thread; only one reads a bay."""
        self._began.setdefault(bay, self._seconds())
        self._bytes[bay] += count

    def moved(self, sha256: str, count: int) -> None:
        """The connection to the archive has taken so many bytes of that clip."""
        before = self._flying.pop(sha256, max(count - PIECE_GUESS, 0))
        self._sent += max(count - before, 0)
        self._flying[sha256] = count
        while len(self._flying) > MOST_SENDING:
            self._flying.pop(next(iter(self._flying)))

    def reached(self, answered: bool) -> None:
        """The archive answered, or nobody did."""
        self._archive = answered

    @property
    def sessions(self) -> list[str]:
        """Stays that go on: what to ask the journal's queue about."""
        return [view.session for view in self._views.values() if view.session]

    @property
    def sending(self) -> list[str]:
        """Digests of clips on their way."""
        return list(self._flying)

    def measure(self, queue: Queue, uploads: UploadsView = UploadsView()) -> None:
        """Look at the rates; about once a second. Outside the upload hours nobody says when footage that waits for them, or is not read
        yet, will be in the archive."""
        self._uploads = uploads
        self._held = set()
        self._flying = {sha256: count for sha256, count in self._flying.items() if sha256 in queue.sending}
        flying = sum(self._flying.values())
        works = []
        for view in self._views.values():
            if not view.session or view.done or view.state in NOTHING_LEFT:
                continue
            stay = queue.of_stays.get(view.session)
            self._unsent[view.session] = max(stay.own - flying, 0) if stay else 0
            if stay and stay.ordinary and not uploads.open:
                self._held.add(view.bay)
            works.append(
                Work(
                    bay=view.bay,
                    reading=view.collected + view.failed < view.files,
                    total=view.total_bytes,
                    read=self._bytes[view.bay],
                    ahead=max(stay.ahead - flying, 0) if stay else 0,
                    typical=view.total_bytes // view.files if view.files else 0,
                )
            )
        self._unsent = {session: count for session, count in self._unsent.items() if session in self.sessions}
        self._left = self._estimator.look(self._seconds(), works, max(queue.bytes - flying, 0), self._sent)
        if not uploads.open:
            self._left |= dict.fromkeys([*self._held, *(work.bay for work in works if work.to_read)])

    def _measured(self, view: BayView) -> BayView:
        read = self._bytes[view.bay]
        spent = self._seconds() - self._began.get(view.bay, self._seconds())
        return replace(
            view,
            read_bytes=read,
            rate=int(read / spent) if spent > 0.2 else 0,
            seconds_left=None if view.state in NOTHING_LEFT else self._left.get(view.bay),
            unsent=self._unsent.get(view.session, 0),
            held_until=self._uploads.begin if view.bay in self._held else "",
        )


NOTHING_LEFT = frozenset({State.ABSENT, State.READY, State.FAILED, State.PULLED})


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
    if view.held_until:
        parts.append(f"{view.held_until} 开始上传 sent from then on")
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
        (f"{view.held_until} 起\nfrom" if view.held_until else _left(view)) + rate,
    )


def _left(view: BayView) -> str:
    return "" if view.seconds_left is None else duration(view.seconds_left)


def write_status(folder: Path, dock: DockView) -> None:
    """For other programs: replaced at once, not forced to the disk (it is worth nothing after a restart)."""
    temporary = folder / f".{STATUS_FILE}.tmp"
    temporary.write_text(json.dumps(asdict(dock), ensure_ascii=False), "utf-8")
    temporary.replace(folder / STATUS_FILE)


def read_status(folder: Path, now: Callable[[], float] = time.time) -> DockView:
    """What the dock wrote last. `running` is False when it said good-bye, wrote nothing for a while, or never ran."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        path = folder / STATUS_FILE
        written = path.stat().st_mtime
        content = json.loads(path.read_text("utf-8"))
        content["bays"] = tuple(BayView(**{**fields, "state": State(fields["state"])}) for fields in content["bays"])
        content["uploads"] = UploadsView(**content["uploads"])
        content["refused"] = tuple(RefusedView(**fields) for fields in content["refused"])
        found = DockView(**content)
        return replace(found, running=found.running and abs(now() - written) < STALE_SECONDS)
    return DockView(running=False)


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
