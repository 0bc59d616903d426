"""The one row that says what this log has signed and published, who may sign now, and whether the log has stopped.

The lease keeps two archive processes from working at the same time; what keeps them from forking the log is the
compare-and-swap, which fails when the lease or the signed state is not the one the sequencer began with.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, or_, select, update

from liuhen_protocol.checkpoint import Checkpoint
from liuhen_protocol.moment import format_time
from liuhen_server.database import Connection, Database
from liuhen_server.database.schema import checkpoints, entries, log_state, sequencer_state, witness_sizes

LEASE = timedelta(seconds=30)
FARTHEST_LEASE = 10 * LEASE
"""A lease that ends later than this was dated by a clock that ran ahead: nobody waits for it."""

_ROW = sequencer_state.c.id == 1


class LogStopped(Exception):
    """The log cannot go on without denying what it said. `code` names the case, `why` says what was seen and what to
    do.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{why} [{code}]")
        self.code, self.why = code, why


@dataclass(frozen=True, slots=True)
class SignedState:
    """`staged` names the folder below staging/ with the tiles of the signed size. Notes are empty before the first."""

    signed_size: int
    signed_root: bytes
    signed_note: bytes
    staged: str | None
    published_size: int
    published_note: bytes
    next_index: int
    entries_end: int  # one more than the largest index that stands in the database
    lease_holder: str | None
    lease_until: str | None
    alarm: LogStopped | None


async def read(conn: Connection) -> SignedState:
    """One statement, so that it is one moment even where transactions see each other's commits."""
    end = select(func.coalesce(func.max(entries.c.log_index) + 1, 0)).scalar_subquery()
    query = (
        select(sequencer_state, log_state.c.next_index, end.label("entries_end"))
        .join(log_state, log_state.c.id == sequencer_state.c.id)
        .where(_ROW)
    )
    row = (await conn.execute(query)).mappings().one()
    return SignedState(
        signed_size=row["signed_size"],
        signed_root=bytes.fromhex(row["signed_root"]),
        signed_note=row["signed_note"],
        staged=row["staged"],
        published_size=row["published_size"],
        published_note=row["published_note"],
        next_index=row["next_index"],
        entries_end=row["entries_end"],
        lease_holder=row["lease_holder"],
        lease_until=row["lease_until"],
        alarm=None if row["alarm_code"] is None else LogStopped(row["alarm_code"], row["alarm_why"]),
    )


async def take_lease(conn: Connection, holder: str, now: datetime, dead: str | None = None) -> bool:
    """Takes or prolongs the lease; False while another process holds it. `dead`: a holder known to be no more."""
    free = or_(
        sequencer_state.c.lease_holder.is_(None),
        sequencer_state.c.lease_holder == holder,
        sequencer_state.c.lease_holder == (dead or holder),
        sequencer_state.c.lease_until < format_time(now),
        sequencer_state.c.lease_until > format_time(now + FARTHEST_LEASE),
    )
    taken = await conn.execute(
        update(sequencer_state)
        .where(_ROW, free)
        .values(lease_holder=holder, lease_until=format_time(now + LEASE))
        .returning(sequencer_state.c.id)
    )
    return taken.scalar() is not None


async def leads(conn: Connection, holder: str) -> bool:
    """Whether `holder` has the lease; where it has, nobody takes it before this transaction ends.

    Asked before each step that would undo another process's newer work: a process can stand still for longer than its
    lease between any two instructions.
    """
    mine = select(sequencer_state.c.id).where(_ROW, sequencer_state.c.lease_holder == holder).with_for_update()
    return (await conn.execute(mine)).scalar() is not None


async def give_up_lease(conn: Connection, holder: str) -> None:
    await conn.execute(
        update(sequencer_state)
        .where(_ROW, sequencer_state.c.lease_holder == holder)
        .values(lease_holder=None, lease_until=None)
    )


async def swap(
    conn: Connection, before: SignedState, after: Checkpoint, note: bytes, staged: str, holder: str, now: datetime
) -> bool:
    """From the state the sequencer began with to the one it signed, once; False when either it or the lease has
    changed.
    """
    swapped = await conn.execute(
        update(sequencer_state)
        .where(
            _ROW,
            sequencer_state.c.signed_size == before.signed_size,
            sequencer_state.c.signed_root == before.signed_root.hex(),
            sequencer_state.c.lease_holder == holder,
            sequencer_state.c.lease_until > format_time(now),
            sequencer_state.c.alarm_code.is_(None),
        )
        .values(signed_size=after.size, signed_root=after.root.hex(), signed_note=note, staged=staged)
        .returning(sequencer_state.c.id)
    )
    if swapped.scalar() is None:
        return False
    row = {"size": after.size, "root": after.root.hex(), "note": note, "signed_time": format_time(now)}
    await conn.execute(insert(checkpoints).values(**row))
    return True


async def set_published(conn: Connection, size: int, note: bytes, now: datetime) -> None:
    await conn.execute(
        update(sequencer_state)
        .where(_ROW, sequencer_state.c.published_size < size, sequencer_state.c.signed_size == size)
        .values(published_size=size, published_note=note)
    )
    await conn.execute(
        update(checkpoints).where(checkpoints.c.size == size).values(note=note, published_time=format_time(now))
    )


async def stop(conn: Connection, alarm: LogStopped, now: datetime) -> None:
    """Stops the log, durably. The first alarm stays."""
    await conn.execute(
        update(sequencer_state)
        .where(_ROW, sequencer_state.c.alarm_code.is_(None))
        .values(alarm_code=alarm.code, alarm_why=alarm.why, alarm_time=format_time(now))
    )


@asynccontextmanager
async def stopping(database: Database, now: Callable[[], datetime]) -> AsyncIterator[None]:
    """What shows in the block that the database is not what the log wrote (LogStopped) stops the log, not only the block. Put it around
    the transactions that append: the alarm is written in one of its own.
    """
    try:
        yield
    except LogStopped as alarm:
        async with database.write() as conn:
            await stop(conn, alarm, now())
        raise


async def lift_alarm(conn: Connection) -> None:
    """After the cause was repaired and everything verified (`liuhen-server resume`); a cause that is still there
    alarms anew.
    """
    await conn.execute(update(sequencer_state).where(_ROW).values(alarm_code=None, alarm_why=None, alarm_time=None))


async def sizes_of_witnesses(conn: Connection) -> dict[str, int]:
    rows = await conn.execute(select(witness_sizes.c.name, witness_sizes.c.size))
    return {row.name: row.size for row in rows}


async def remember_witness(conn: Connection, name: str, size: int) -> None:
    changed = await conn.execute(
        update(witness_sizes).where(witness_sizes.c.name == name).values(size=size).returning(witness_sizes.c.name)
    )
    if changed.scalar() is None:
        await conn.execute(insert(witness_sizes).values(name=name, size=size))
