"""Statements to the archive, at once and in the order of the chain: the archive knows what is promised before the bytes come.

A batch that did not arrive is sent again; the archive answers the same bytes with the same index. A refused entry is marked so and
not sent again by itself, and is an alarm: what follows it in the chain will be refused too until a person settles the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from liuhen_agent.journal import EnvelopeRow, Journal, changes, queries
from liuhen_agent.sync import alarms
from liuhen_agent.sync.answers import Refusal
from liuhen_agent.sync.archive import Archive, EntryNo, Logged

MAX_ENTRIES = 1_000
MAX_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Sent:
    """What one batch came to. `more`: there may be more to send right now."""

    logged: int
    refused: int
    more: bool


def batch(rows: Sequence[EnvelopeRow], max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> list[EnvelopeRow]:
    """The longest beginning of `rows` within both limits (newlines counted); at least one, so that a chain can always go on."""
    taken: list[EnvelopeRow] = []
    size = 0
    for row in rows[:max_entries]:
        size += len(row.data) + 1
        if taken and size > max_bytes:
            break
        taken.append(row)
    return taken


async def send_once(archive: Archive, journal: Journal, now: datetime) -> Sent:
    """Sends one batch, if there is any, and journals the answers. Raises Later."""
    unsent = await journal.ask(queries.unsent, MAX_ENTRIES)
    # behind a refused statement every other is refused as well ("gap"): wait for a person instead of asking again and again
    standing = await journal.ask(queries.first_refused)
    if standing is not None:  # said already, unless the power went right behind the refusal
        await _say_refused(journal, standing, standing.refused or "", now)
    rows = batch([row for row in unsent if standing is None or row.seq < standing.seq])
    if not rows:
        return Sent(0, 0, False)
    try:
        answers = await archive.send_entries([row.data for row in rows])
    except Refusal as refusal:
        await _refuse(journal, rows[0], refusal.code or str(refusal.status), refusal.why, now)
        return Sent(0, 1, False)
    logged = tuple(
        (row.seq, answer.index) for row, answer in zip(rows, answers, strict=True) if isinstance(answer, Logged)
    )
    if logged:
        await journal.change(changes.EntriesLogged(logged))
    refused = [(row, answer) for row, answer in zip(rows, answers, strict=True) if isinstance(answer, EntryNo)]
    if refused:
        await _refuse(journal, refused[0][0], refused[0][1].code, refused[0][1].why, now)
    return Sent(len(logged), len(refused), not refused and len(unsent) > len(rows))


async def _refuse(journal: Journal, row: EnvelopeRow, code: str, why: str, now: datetime) -> None:
    await journal.change(changes.EntryRefused(row.seq, code, why))
    await _say_refused(journal, row, f"{code}: {why}", now)


async def _say_refused(journal: Journal, row: EnvelopeRow, why: str, now: datetime) -> None:
    await alarms.raise_alarm(
        journal,
        alarms.ENTRY_REFUSED,
        f"the archive refused statement {row.seq} ({row.kind}): {why}. Nothing after it is sent until an administrator"
        " has settled the reason.",
        now,
    )
