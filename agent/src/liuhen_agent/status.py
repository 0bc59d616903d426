"""`liuhen-agent status`: the bays, what waits for the archive and which alarms stand, once or live in a terminal."""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from liuhen_agent.dock import JOURNAL
from liuhen_agent.exits import said_and_left
from liuhen_agent.journal import Alarm, queries, read_only
from liuhen_agent.progress import BayView, DockView, UploadsView, read_status, size, table

WATCH_SECONDS = 1.0
CLIP_WORDS = {
    "spooled": "待上链 not in the log yet",
    "promised": "待上传 to be uploaded",
    "uploaded": "待回执 to be receipted",
    "receipted": "已有回执 receipted",
    "released": "已有回执、本机副本已清 receipted, no copy here",
}
ARCHIVE_WORDS = {
    True: "证据库已连接 archive connected",
    False: "证据库无应答 archive does not answer",
    None: "尚未联系证据库 archive not asked yet",
}


@dataclass(frozen=True)
class Status:
    """What `status` says. Counts of clips by state; `unsent` statements; alarms that stand."""

    bays: list[BayView]
    clips: dict[str, int]
    unsent: int
    alarms: list[Alarm]
    dock: DockView

    def sentence(self) -> str:
        """In lines, Chinese first."""
        clips = "，".join(f"{CLIP_WORDS[state]} {count}" for state, count in self.clips.items() if count) or "0"
        lines = [f"片段 clips: {clips} · 待上链 statements not in the log: {self.unsent}"]
        lines += [alarm_line(alarm) for alarm in self.alarms]
        return "\n".join(lines)

    def running(self) -> str:
        """Whether the dock works, in one line."""
        if not self.dock.running:
            return "采集站未在运行 the dock is not running"
        rate = f" · 上传 sending {size(self.dock.sending)}/s" if self.dock.sending else ""
        clock = (
            "" if self.dock.clock == "ntp" else f" · 时钟未同步 clock not synchronised ({self.dock.clock or 'unknown'})"
        )
        elsewhere = ", ".join(f"{each.code} ({each.where})" for each in self.dock.refused if not each.bay)
        refused = f" · 不在槽位上的设备 at no bay: {elsewhere}" if elsewhere else ""
        pace = uploads_line(self.dock.uploads)
        return f"采集站运行中 the dock is running · {ARCHIVE_WORDS[self.dock.archive]}{rate}{pace}{clock}{refused}"

    def as_json(self) -> str:
        told = asdict(self)
        dock = told.pop("dock")
        return json.dumps({**dock, **told}, ensure_ascii=False)


def uploads_line(uploads: UploadsView) -> str:
    """When and how fast footage goes to the archive, as the end of a line; nothing where it goes at any time and as fast as it can."""
    said = ""
    if uploads.begin:
        said = f" · 上传时段 uploads {uploads.begin}–{uploads.end} ({uploads.zone})"
        said += "" if uploads.open else f"，{uploads.begin} 开始上传 waiting until {uploads.begin}"
    return said + (f" · 限速 at most {uploads.mbit} Mbit/s" if uploads.mbit else "")


def alarm_line(alarm: Alarm) -> str:
    return f"报警 ALARM {alarm.since} {alarm.code}: {alarm.detail}"


def look(data_dir: Path) -> Status:
    """Reads the dock's folder; changes nothing. Raises JournalDamaged."""
    with read_only(data_dir / JOURNAL) as db:
        dock = read_status(data_dir)
        return Status(
            bays=list(dock.bays),
            clips={state.value: count for state, count in queries.clip_counts(db).items()},
            unsent=queries.unsent_count(db),
            alarms=queries.alarms(db),
            dock=dock,
        )


@click.command()
@click.option("--watch", is_flag=True, help="持续显示 Go on showing until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="供程序读取 For programs.")
@click.pass_obj
def status(data_dir: Path, watch: bool, as_json: bool) -> None:
    """显示状态 What each bay does, and what waits for the archive."""
    with said_and_left():
        found = look(data_dir)
        if watch:
            found = _watch(data_dir, found, as_json)
        else:
            _say(found, as_json)
    sys.exit(1 if found.alarms else 0)


def _say(found: Status, as_json: bool) -> None:
    if as_json:
        click.echo(found.as_json())
        return
    Console().print(table(found.bays))
    click.echo(found.running())
    click.echo(found.sentence())


def _watch(data_dir: Path, found: Status, as_json: bool) -> Status:
    """Until Ctrl-C; gives what was seen last. On a terminal one picture that changes, elsewhere one after the other."""
    ended = False

    def end(*_: object) -> None:
        nonlocal ended
        ended = True  # Python drops an exception that comes while it clears something away: then the loop sees this
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, end)
    console = Console()
    live = Live(console=console, auto_refresh=False, screen=True) if console.is_terminal and not as_json else None
    try:
        if live is None:
            while not ended:
                _say(found, as_json)
                time.sleep(WATCH_SECONDS)
                found = look(data_dir)
            return found
        with live:
            while not ended:
                said = Text(f"{found.running()}\n{found.sentence()}")  # Text: an alarm's detail is never markup
                live.update(Group(table(found.bays), said), refresh=True)
                time.sleep(WATCH_SECONDS)
                found = look(data_dir)
    except KeyboardInterrupt:
        pass
    return found
