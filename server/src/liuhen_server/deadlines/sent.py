"""Which reminders went out: a row is claimed before one is sent, and says afterwards what became of it.

    none → sending → sent
             │  └──→ failed → sending …            known not to be out: tried again later on the same day
             └─ (the process ended) → sending      once: it may have gone out already, so it is repeated once at the most
                                    → given-up     the second time

A claim is one row in one transaction, so whichever process claims a message, no other sends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, insert, select, update

from liuhen_protocol.moment import format_time
from liuhen_server.database import Connection
from liuhen_server.deadlines.schema import reminder_messages as table

__all__ = ["CLAIMED", "State", "Trouble", "claim", "failed", "last_days", "sent", "troubles"]

CLAIMED = timedelta(minutes=10)
"""How long a claim holds: many times the timeouts of one message. After it the process that made it is gone."""

WAITS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
"""After the first, the second and every further failure."""


class State(StrEnum):
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A recipient whose last reminder is not out."""

    recipient: str
    day: str
    state: State
    tries: int
    why: str


async def last_days(conn: Connection) -> dict[str, date]:
    """Of each recipient the last day that needs no further reminder: it went out, or nobody can tell and it was repeated once."""
    over = table.c.state.in_((State.SENT.value, State.GIVEN_UP.value))
    query = select(table.c.recipient, func.max(table.c.day).label("day")).where(over).group_by(table.c.recipient)
    return {row.recipient: date.fromisoformat(row.day) for row in await conn.execute(query)}


async def claim(conn: Connection, recipient: str, day: date, now: datetime) -> bool:
    """Whether it is this caller's to send now."""
    this = (table.c.recipient == recipient) & (table.c.day == day.isoformat())
    row = (await conn.execute(select(table).where(this).with_for_update())).one_or_none()
    stamp = format_time(now)
    if row is None:
        values = {"recipient": recipient, "day": day.isoformat(), "state": State.SENDING.value, "tries": 1}
        await conn.execute(insert(table).values(**values, lost=0, time=stamp, why=""))
        return True
    lost = row.lost
    if row.state == State.SENDING and row.time <= format_time(now - CLAIMED):
        if lost:
            values = {"state": State.GIVEN_UP.value, "time": stamp, "why": "ended while sending, twice"}
            await conn.execute(update(table).where(this).values(**values))
            return False
        lost += 1
    elif not (row.state == State.FAILED and (row.next_time or "") <= stamp):
        return False
    again = {"state": State.SENDING.value, "tries": row.tries + 1, "lost": lost, "time": stamp, "next_time": None}
    await conn.execute(update(table).where(this).values(**again))
    return True


async def sent(conn: Connection, recipient: str, day: date, now: datetime) -> None:
    await _set(conn, recipient, day, {"state": State.SENT.value, "time": format_time(now), "why": ""})


async def failed(conn: Connection, recipient: str, day: date, now: datetime, why: str) -> None:
    """`why` is shown to administrators: which kind of failure, without a secret."""
    this = (table.c.recipient == recipient) & (table.c.day == day.isoformat())
    tries = (await conn.execute(select(table.c.tries).where(this))).scalar_one()
    wait = WAITS[min(tries, len(WAITS)) - 1]
    values = {"state": State.FAILED.value, "time": format_time(now), "why": why[:120]}
    await _set(conn, recipient, day, values | {"next_time": format_time(now + wait)})


async def _set(conn: Connection, recipient: str, day: date, values: dict[str, str]) -> None:
    this = (table.c.recipient == recipient) & (table.c.day == day.isoformat())
    await conn.execute(update(table).where(this).values(**values))


async def troubles(conn: Connection, since: date) -> list[Trouble]:
    """Recipients whose newest reminder since that day failed or was given up."""
    newest = (
        select(table.c.recipient, func.max(table.c.day).label("day"))
        .where(table.c.day >= since.isoformat())
        .group_by(table.c.recipient)
        .subquery()
    )
    query = (
        select(table)
        .join(newest, (newest.c.recipient == table.c.recipient) & (newest.c.day == table.c.day))
        .where(table.c.state.in_((State.FAILED.value, State.GIVEN_UP.value)))
        .order_by(table.c.recipient)
    )
    rows = await conn.execute(query)
    return [Trouble(row.recipient, row.day, State(row.state), row.tries, row.why) for row in rows]
