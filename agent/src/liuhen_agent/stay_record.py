"""What is kept of one stay: its state, its row in the journal, its statements and its line on the screen, always together.

`stay` does the work; here is what it means. Every step goes along `bay.TABLE` and becomes durable before it is shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from liuhen_agent.bay import Signal, State, is_premature, move
from liuhen_agent.clock import ReadClock, write_time
from liuhen_agent.collect.who import Who
from liuhen_agent.journal import Change, Journal, Said, SessionRow, changes, queries
from liuhen_agent.plain_text import MOST_CODE, one_line
from liuhen_agent.progress import Board
from liuhen_agent.recorders.profile import Profile, Transport
from liuhen_agent.unlock import LineFacts
from liuhen_files.journald import tell_about
from liuhen_protocol.events import DockAlarm, Event, RecorderDocked, RecorderUndocked

log = logging.getLogger(__name__)


class StayRecord:
    """Before `opened` there is a state and nothing else."""

    def __init__(
        self, bay: str, journal: Journal, board: Board, read_clock: ReadClock, new_id: Callable[[], str]
    ) -> None:
        self._bay = bay
        self._journal = journal
        self._board = board
        self._read_clock = read_clock
        self._new_id = new_id
        self._session: SessionRow | None = None
        self.state = State.ABSENT

    @property
    def is_open(self) -> bool:
        return self._session is not None

    @property
    def session(self) -> SessionRow:
        assert self._session is not None
        return self._session

    @property
    def id(self) -> str:
        return self.session.id

    async def opened(self, found: Who, profile: Profile | None, transport: Transport, line: LineFacts | None) -> None:
        """Say recorder.docked and open the stay. Without a profile the device is unknown: quarantine."""
        self.state = move(self.state, Signal.KNOWN if profile else Signal.UNKNOWN)
        session = SessionRow(
            id=self._new_id(),
            bay=self._bay,
            recorder=found.serial,
            recorder_key=found.key,
            officer=found.officer or "",
            profile=profile.name if profile else "unknown",
            state=self.state.value,
            quarantined=profile is None,
            plugged=write_time(self._read_clock().time),
            ended=None,
        )
        await self._journal.append(
            RecorderDocked(
                session=session.id,
                bay=self._bay,
                recorder=found.stated,
                profile=session.profile,
                grade=profile.grade if profile else "C",
                transport=transport,
                clock_reading=line.clock_reading if line else None,
                clock_offset_ms=line.clock_offset_ms if line else None,
                battery_percent=line.battery_percent if line else None,
                quarantined=session.quarantined,
            ),
            changes=[changes.SessionOpened(session)],
        )
        self._session = session
        tell_about(recorder=found.serial, session=session.id)
        self._board.show(
            self._bay, state=self.state, recorder=found.serial, officer=found.officer or "", session=session.id
        )

    async def went(self, signal: Signal) -> None:
        """A step that no statement proves."""
        self.state = move(self.state, signal)
        await self._journal.change(self._moved())
        self._board.show(self._bay, state=self.state)

    async def said(self, signal: Signal, events: Sequence[Event], *proved: Change) -> None:
        """A step that these statements prove, together with these changes."""
        self.state = move(self.state, signal)
        await self._journal.append_all([Said(event) for event in events], changes=[*proved, self._moved()])
        self._board.show(self._bay, state=self.state)

    async def doubted(self, code: str, why: str) -> None:
        """What it is turned out to be doubtful: quarantine from now on."""
        self.state = move(self.state, Signal.UNKNOWN)
        self._session = replace(self.session, quarantined=True, state=self.state.value)
        await self._journal.append(DockAlarm(code, one_line(why), self.id), changes=[self._moved()])
        self._board.show(self._bay, code=code)

    async def broke(self, code: str, why: str) -> None:
        """Say what went wrong; the recorder stays as it is."""
        code, why = one_line(code, MOST_CODE), one_line(why)
        self.state = move(self.state, Signal.BROKE)
        await self._journal.append(DockAlarm(code=code, detail=why, session=self.id), changes=[self._moved()])
        self._board.show(self._bay, state=self.state, code=code, note=why)
        log.warning("bay %s: %s: %s", self._bay, code, why)

    async def counted(self) -> None:
        """The screen's counts as the journal has them now."""
        counts = await self._journal.ask(queries.progress, self.id)
        self._board.show(self._bay, collected=counts.collected, failed=counts.failed, receipted=counts.receipted)

    async def left(self) -> None:
        """The device is gone from the bay: say so, once, and whether too early."""
        session, self._session = self._session, None
        if session is not None:
            progress = await self._journal.ask(queries.progress, session.id)
            now = write_time(self._read_clock().time)
            safe = progress.files == progress.receipted
            await close_session(self._journal, session.id, session.recorder, self.state, now, everything_receipted=safe)
        if self.state is not State.ABSENT:
            self.state = move(self.state, Signal.TAKEN)
        self._board.clear(self._bay)
        if self.state is State.PULLED:
            self.state = move(self.state, Signal.VACATED)

    def _moved(self) -> changes.SessionMoved:
        return changes.SessionMoved(self.id, self.state.value)


async def close_session(
    journal: Journal, session: str, recorder: str, state: State, now: str, *, everything_receipted: bool
) -> None:
    """Say recorder.undocked and close the stay: the device is gone, or the dock does not know what happened to it."""
    premature = is_premature(state, everything_receipted=everything_receipted)
    await journal.append(
        RecorderUndocked(session=session, recorder=recorder, premature=premature, state=state.value),
        changes=[changes.SessionMoved(session, state.value, ended=now)],
    )
