"""What the justice department and the agencies' heads do here, each an act with its statement: spot checks, opinions until they are answered,
self-inspection reports, and who is responsible.

| opinion | who | after |
|---|---|---|
| open | the agency's head answers | answered |
| answered | the justice department accepts | closed |
| answered | the justice department returns it | open |
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import RowMapping, func, insert, select, update

from liuhen_protocol.merkle import Node, tree_root
from liuhen_protocol.oversight_events import (
    SelfReportFiled,
    SelfReportReceived,
    SpotCheckAnnounced,
    SpotCheckDrawn,
    SupervisionAnswered,
    SupervisionClosed,
    SupervisionOpinion,
)
from liuhen_server.acts import Act, Actor, Acts
from liuhen_server.cases.enforcing import demand_enforcing
from liuhen_server.cases.fields import one_line, reason_of
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.cases.schema import cases
from liuhen_server.database import Connection
from liuhen_server.registry.changes import state_row
from liuhen_server.supervision.draw import Drawn, digest_of_cases, draw, size_of_seed
from liuhen_server.supervision.schema import (
    self_reports,
    spot_checks,
    supervision_answers,
    supervision_opinions,
    supervision_records,
)

__all__ = [
    "KINDS",
    "MOST_SAMPLED",
    "Opinion",
    "SpotCheck",
    "add_record",
    "announce",
    "answer",
    "checks_of",
    "close",
    "draw_cases",
    "end_record",
    "file_report",
    "find_check",
    "find_opinion",
    "find_report",
    "give_opinion",
    "opinions_of",
    "receive_report",
    "records_of",
    "reports_of",
]

MOST_SAMPLED, MOST_COUNTED = 200, 100_000
OPEN, ANSWERED, CLOSED = "open", "answered", "closed"
KINDS = {
    "responsible": Said("第一责任人", "responsible person"),
    "member": Said("协调机制成员", "member of the coordination"),
    "counsel": Said("法律顾问、公职律师", "legal counsel"),
    "officer-training": Said("执法人员培训", "training of officers"),
    "reviewer-training": Said("法制审核人员培训", "training of reviewers"),
}
OF_THE_COUNTY = frozenset({"member"})


@dataclass(frozen=True, slots=True)
class SpotCheck:
    id: int
    agency: str
    from_day: str
    until_day: str
    sample: int
    population: tuple[int, ...]
    population_sha256: str
    announced_by: str
    announced_time: str
    announced_index: int
    size: int | None
    root: str | None
    cases: tuple[int, ...] | None
    cases_sha256: str | None
    drawn_by: str | None
    drawn_time: str | None
    drawn_index: int | None

    @property
    def name(self) -> str:
        return f"check-{self.id}"

    @property
    def needs_size(self) -> int:
        """How many entries the published log must have before it can be drawn."""
        return size_of_seed(self.announced_index)

    def drawn(self) -> Drawn:
        """As `verify_draw` takes it. Raises ValueError before it was drawn."""
        if self.cases is None or self.size is None or self.root is None or self.cases_sha256 is None:
            raise ValueError(f"{self.name} was not drawn yet")
        first = (self.population, self.sample, self.announced_index, self.population_sha256)
        return Drawn(*first, self.size, self.root, self.cases, self.cases_sha256)


@dataclass(frozen=True, slots=True)
class Opinion:
    id: int
    agency: str
    about: str
    due: str
    state: str
    version: int
    said: int
    by: str
    time: str
    log_index: int

    @property
    def name(self) -> str:
        return f"opinion-{self.id}"

    def overdue(self, today: date) -> bool:
        return self.state == OPEN and self.due < today.isoformat()


# --- spot checks


async def announce(acts: Acts, person: Actor, agency: str, from_day: date, until_day: date, sample: int) -> SpotCheck:
    """States which cases can be drawn (those opened from day to day, both included) and how many will be. Raises Wrong."""
    if not 1 <= sample <= MOST_SAMPLED:
        raise Wrong(f"抽取数量须在 1 至 {MOST_SAMPLED} 之间", f"draw from 1 to {MOST_SAMPLED} cases", "sample")
    async with acts.of(person) as act:
        query = select(cases.c.id).where(
            cases.c.agency == agency,
            cases.c.opened_day >= from_day.isoformat(),
            cases.c.opened_day <= until_day.isoformat(),
        )
        ids = tuple((await act.conn.execute(query.order_by(cases.c.id).limit(MOST_COUNTED + 1))).scalars())
        if not ids or len(ids) > MOST_COUNTED:
            raise Wrong(
                f"这一期间须有 1 至 {MOST_COUNTED} 件案件",
                f"there must be 1 to {MOST_COUNTED} cases of that time",
                "from_day",
            )
        digest = digest_of_cases(ids)
        row = {"agency": agency, "from_day": from_day.isoformat(), "until_day": until_day.isoformat(), "sample": sample}
        highest = (await act.conn.execute(select(func.max(spot_checks.c.id)))).scalar() or 0
        check_id = highest + 1
        event = SpotCheckAnnounced(f"check-{check_id}", agency, len(ids), sample, digest, act.by)
        stated = await act.state(event)
        announced = {"announced_by": act.by, "announced_time": stated.time, "announced_index": stated.index}
        kept = {"id": check_id, "population": json.dumps(ids), "population_sha256": digest}
        await act.conn.execute(insert(spot_checks).values(**row, **kept, **announced))
        found = await find_check(act.conn, check_id)
    assert found is not None
    return found


async def draw_cases(acts: Acts, person: Actor, check_id: int, published: int, node: Node) -> SpotCheck:
    """Draws by the root of the log's tree at `needs_size`. `published`: how many entries the published log has, `node` its tree. Raises
    Wrong: too early, or drawn already.
    """
    async with acts.of(person) as act:
        check = await find_check(act.conn, check_id)
        if check is None or check.cases is not None:
            raise Wrong("这次抽查已经抽取", "it was drawn already", "check")
        if published < check.needs_size:
            raise Wrong(
                f"日志还须再有 {check.needs_size - published} 条，种子才确定",
                f"the log must have {check.needs_size - published} entries more before the seed is fixed",
                "check",
            )
        root = tree_root(check.needs_size, node)
        drawn = draw(root, check.population_sha256, check.population, check.sample)
        digest = digest_of_cases(drawn)
        stated = await act.state(SpotCheckDrawn(check.name, check.needs_size, root.hex(), digest, act.by))
        values = {"size": check.needs_size, "root": root.hex(), "cases": json.dumps(drawn), "cases_sha256": digest}
        done = {"drawn_by": act.by, "drawn_time": stated.time, "drawn_index": stated.index}
        await act.conn.execute(update(spot_checks).where(spot_checks.c.id == check_id).values(**values, **done))
        found = await find_check(act.conn, check_id)
    assert found is not None
    return found


async def find_check(conn: Connection, check_id: int) -> SpotCheck | None:
    if not 0 < check_id < 1 << 63:
        return None
    query = select(spot_checks).where(spot_checks.c.id == check_id)
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else _check(row)


async def checks_of(conn: Connection, agency: str) -> tuple[SpotCheck, ...]:
    """The newest first."""
    query = select(spot_checks).where(spot_checks.c.agency == agency).order_by(spot_checks.c.id.desc()).limit(50)
    return tuple(_check(row) for row in (await conn.execute(query)).mappings())


def _check(row: RowMapping) -> SpotCheck:
    drawn = None if row["cases"] is None else tuple(json.loads(row["cases"]))
    return SpotCheck(**{**row, "population": tuple(json.loads(row["population"])), "cases": drawn})


# --- opinions


async def give_opinion(
    acts: Acts, person: Actor, agency: str, about: str, due: date, text: str, today: date
) -> Opinion:
    """Raises Wrong: nothing is said, or the day is over."""
    text, about = reason_of(text), one_line(about, "about", 64) if about.strip() else ""
    if due <= today:
        raise Wrong("答复期限须在今天之后", "the answer is due after today", "due")
    async with acts.of(person) as act:
        await demand_enforcing(act.conn, agency)
        opinion_id = ((await act.conn.execute(select(func.max(supervision_opinions.c.id)))).scalar() or 0) + 1
        name = f"opinion-{opinion_id}"
        said = await act.commit_text("supervision", name, text)
        stated = await act.state(SupervisionOpinion(name, agency, about, due.isoformat(), act.by, said.sha256))
        row = {"id": opinion_id, "agency": agency, "about": about, "due": due.isoformat(), "state": OPEN, "version": 1}
        done = {"said": said.id, "by": act.by, "time": stated.time, "log_index": stated.index}
        await act.conn.execute(insert(supervision_opinions).values(**row, **done))
        return await _opinion(act.conn, opinion_id)


async def answer(acts: Acts, person: Actor, opinion_id: int, version: int, text: str) -> Opinion:
    """Raises Wrong: nothing is said, or it does not wait for an answer (any more)."""
    text = reason_of(text)
    async with acts.of(person) as act:
        now = await _standing(act.conn, opinion_id, version, OPEN)
        said = await act.commit_text("supervision", now.name, text)
        stated = await act.state(SupervisionAnswered(now.name, act.by, said.sha256))
        return await _go_on(act, now, "answered", ANSWERED, said.id, stated.index, stated.time)


async def close(acts: Acts, person: Actor, opinion_id: int, version: int, text: str, *, accepted: bool) -> Opinion:
    """Takes the answer, or returns it with what is still missing. Raises Wrong."""
    text = reason_of(text)
    async with acts.of(person) as act:
        now = await _standing(act.conn, opinion_id, version, ANSWERED)
        said = await act.commit_text("supervision", now.name, text)
        stated = await act.state(SupervisionClosed(now.name, accepted, act.by, said.sha256))
        what, state = ("accepted", CLOSED) if accepted else ("returned", OPEN)
        return await _go_on(act, now, what, state, said.id, stated.index, stated.time)


async def _standing(conn: Connection, opinion_id: int, version: int, state: str) -> Opinion:
    now = await find_opinion(conn, opinion_id)
    if now is None or now.state != state or now.version != version:
        raise Wrong(
            "这份监督意见的状态已变，请重新打开", "the opinion has moved on meanwhile; open it again", "version"
        )
    return now


async def _go_on(act: Act, now: Opinion, what: str, state: str, said: int, index: int, time: str) -> Opinion:
    row = {"opinion_id": now.id, "what": what, "said": said, "by": act.by, "time": time, "log_index": index}
    await act.conn.execute(insert(supervision_answers).values(**row))
    this = supervision_opinions.c.id == now.id
    await act.conn.execute(update(supervision_opinions).where(this).values(state=state, version=now.version + 1))
    return await _opinion(act.conn, now.id)


async def find_opinion(conn: Connection, opinion_id: int) -> Opinion | None:
    if not 0 < opinion_id < 1 << 63:
        return None
    query = select(supervision_opinions).where(supervision_opinions.c.id == opinion_id)
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else Opinion(**row)


async def _opinion(conn: Connection, opinion_id: int) -> Opinion:
    found = await find_opinion(conn, opinion_id)
    assert found is not None
    return found


async def opinions_of(conn: Connection, agency: str) -> tuple[Opinion, ...]:
    """What is open first, then the newest."""
    query = select(supervision_opinions).where(supervision_opinions.c.agency == agency)
    found = [Opinion(**row) for row in (await conn.execute(query)).mappings()]
    return tuple(sorted(found, key=lambda each: (each.state == CLOSED, -each.id)))


# --- self-inspection


async def file_report(acts: Acts, person: Actor, agency: str, year: int, text: str, today: date) -> RowMapping:
    """Raises Wrong: nothing is said, or of a year that has not begun."""
    text = reason_of(text)
    if not today.year - 5 <= year <= today.year:
        raise Wrong("年份不对", "not a year that can be reported", "year")
    async with acts.of(person) as act:
        await demand_enforcing(act.conn, agency)
        this = (self_reports.c.agency == agency) & (self_reports.c.year == year)
        version = ((await act.conn.execute(select(func.max(self_reports.c.version)).where(this))).scalar() or 0) + 1
        report_id = ((await act.conn.execute(select(func.max(self_reports.c.id)))).scalar() or 0) + 1
        name = f"self-report-{report_id}"
        said = await act.commit_text("supervision", name, text)
        stated = await act.state(SelfReportFiled(name, agency, year, version, act.by, said.sha256))
        row = {"id": report_id, "agency": agency, "year": year, "version": version, "said": said.id, "by": act.by}
        await act.conn.execute(insert(self_reports).values(**row, time=stated.time, log_index=stated.index))
        found = await find_report(act.conn, report_id)
    assert found is not None
    return found


async def receive_report(acts: Acts, person: Actor, report_id: int) -> None:
    """Raises Wrong: there is none, or it was received already."""
    async with acts.of(person) as act:
        now = await find_report(act.conn, report_id)
        if now is None or now["received_by"] is not None:
            raise Wrong("这份报告已经签收", "it was received already", "report")
        stated = await act.state(SelfReportReceived(f"self-report-{report_id}", act.by))
        done = {"received_by": act.by, "received_time": stated.time, "received_index": stated.index}
        await act.conn.execute(update(self_reports).where(self_reports.c.id == report_id).values(**done))


async def find_report(conn: Connection, report_id: int) -> RowMapping | None:
    if not 0 < report_id < 1 << 63:
        return None
    query = select(self_reports).where(self_reports.c.id == report_id)
    return (await conn.execute(query)).mappings().one_or_none()


async def reports_of(conn: Connection, agency: str) -> Sequence[RowMapping]:
    query = select(self_reports).where(self_reports.c.agency == agency).order_by(self_reports.c.id.desc()).limit(20)
    return (await conn.execute(query)).mappings().all()


# --- who is responsible, who counsels, who was trained


async def add_record(
    acts: Acts, person: Actor, agency: str | None, kind: str, name: str, what: str, day: date, hours: int
) -> int:
    """`agency` None: of the county. Raises Wrong."""
    if kind not in KINDS or (kind in OF_THE_COUNTY) != (agency is None):
        raise Wrong("请选择登记种类", "choose what is written down", "kind")
    if not 0 <= hours <= 2_000:
        raise Wrong("学时须为 0 至 2000", "hours from 0 to 2000", "hours")
    row = {"agency": agency, "kind": kind, "name": one_line(name, "name", 64), "day": day.isoformat(), "hours": hours}
    row["what"] = one_line(what, "what", 200) if what.strip() else ""
    async with acts.of(person) as act:
        record_id = ((await act.conn.execute(select(func.max(supervision_records.c.id)))).scalar() or 0) + 1
        stated = await state_row(act, f"record-{record_id}", 1, row, "created")
        done = {"id": record_id, "by": act.by, "time": stated.time, "log_index": stated.index}
        await act.conn.execute(insert(supervision_records).values(**row, **done))
        return record_id


async def end_record(acts: Acts, person: Actor, agency: str | None, record_id: int) -> None:
    """It holds no longer; it stays readable. Raises Wrong for one of another agency, or that has ended."""
    async with acts.of(person) as act:
        query = select(supervision_records).where(
            supervision_records.c.id == record_id, supervision_records.c.ended_by.is_(None)
        )
        now = (await act.conn.execute(query)).mappings().one_or_none()
        if now is None or now["agency"] != agency:
            raise Wrong("没有这条登记", "there is no such record", "record")
        row = {name: now[name] for name in ("agency", "kind", "name", "what", "day", "hours")} | {"ended": True}
        await state_row(act, f"record-{record_id}", 2, row, "changed")
        ended = {"ended_by": act.by, "ended_time": act.time}
        await act.conn.execute(update(supervision_records).where(supervision_records.c.id == record_id).values(**ended))


async def records_of(conn: Connection, agency: str | None) -> Sequence[RowMapping]:
    """What holds, by kind; the newest first."""
    table = supervision_records.c
    mine = table.agency.is_(None) if agency is None else table.agency == agency
    query = select(supervision_records).where(mine, table.ended_by.is_(None)).order_by(table.kind, table.id.desc())
    return (await conn.execute(query)).mappings().all()
