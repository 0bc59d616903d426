"""The recorders of each agency, and what state each is in. Every function works in the caller's transaction.

Where a recorder was last seen is not kept here: the log tells it (`seen`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from sqlalchemy import ColumnElement, RowMapping, func, insert, select, update

from liuhen_server.database import Connection
from liuhen_server.registry.fields import Mistakes, Outdated, line
from liuhen_server.registry.returns import return_of
from liuhen_server.registry.schema import agencies, holdings, officers, recorders

__all__ = [
    "STATES",
    "Equipment",
    "Page",
    "Recorder",
    "State",
    "add_recorder",
    "change_recorder",
    "check_recorder",
    "equipment_of",
    "find_recorder",
    "list_recorders",
    "recorder_of_serial",
]

LONGEST_SERIAL = 64


class State(StrEnum):
    IN_USE = "in_use"
    SPARE = "spare"  # works, and nobody is to have it now
    IN_REPAIR = "in_repair"
    LOST = "lost"
    SCRAPPED = "scrapped"


STATES: Mapping[State, frozenset[State]] = {
    State.IN_USE: frozenset({State.SPARE, State.IN_REPAIR, State.LOST, State.SCRAPPED}),
    State.SPARE: frozenset({State.IN_USE, State.IN_REPAIR, State.LOST, State.SCRAPPED}),
    State.IN_REPAIR: frozenset({State.IN_USE, State.SPARE, State.LOST, State.SCRAPPED}),
    State.LOST: frozenset({State.IN_USE, State.SPARE, State.SCRAPPED}),  # found again
    State.SCRAPPED: frozenset(),
}
"""What may follow what. Only what is in use counts as equipment, and only what works can be handed out."""

HANDED_OUT = frozenset({State.IN_USE, State.SPARE})


@dataclass(frozen=True, slots=True)
class Recorder:
    """`serial` as the recorder says it of itself, sign by sign; `agency` is a code; `state_time` since when it is in its state
    (UTC text; empty: to be kept with the act's). `id` 0 and `version` 0: not kept yet.
    """

    serial: str
    agency: str
    model: str = ""
    state: State = State.IN_USE
    state_time: str = ""
    version: int = 0
    id: int = 0

    @property
    def number(self) -> str:
        """How it stands in the log."""
        return f"recorder-{self.id}"


def check_recorder(given: Recorder, before: Recorder | None) -> Recorder:
    """As it may be kept after `before`. A serial that is kept never changes: history is bound to it. Raises Mistakes, all of
    them at once.
    """
    wrong: dict[str, str] = {}
    if before is None:
        serial = line(given.serial, LONGEST_SERIAL, "serial", wrong)
    else:
        serial = before.serial
    model = line(given.model, 64, "model", wrong, empty=True)
    if before is not None and given.state is not before.state and given.state not in STATES[before.state]:
        wrong["state"] = "recorder_state"
    if wrong:
        raise Mistakes(wrong)
    return replace(given, serial=serial, model=model)


async def add_recorder(conn: Connection, given: Recorder, time: str, *, as_docked: bool = False) -> Recorder:
    """Raises Mistakes: a field is wrong, the serial is taken, the agency is not known or enforces no longer. `as_docked`: the
    serial is what a dock reported, kept as it is, whatever signs it has.
    """
    checked = check_recorder(replace(given, serial="-") if as_docked else given, None)
    kept = replace(checked, serial=given.serial if as_docked else checked.serial, state_time=time, version=1)
    wrong = {} if await _enforces(conn, kept.agency) else {"agency": "agency"}
    if await recorder_of_serial(conn, kept.serial) is not None:
        wrong["serial"] = "taken"
    if wrong:
        raise Mistakes(wrong)
    added = await conn.execute(insert(recorders).values(**_values(kept)))
    assert added.inserted_primary_key is not None
    return replace(kept, id=int(added.inserted_primary_key[0]))


async def change_recorder(conn: Connection, given: Recorder, time: str) -> Recorder:
    """Saves what was drawn from `given.version`. Raises Mistakes, Outdated (somebody saved meanwhile), LookupError. What
    somebody still has can neither go to another agency nor be scrapped.
    """
    before = await find_recorder(conn, given.id)
    if before is None:
        raise LookupError(given.id)
    if before.version != given.version:
        raise Outdated(before.version)
    checked = check_recorder(given, before)
    wrong: dict[str, str] = {}
    moved = checked.agency != before.agency
    if moved and not await _enforces(conn, checked.agency):
        wrong["agency"] = "agency"
    scrapped = checked.state is State.SCRAPPED and before.state is not State.SCRAPPED
    if (moved or scrapped) and await _held(conn, before):
        wrong["agency" if moved else "state"] = "recorder_held"
    if wrong:
        raise Mistakes(wrong)
    since = before.state_time if checked.state is before.state else time
    kept = replace(checked, state_time=since, version=before.version + 1)
    saved = await conn.execute(
        update(recorders)
        .where(recorders.c.id == kept.id, recorders.c.version == before.version)
        .values(**_values(kept))
        .returning(recorders.c.id)
    )
    if saved.scalar() is None:  # between the question and the answer, where writers are not alone
        raise Outdated(before.version + 1)
    return kept


async def find_recorder(conn: Connection, recorder_id: int) -> Recorder | None:
    if not 0 < recorder_id < 1 << 63:
        return None
    row = (await conn.execute(select(recorders).where(recorders.c.id == recorder_id))).mappings().one_or_none()
    return None if row is None else recorder_of(row)


async def recorder_of_serial(conn: Connection, serial: str) -> Recorder | None:
    if "\x00" in serial:  # PostgreSQL refuses to be asked for one
        return None
    row = (await conn.execute(select(recorders).where(recorders.c.serial == serial))).mappings().one_or_none()
    return None if row is None else recorder_of(row)


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the recorders that were asked for, and how many there are."""

    recorders: tuple[Recorder, ...]
    total: int


async def list_recorders(
    conn: Connection,
    *,
    agency: str | None = None,
    state: State | None = None,
    text: str = "",
    limit: int = 50,
    offset: int = 0,
) -> Page:
    """By agency and serial. `agency` None: all of them; `text` is part of a serial or a model."""
    wanted: list[ColumnElement[bool]] = [recorders.c.agency == agency] if agency is not None else []
    if state is not None:
        wanted.append(recorders.c.state == state.value)
    if text:
        fields = (recorders.c.serial, recorders.c.model)
        wanted.append(fields[0].icontains(text, autoescape=True) | fields[1].icontains(text, autoescape=True))
    total = (await conn.execute(select(func.count()).select_from(recorders).where(*wanted))).scalar_one()
    query = select(recorders).where(*wanted).order_by(recorders.c.agency, recorders.c.serial)
    rows = await conn.execute(query.limit(limit).offset(offset))
    return Page(tuple(recorder_of(row) for row in rows.mappings()), total)


@dataclass(frozen=True, slots=True)
class Equipment:
    """How an agency is equipped: recorders in use beside officers who still enforce. The law names no figure that must be
    reached (seed: 配备比例 is reported), so none is asked for here.
    """

    in_use: int = 0
    recorders: int = 0
    officers: int = 0

    @property
    def percent(self) -> int | None:
        """Recorders in use to a hundred officers, rounded down; None where there is no officer."""
        return None if not self.officers else 100 * self.in_use // self.officers


async def equipment_of(conn: Connection) -> dict[str, Equipment]:
    """By agency. What is lost or scrapped is no recorder any more; officers are those who are active and have a class."""
    counts: dict[str, dict[str, int]] = {}
    query = select(recorders.c.agency, recorders.c.state, func.count().label("count"))
    for row in await conn.execute(query.group_by(recorders.c.agency, recorders.c.state)):
        of = counts.setdefault(row.agency, {})
        if row.state not in (State.LOST, State.SCRAPPED):
            of["recorders"] = of.get("recorders", 0) + row[2]
        if row.state == State.IN_USE:
            of["in_use"] = row[2]
    front = officers.c.active.is_(True) & (officers.c.classes != "")
    people = select(officers.c.agency, func.count().label("count")).where(front).group_by(officers.c.agency)
    for row in await conn.execute(people):
        counts.setdefault(row.agency, {})["officers"] = row[1]
    return {agency: Equipment(**each) for agency, each in counts.items()}


async def _held(conn: Connection, recorder: Recorder) -> bool:
    """Whether somebody has it by the register: written down without an end, and not docked since where that ends it."""
    query = select(holdings.c.from_time, holdings.c.stay)
    row = (
        await conn.execute(query.where(holdings.c.recorder == recorder.id, holdings.c.until_time.is_(None)))
    ).one_or_none()
    if row is None or row.stay is None:
        return row is not None
    return await return_of(conn, recorder.serial, row.from_time, row.stay) is None


async def _enforces(conn: Connection, agency: str) -> bool:
    return bool((await conn.execute(select(agencies.c.active).where(agencies.c.code == agency))).scalar())


def _values(recorder: Recorder) -> dict[str, object]:
    values = asdict(recorder) | {"state": recorder.state.value}
    del values["id"]
    return values


def recorder_of(row: RowMapping) -> Recorder:
    values = {name: row[name] for name in Recorder.__dataclass_fields__}
    return Recorder(**values | {"state": State(row["state"])})
