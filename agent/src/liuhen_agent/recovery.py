"""What a start finds after the dock was cut off, and puts right before anything else happens.

left over                              what is done
a part in spool/incoming               removed: its recorder still has all of it
a clip in the spool without statement  set aside in quarantine/: its recorder still has it, and it is read and proved anew
a clip that was released               removed: the receipt is here, the power went before the file did
a proxy without statement              removed: it is made again
a stay cut off while it was cleared    cleared again (the wipe helper decides anew), said, and closed
a stay that did not end                closed; premature unless all of it was done: what happened meanwhile is not known

Statements that were not sent and uploads that were not finished need nothing: sync goes on from the journal.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from pathlib import Path

from liuhen_agent.bay import State
from liuhen_agent.clear import call, order
from liuhen_agent.clock import ReadClock, write_time
from liuhen_agent.collect.spool import Spool
from liuhen_agent.journal import ClipState, Journal, Said, SessionRow, changes, queries
from liuhen_agent.stay_record import close_session
from liuhen_files import durable
from liuhen_protocol.digest import is_digest

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recovered:
    """How much was left over."""

    parts: int
    set_aside: int
    released: int
    sessions: int


async def recover(journal: Journal, spool: Spool, read_clock: ReadClock, wipe_socket: Path | None = None) -> Recovered:
    """Put the spool and the journal's stays right. Running it again changes nothing. `wipe_socket`: the wipe helper's unit."""
    parts = list(spool.parts())
    for part in parts:
        await asyncio.to_thread(spool.discard, part)
    set_aside = released = 0
    for sha256 in sorted(spool.digests()):
        clip = await journal.ask(queries.clip, sha256)
        if clip is None or clip.spool != spool.relative(sha256):
            await asyncio.to_thread(spool.set_aside, sha256)
            set_aside += 1
        elif clip.state is ClipState.RELEASED:
            await asyncio.to_thread(spool.remove, sha256)
            released += 1
    await _recover_proxies(journal, spool.folder / "proxies")
    sessions = await journal.ask(queries.open_sessions)
    for session in sessions:
        session = await _finish_clearing(journal, spool.folder, session, wipe_socket)
        progress = await journal.ask(queries.progress, session.id)
        await close_session(
            journal,
            session.id,
            session.recorder,
            State(session.state),
            write_time(read_clock().time),
            everything_receipted=progress.files == progress.receipted,
        )
    return Recovered(len(parts), set_aside, released, len(sessions))


async def _finish_clearing(
    journal: Journal, data_dir: Path, session: SessionRow, wipe_socket: Path | None
) -> SessionRow:
    """A recorder whose clearing was interrupted may lie half written in its bay: it is finished, if the helper allows."""
    if session.state != State.RECEIPTED:
        return session
    try:
        what = await journal.ask(order.read, session.id)
    except order.OrderUnusable:
        return session  # it was never begun
    outcome = await call.clear(journal, data_dir, what, wipe_socket)
    if not outcome.cleared:
        log.warning("stay %s: clearing was interrupted and not finished: %s", session.id, outcome.why)
        return session
    said = [Said(part) for part in call.statements(outcome, session.recorder)]
    await journal.append_all(said, changes=[changes.SessionMoved(session.id, State.READY.value)])
    return replace(session, state=State.READY.value)


async def _recover_proxies(journal: Journal, folder: Path) -> None:
    for path in await asyncio.to_thread(_entries, folder):
        clip = await journal.ask(queries.clip, path.name) if is_digest(path.name) else None
        if clip is None or clip.state is ClipState.RELEASED:
            await asyncio.to_thread(durable.remove, path)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
