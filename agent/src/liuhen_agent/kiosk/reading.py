"""What the screen reads: `status.json`, the journal (read-only) and who this dock is. Nothing is written, nothing is kept open."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from liuhen_agent.clock import write_time
from liuhen_agent.identity import store
from liuhen_agent.journal import Day, JournalDamaged, queries, read_only
from liuhen_agent.progress import DockView, read_status

JOURNAL = "journal.db"


@dataclass(frozen=True)
class Kept:
    """What the journal says at one moment: today's originals, clips the archive has not (bytes or receipt), codes of alarms."""

    today: Day
    waiting: int
    alarms: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """Everything the screen shows, as read. `kept` None: there is no journal that can be read now. `dock` and `agency` are empty before
    enrolment."""

    view: DockView
    kept: Kept | None
    dock: str
    agency: str
    now: datetime


@dataclass(frozen=True)
class Folder:
    """A dock's folder. `zone`: the agency's, in which a day begins."""

    data_dir: Path
    zone: ZoneInfo
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def look(self) -> Seen:
        """Never raises for what is missing or damaged: a screen says so."""
        now = self.now()
        dock, agency = self._identity()
        view = read_status(self.data_dir, lambda: now.timestamp())
        return Seen(view, self._kept(now), dock, agency, now.astimezone(self.zone))

    def _identity(self) -> tuple[str, str]:
        try:
            identity = store.load(self.data_dir)
        except store.NotEnrolled:
            return "", ""
        return identity.dock, identity.agency

    def _kept(self, now: datetime) -> Kept | None:
        begins = datetime.combine(now.astimezone(self.zone).date(), time(), self.zone)
        try:
            with read_only(self.data_dir / JOURNAL, for_screens=True) as db:
                queue = queries.queue(db)
                return Kept(
                    today=queries.day(db, write_time(begins.astimezone(UTC))),
                    waiting=queue.clips + queue.awaiting_receipt,
                    alarms=tuple(alarm.code for alarm in queries.alarms(db)),
                )
        except (JournalDamaged, sqlite3.Error):
            return None
