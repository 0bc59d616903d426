"""Faults of recorders: what is wrong, who said so when, and when it was repaired. The recorder's state follows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from sqlalchemy import RowMapping, func, insert, select, update

from liuhen_server.acts import Act, check_text
from liuhen_server.database import Connection
from liuhen_server.registry.changes import keep_recorder, state_row
from liuhen_server.registry.fields import Mistakes, Outdated
from liuhen_server.registry.recorders import Recorder, State, find_recorder
from liuhen_server.registry.schema import recorder_faults

__all__ = ["MOST_SIGNS", "Fault", "faults_of", "repair_fault", "report_fault"]

MOST_SIGNS = 2_000


@dataclass(frozen=True, slots=True)
class Fault:
    """`what` and `repair` are people's words; `repaired_time` None: not yet."""

    recorder: int
    what: str
    reported_by: str
    reported_time: str
    repair: str | None = None
    repaired_by: str | None = None
    repaired_time: str | None = None
    version: int = 1
    id: int = 0

    @property
    def number(self) -> str:
        """How it stands in the log."""
        return f"fault-{self.id}"


def words(given: str, field: str, *, empty: bool = False) -> str:
    """What somebody wrote, as it may be kept. Raises Mistakes."""
    text = given.replace("\r\n", "\n").strip()
    if not text and empty:
        return ""
    if not text:
        raise Mistakes({field: "empty"})
    if len(text) > MOST_SIGNS:
        raise Mistakes({field: "too_long"})
    try:
        check_text(text)
    except ValueError as error:
        raise Mistakes({field: "invisible"}) from error
    return text


async def report_fault(act: Act, recorder_id: int, what: str) -> Fault:
    """A recorder that is used or spare goes to be repaired. Raises Mistakes: no words, or the recorder is lost or scrapped;
    LookupError.
    """
    text = words(what, "what")
    recorder = await _known(act.conn, recorder_id)
    if recorder.state in (State.LOST, State.SCRAPPED):
        raise Mistakes({"what": "recorder_gone"})
    fault = Fault(recorder_id, text, act.by, act.time)
    added = await act.conn.execute(insert(recorder_faults).values(**_values(fault)))
    assert added.inserted_primary_key is not None
    fault = replace(fault, id=int(added.inserted_primary_key[0]))
    await state_row(act, fault.number, fault.version, asdict(fault), "created")
    if recorder.state is not State.IN_REPAIR:
        await keep_recorder(act, replace(recorder, state=State.IN_REPAIR))
    return fault


async def repair_fault(act: Act, recorder_id: int, fault_id: int, version: int, repair: str) -> Fault:
    """Whoever repairs the last one puts the recorder in use again. Raises Mistakes, Outdated (somebody did so meanwhile),
    LookupError.
    """
    text = words(repair, "repair", empty=True)
    recorder = await _known(act.conn, recorder_id)
    query = select(recorder_faults).where(recorder_faults.c.id == fault_id, recorder_faults.c.recorder == recorder_id)
    row = (await act.conn.execute(query)).mappings().one_or_none() if 0 < fault_id < 1 << 63 else None
    if row is None:
        raise LookupError(fault_id)
    before = _fault(row)
    if before.version != version or before.repaired_time is not None:
        raise Outdated(before.version)
    fault = replace(before, repair=text, repaired_by=act.by, repaired_time=act.time, version=version + 1)
    saved = update(recorder_faults).where(recorder_faults.c.id == fault_id, recorder_faults.c.version == version)
    if (await act.conn.execute(saved.values(**_values(fault)).returning(recorder_faults.c.id))).scalar() is None:
        raise Outdated(version + 1)
    await state_row(act, fault.number, fault.version, asdict(fault), "changed")
    if recorder.state is State.IN_REPAIR and not await _open(act.conn, recorder_id):
        await keep_recorder(act, replace(recorder, state=State.IN_USE))
    return fault


async def faults_of(conn: Connection, recorder_id: int) -> list[Fault]:
    """Newest first."""
    query = select(recorder_faults).where(recorder_faults.c.recorder == recorder_id)
    rows = await conn.execute(query.order_by(recorder_faults.c.id.desc()).limit(200))
    return [_fault(row) for row in rows.mappings()]


async def _open(conn: Connection, recorder_id: int) -> int:
    query = select(func.count()).where(
        recorder_faults.c.recorder == recorder_id, recorder_faults.c.repaired_time.is_(None)
    )
    return int((await conn.execute(query)).scalar_one())


async def _known(conn: Connection, recorder_id: int) -> Recorder:
    found = await find_recorder(conn, recorder_id)
    if found is None:
        raise LookupError(recorder_id)
    return found


def _values(fault: Fault) -> dict[str, object]:
    values = asdict(fault)
    del values["id"]
    return values


def _fault(row: RowMapping) -> Fault:
    return Fault(**{name: row[name] for name in Fault.__dataclass_fields__})
