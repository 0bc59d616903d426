"""Whether the archive's end of this dock's chain agrees with our own: one table, one function.

archive has          we have             meaning
nothing, or less     acknowledged more   chain cut: it lost or hides what it acknowledged
the same place       the same hash       agrees (what is newer here is not sent yet)
the same place       another hash        forked: one of us holds a statement that was never said
more                 nothing             the journal is lost: resume behind the archive's head
more                 something           the journal is behind: an old copy, or somebody else signs with our key
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from liuhen_agent.journal import Journal, queries
from liuhen_agent.sync import alarms
from liuhen_agent.sync.archive import Archive
from liuhen_protocol.chain import ChainHead


@dataclass(frozen=True)
class OwnChain:
    """Our side. `last_seq` of the journal and the highest `acknowledged_seq` the archive gave an index for, -1 for none;
    `hash_there`: our hash at the archive's head, None where we hold nothing."""

    last_seq: int
    acknowledged_seq: int
    hash_there: str | None


@dataclass(frozen=True)
class Agrees:
    """The archive's head is a place in our chain."""


@dataclass(frozen=True)
class ResumeAfter:
    """Our journal is empty and the archive has our chain up to here."""

    head: ChainHead


@dataclass(frozen=True)
class Disagrees:
    """`code`: an alarm that forbids clearing."""

    code: str
    why: str


def compare(own: OwnChain, theirs: ChainHead | None) -> Agrees | ResumeAfter | Disagrees:
    """The table above."""
    their_seq = -1 if theirs is None else theirs.seq
    if their_seq < own.acknowledged_seq:
        return Disagrees(
            alarms.CHAIN_CUT,
            f"the archive acknowledged statement {own.acknowledged_seq} of this dock and now ends at {their_seq}",
        )
    if theirs is None:
        return Agrees()
    if their_seq > own.last_seq:
        if own.last_seq < 0:
            return ResumeAfter(theirs)
        return Disagrees(
            alarms.JOURNAL_BEHIND,
            f"the archive has statements of this dock up to {their_seq}, this journal ends at {own.last_seq}: it is an old copy,"
            " or another machine signs with this dock's key. Enrol this dock anew in an empty folder.",
        )
    if own.hash_there is not None and own.hash_there != theirs.hash:
        return Disagrees(
            alarms.CHAIN_FORKED,
            f"statement {their_seq} of this dock is {theirs.hash} at the archive and {own.hash_there} here",
        )
    return Agrees()


async def check(archive: Archive, journal: Journal, now: datetime) -> Agrees | ResumeAfter | Disagrees:
    """Asks, compares and raises the alarm when there is one. Raises Later, Refusal.

    What was acknowledged is read before the archive is asked: an entry logged meanwhile is no contradiction.
    """
    acknowledged = await journal.ask(queries.last_acknowledged)
    theirs = await archive.head()
    head = journal.head
    hash_there: str | None = None
    if theirs is not None and head is not None:
        row = await journal.ask(queries.envelope, theirs.seq)
        hash_there = row.hash if row is not None else (head.hash if head.seq == theirs.seq else None)
    answer = compare(OwnChain(-1 if head is None else head.seq, acknowledged, hash_there), theirs)
    if isinstance(answer, Disagrees):
        await alarms.raise_alarm(
            journal, answer.code, f"{answer.why}. No recorder is cleared until this is settled.", now
        )
    return answer
