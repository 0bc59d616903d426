"""An agency is merged into another: one person proposes it, another confirms, and what is open goes to the successor (docs/adr/0027).

| merger | who | after |
|---|---|---|
| – | whoever keeps agencies proposes | proposed |
| proposed | another person, who gives rights, confirms | confirmed: for ever |
| proposed | the same refuses | refused |
| proposed | whoever proposed takes it back | withdrawn |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum

from sqlalchemy import RowMapping, func, insert, select, update

from liuhen_protocol.oversight_events import AgencyMerged
from liuhen_server.acts import Act, Actor, Acts
from liuhen_server.cases import record
from liuhen_server.cases.fields import one_line, reason_of
from liuhen_server.cases.said import Wrong
from liuhen_server.database import Connection
from liuhen_server.people import changes as accounts
from liuhen_server.people.two_people import are_two_people
from liuhen_server.registry import changes as registry
from liuhen_server.registry.agencies import Agency, find_agency, heir_of
from liuhen_server.registry.schema import agency_mergers, officers, proposals
from liuhen_server.retention.schema import disposal_lists

__all__ = ["Answer", "Merger", "decide", "find_merger", "mergers_of", "misfit", "propose"]

MOST_NAMED = 5


class Answer(StrEnum):
    CONFIRM = "confirm"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


_AFTER = {Answer.CONFIRM: "confirmed", Answer.REFUSE: "refused", Answer.WITHDRAW: "withdrawn"}


@dataclass(frozen=True, slots=True)
class Merger:
    """`agency` (a code) is merged into `into`; `heir`: who carries on now, None unless it was confirmed. `day`: of the reform."""

    id: int
    agency: str
    into: str
    heir: str | None
    day: str
    document: str
    reason: str
    state: str
    proposed_by: str
    proposed_time: str
    decided_by: str | None
    decided_time: str | None
    log_index: int | None
    version: int

    @property
    def name(self) -> str:
        """How it stands in the log."""
        return f"merger-{self.id}"


def misfit(
    agency: Agency, heir: str | None, into: Agency | None, heir_of_into: str | None, day: date, today: date
) -> Wrong | None:
    """Why an agency cannot be merged into another, by who carries on for each already; None: it can be."""
    if into is None:
        return Wrong("没有这个执法主体", "no such agency", "into")
    if into.code == agency.code:
        return Wrong("不能并入自身", "an agency is not merged into itself", "into")
    if heir is not None:
        return Wrong(f"{agency.name}已经并入其他机构", f"{agency.name} was merged already", "into")
    if not agency.active:
        return Wrong(f"{agency.name}已停用", f"{agency.name} enforces no longer", "into")
    if heir_of_into is not None:
        return Wrong(
            f"{into.name}自己已并入其他机构，请选择其承继机关",
            f"{into.name} was merged itself: choose its successor",
            "into",
        )
    if not into.active:
        return Wrong(f"{into.name}已停用", f"{into.name} enforces no longer", "into")
    if day > today:
        return Wrong("改革日期不能晚于今天", "the day of the reform is not after today", "day")
    return None


async def propose(
    acts: Acts, person: Actor, agency: str, into: str, day: date, document: str, reason: str, today: date
) -> Merger:
    """Raises Wrong: as `misfit`, without the number of the document or a reason, or while another proposal of the agency waits."""
    document, reason = one_line(document, "document", 120), reason_of(reason)
    async with acts.of(person) as act:
        await _demand_fitting(act.conn, agency, into, day, today)
        waiting = [each for each in await mergers_of(act.conn, agency) if each.state == "proposed"]
        if waiting:
            raise Wrong("已有一项合并等待确认", "another proposal of this agency waits to be confirmed", "into")
        row = {"agency": agency, "into": into, "day": day.isoformat(), "document": document, "reason": reason}
        row |= {"state": "proposed", "proposed_by": act.by, "proposed_time": act.time}
        added = await act.conn.execute(insert(agency_mergers).values(**row, version=1))
        assert added.inserted_primary_key is not None
        kept = await find_merger(act.conn, int(added.inserted_primary_key[0]))
        assert kept is not None
        await registry.state_row(act, kept.name, kept.version, asdict(kept), kept.state)
    return kept


async def decide(
    acts: Acts, person: Actor, merger_id: int, version: int, answer: Answer, today: date, agency: str | None = None
) -> Merger:
    """Ends a proposal; confirmed, everything that is open goes to the successor in the same act. `agency`: of which it has to be
    (None: of any). Raises Wrong: somebody decided meanwhile, not the person whose turn it is, it fits no longer, or something has
    to be put right first (nothing is changed then).
    """
    async with acts.of(person) as act:
        now = await find_merger(act.conn, merger_id)
        if now is None or agency not in (None, now.agency) or now.version != version or now.state != "proposed":
            raise Wrong("他人已作出决定，请重新核对", "somebody decided meanwhile; look at it again", "version")
        if answer is Answer.WITHDRAW and act.by != now.proposed_by:
            raise Wrong("只有提出人可以撤回", "only whoever proposed it takes it back", "by")
        if answer is not Answer.WITHDRAW and not await are_two_people(act.conn, now.proposed_by, act.by):
            raise Wrong(
                "提出人不能自己确认，请由另一人确认",
                "whoever proposed it does not confirm it: another person does",
                "by",
            )
        kept = replace(now, state=_AFTER[answer], decided_by=act.by, decided_time=act.time, version=version + 1)
        if answer is Answer.CONFIRM:
            kept = await _merge(act, kept, today)
        values = {name: value for name, value in asdict(kept).items() if name != "id"}
        await act.conn.execute(update(agency_mergers).where(agency_mergers.c.id == kept.id).values(**values))
        await registry.state_row(act, kept.name, kept.version, asdict(kept), kept.state)
    return kept


async def _merge(act: Act, merger: Merger, today: date) -> Merger:
    conn, code, into = act.conn, merger.agency, merger.into
    agency = await _demand_fitting(conn, code, into, date.fromisoformat(merger.day), today)
    await _demand_settled(conn, code, into)
    open_cases = await record.open_cases_of(conn, code)
    said = await act.commit_text("merger", merger.name, f"{merger.document}\n{merger.reason}")
    event = AgencyMerged(code, into, merger.day, len(open_cases), merger.proposed_by, act.by, said.sha256)
    stated = await act.state(event)
    await registry.keep_agency(act, replace(agency, active=False))
    # those for whom it carried on itself
    await conn.execute(update(agency_mergers).where(agency_mergers.c.heir == code).values(heir=into))
    await registry.hand_to_successor(act, code, into)
    await accounts.hand_to_successor(act, code, into)
    await record.hand_to_successor(act, open_cases, into)
    return replace(merger, heir=into, log_index=stated.index)


async def _demand_fitting(conn: Connection, code: str, into: str, day: date, today: date) -> Agency:
    agency = await find_agency(conn, code)
    if agency is None:
        raise Wrong("没有这个执法主体", "no such agency", "into")
    heirs = await heir_of(conn, code), await heir_of(conn, into)
    wrong = misfit(agency, heirs[0], await find_agency(conn, into), heirs[1], day, today)
    if wrong is not None:
        raise wrong
    return agency


async def _demand_settled(conn: Connection, code: str, into: str) -> None:
    """What two agencies can have apart and one cannot, and what others have to decide while it is still one's own."""
    if numbers := await record.numbers_of_both(conn, code, into):
        raise Wrong(
            f"两机构有相同的案号，请先更正：{_some(numbers)}", f"both have these case numbers: {_some(numbers)}", "into"
        )
    if numbers := tuple(sorted(await _numbers_of(conn, code) & await _numbers_of(conn, into))):
        raise Wrong(
            f"两机构有执法人员使用相同的记录仪编号，请先更正：{_some(numbers)}",
            f"officers of both have these numbers on recorders: {_some(numbers)}",
            "into",
        )
    waiting = (
        (
            disposal_lists.c.id,
            (disposal_lists.c.agency == code) & (disposal_lists.c.state == "drawn"),
            "待处置清单",
            "disposal lists",
        ),
        (
            proposals.c.id,
            ((proposals.c.agency == code) | (proposals.c.seen_by == code)) & (proposals.c.state == "proposed"),
            "待确认的设备、音像归属",
            "proposals about recorders or clips",
        ),
    )
    for key, where, zh, en in waiting:
        count = (await conn.execute(select(func.count(key)).where(where))).scalar_one()
        if count:
            raise Wrong(f"尚有 {count} 项{zh}未办结，请先办结", f"{count} {en} wait: decide them first", "into")


async def _numbers_of(conn: Connection, agency: str) -> set[str]:
    """What recorders write for its officers: their numbers, and their certificates'."""
    query = select(officers.c.recorder_number, officers.c.certificate).where(officers.c.agency == agency)
    return {number for row in await conn.execute(query) for number in row if number}


def _some(names: Sequence[str]) -> str:
    return "、".join(names[:MOST_NAMED]) + (" …" if len(names) > MOST_NAMED else "")


async def find_merger(conn: Connection, merger_id: int) -> Merger | None:
    if not 0 < merger_id < 1 << 63:
        return None
    query = select(agency_mergers).where(agency_mergers.c.id == merger_id)
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else _merger(row)


async def mergers_of(conn: Connection, agency: str | None = None) -> tuple[Merger, ...]:
    """What was proposed of an agency (None: of all of them) and became of it, the newest first."""
    query = select(agency_mergers).order_by(agency_mergers.c.id.desc())
    rows = await conn.execute(query if agency is None else query.where(agency_mergers.c.agency == agency))
    return tuple(_merger(row) for row in rows.mappings())


def _merger(row: RowMapping) -> Merger:
    return Merger(**{name: row[name] for name in Merger.__dataclass_fields__})
