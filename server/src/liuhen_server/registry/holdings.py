"""Who had which recorder when: written down by people, or read off the numbers that recorders hold when they are docked.

What people wrote goes before what a recorder says: its number is often that of whoever had it last. A recorder's own account
is never kept, for it can be read from the log again, also for the time before the recorder stood in the register. A dock does
not know who stands before it (`recorder.undocked` names nobody): a check-out is a row that somebody wrote beside it, which ends
when a dock reports the recorder again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import RowMapping, insert, or_, select, update

from liuhen_server.acts import Act
from liuhen_server.custody.stays import find_stay
from liuhen_server.database import Connection
from liuhen_server.registry.changes import state_row
from liuhen_server.registry.fields import Mistakes, Outdated
from liuhen_server.registry.officers import find_officer
from liuhen_server.registry.recorders import HANDED_OUT, Recorder
from liuhen_server.registry.returns import return_of
from liuhen_server.registry.schema import holdings, recorders

__all__ = [
    "END_OF_TIME",
    "Docking",
    "Held",
    "Holding",
    "How",
    "combined",
    "end_holding",
    "find_holding",
    "from_dockings",
    "hand_out",
    "held_by",
    "holdings_of",
    "written",
]

END_OF_TIME = "9999-12-31T23:59:59.999Z"
"""Behind every other time: texts of this form sort as times."""


class How(StrEnum):
    RECORDER = "recorder"  # the number in the recorder
    HAND = "hand"  # somebody wrote it down
    CHECK_OUT = "check_out"  # somebody wrote it down at the dock, of a recorder that stood there


@dataclass(frozen=True, slots=True)
class Holding:
    """A row that people wrote. `until` None: still. `officer` is an id; times are UTC text. `stay` (a docked_index): where it stood
    when it was checked out at the dock; None: written down by hand. `docked`: `until` is read off a docking, and not kept yet.
    """

    recorder: int
    officer: int
    since: str
    until: str | None = None
    version: int = 0
    id: int = 0
    stay: int | None = None
    docked: bool = False

    @property
    def how(self) -> How:
        return How.HAND if self.stay is None else How.CHECK_OUT

    @property
    def number(self) -> str:
        """How it stands in the log."""
        return f"holding-{self.id}"


@dataclass(frozen=True, slots=True)
class Docking:
    """A stay in a bay, and the officer (id) whom the recorder's number then meant; None: nobody, or not one alone."""

    time: str
    left: str | None
    officer: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody had it from `since` to `until` (None: still, as far as is known). `id`: of the row, 0 where there is none."""

    officer: int
    since: str
    until: str | None
    how: How
    id: int = 0
    version: int = 0


def from_dockings(dockings: Iterable[Docking]) -> tuple[Held, ...]:
    """What a recorder's own numbers say, in the order of time. A number is known from the first docking that shows it; one that
    changed did so at the earliest when the stay before it ended; the last is taken to be in it still.
    """
    found: list[Held] = []
    left: str | None = None
    for each in sorted(dockings, key=lambda docking: docking.time):
        now = found[-1] if found and found[-1].until is None else None
        if now is None or now.officer != each.officer:
            # docks' clocks may disagree, and a stay seem to end after the next began: nothing ends before it began, or twice
            changed = min(max(left or each.time, now.since), each.time) if now is not None else each.time
            if now is not None:
                found[-1] = replace(now, until=changed)
            if each.officer is not None:
                found.append(Held(each.officer, changed, None, How.RECORDER))
        left = max(each.left or each.time, each.time)
    return tuple(each for each in found if each.until is None or each.since < each.until)


def combined(written: Iterable[Held], said: Iterable[Held]) -> tuple[Held, ...]:
    """Both as one account in which nobody has it twice: of what the recorder says there is left what nobody wrote about."""
    own = sorted(written, key=lambda each: each.since)
    left = list(said)
    for row in own:
        left = [part for each in left for part in _without(each, row)]
    return tuple(sorted([*own, *left], key=lambda each: each.since))


def _without(held: Held, row: Held) -> tuple[Held, ...]:
    """What is left of `held` before and after `row`."""
    parts = []
    if held.since < row.since:
        parts.append(replace(held, until=min(held.until or END_OF_TIME, row.since)))
    if row.until is not None and row.until < (held.until or END_OF_TIME):
        parts.append(replace(held, since=max(held.since, row.until)))
    return tuple(parts)


def overlaps(one: Holding, other: Holding) -> bool:
    """Whether somebody would have the recorder twice; that one ends as the next begins is none."""
    return one.since < (other.until or END_OF_TIME) and other.since < (one.until or END_OF_TIME)


def written(holding: Holding) -> Held:
    return Held(holding.officer, holding.since, holding.until, holding.how, holding.id, holding.version)


def _by(holding: Holding, now: str) -> Holding:
    """With a return no later than now: a dock's clock may be ahead. One that cannot have been is none."""
    if not holding.docked or holding.until is None or holding.until <= now:
        return holding
    return replace(holding, until=now) if holding.since < now else replace(holding, until=None, docked=False)


async def hand_out(act: Act, recorder: Recorder, given: Holding) -> Holding:
    """Written down that an officer of the recorder's agency has it, or had it; and before that the return of who had it, where a
    docking says so. Raises Mistakes: another officer had it then, it is lost, in repair or scrapped and would be held still, the
    times are none.
    """
    wrong: dict[str, str] = {}
    officer = await find_officer(act.conn, given.officer)
    if officer is None or officer.agency != recorder.agency or (given.until is None and not officer.active):
        wrong["officer"] = "holder"
    if given.until is None and recorder.state not in HANDED_OUT:
        wrong["until"] = "recorder_not_there"
    if given.since > act.time or (given.until is not None and not given.since < given.until <= act.time):
        wrong["since"] = "holding_times"
    others = [_by(each, act.time) for each in await holdings_of(act.conn, recorder.id)]
    if not wrong and any(overlaps(given, other) for other in others):
        wrong["since"] = "holding_overlaps"
    if wrong:
        raise Mistakes(wrong)
    for other in others:
        if other.docked:
            await _end(act, other, other.until)
    kept = replace(given, recorder=recorder.id, version=1)
    added = await act.conn.execute(insert(holdings).values(**_values(kept)))
    assert added.inserted_primary_key is not None
    kept = replace(kept, id=int(added.inserted_primary_key[0]))
    await _state(act, kept, "created")
    return kept


async def end_holding(act: Act, holding_id: int, version: int, until: str) -> Holding:
    """The officer gave it back. Raises LookupError, Outdated (it was ended meanwhile), Mistakes: the time is none."""
    before = await find_holding(act.conn, holding_id)
    if before is None:
        raise LookupError(holding_id)
    if before.version != version or before.until is not None:
        raise Outdated(before.version)
    if not before.since < until <= act.time:
        raise Mistakes({"until": "holding_times"})
    return await _end(act, before, until)


async def _end(act: Act, before: Holding, until: str | None) -> Holding:
    kept = replace(before, until=until, version=before.version + 1, docked=False)
    saved = update(holdings).where(holdings.c.id == kept.id, holdings.c.version == before.version)
    saved = saved.values(**_values(kept))
    if (await act.conn.execute(saved.returning(holdings.c.id))).scalar() is None:
        raise Outdated(before.version + 1)
    await _state(act, kept, "changed")
    return kept


async def find_holding(conn: Connection, holding_id: int) -> Holding | None:
    if not 0 < holding_id < 1 << 63:
        return None
    row = (await conn.execute(select(holdings).where(holdings.c.id == holding_id))).mappings().one_or_none()
    return None if row is None else await _as_it_stands(conn, _holding(row))


async def holdings_of(conn: Connection, recorder_id: int) -> list[Holding]:
    """What people wrote of a recorder, oldest first."""
    query = select(holdings).where(holdings.c.recorder == recorder_id).order_by(holdings.c.from_time)
    rows = (await conn.execute(query)).mappings().all()
    return [await _as_it_stands(conn, _holding(row)) for row in rows]


async def held_by(conn: Connection, officer_ids: Iterable[int], since: str) -> list[Holding]:
    """What people wrote of these officers that reaches beyond a time."""
    reaches = or_(holdings.c.until_time.is_(None), holdings.c.until_time > since)
    query = select(holdings).where(holdings.c.officer.in_(set(officer_ids)), reaches)
    rows = (await conn.execute(query.order_by(holdings.c.id))).mappings().all()
    found = [await _as_it_stands(conn, _holding(row)) for row in rows]
    return [each for each in found if each.until is None or each.until > since]


async def _as_it_stands(conn: Connection, holding: Holding) -> Holding:
    """With the return of what was checked out, as docks told it."""
    if holding.until is not None or holding.stay is None:
        return holding
    serial = (await conn.execute(select(recorders.c.serial).where(recorders.c.id == holding.recorder))).scalar_one()
    until = await return_of(conn, serial, holding.since, holding.stay)
    return holding if until is None else replace(holding, until=until, docked=True)


def number_then(versions: Sequence[tuple[str, str | None, str]], time: str) -> frozenset[str]:
    """The numbers by which recorders meant an officer at a time. `versions`: (when it was saved, recorder number, certificate),
    oldest first; before the first was saved, the first holds.
    """
    if not versions:
        return frozenset()
    held = [each for each in versions if each[0] <= time]
    _, number, certificate = held[-1] if held else versions[0]
    return frozenset(each for each in (certificate, number) if each)


def meant(
    number: str | None, versions: Mapping[int, Sequence[tuple[str, str | None, str]]], time: str
) -> frozenset[int]:
    """The officers whom a recorder meant by a number at a time, by their versions (as in `number_then`): those who had it by then.
    Who was kept later counts only where nobody had, and had it first: a number that is used again opens nothing that was before.
    """
    having = {officer for officer, own in versions.items() if number in number_then(own, time)}
    if then := frozenset(officer for officer in having if versions[officer][0][0] <= time):
        return then
    first = min((versions[officer][0][0] for officer in having), default="")
    return frozenset(officer for officer in having if versions[officer][0][0] == first)


async def _state(act: Act, kept: Holding, what: str) -> None:
    row: dict[str, object] = {
        "recorder": kept.recorder,
        "officer": kept.officer,
        "since": kept.since,
        "until": kept.until,
    }
    row |= {"how": kept.how.value, "version": kept.version, "id": kept.id}
    if kept.stay is not None:
        stood = await find_stay(act.conn, kept.stay)
        row |= {"stay": kept.stay}
        row |= {"dock": stood.dock, "bay": stood.bay, "session": stood.session} if stood is not None else {}
    await state_row(act, kept.number, kept.version, row, what)


def _values(holding: Holding) -> dict[str, object]:
    return {
        "recorder": holding.recorder,
        "officer": holding.officer,
        "from_time": holding.since,
        "until_time": holding.until,
        "version": holding.version,
        "stay": holding.stay,
    }


def _holding(row: RowMapping) -> Holding:
    times = row["from_time"], row["until_time"]
    return Holding(row["recorder"], row["officer"], *times, row["version"], row["id"], row["stay"])
