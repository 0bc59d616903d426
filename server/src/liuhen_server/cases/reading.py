"""A case as the database has it, put together for whoever shows it or judges it. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, select

from liuhen_server.cases.classes import CLASSES, EnforcementClass, Stage
from liuhen_server.cases.clocks import document_event, stage_event
from liuhen_server.cases.coverage import Excuse, Linked, ListRow, Method, Need, Paper, needs_of
from liuhen_server.cases.schema import (
    case_acts,
    case_clips,
    case_documents,
    case_excuses,
    case_handlers,
    case_parties,
    case_stages,
    cases,
    recording_list_rows,
)
from liuhen_server.database import Connection
from liuhen_server.people.access import Thing

__all__ = [
    "Act",
    "Case",
    "Document",
    "Handler",
    "Link",
    "Party",
    "WholeCase",
    "events_of_cases",
    "find_case",
    "list_rows",
    "needs_of_cases",
    "whole_case",
]

MOST_ACTS = 500


@dataclass(frozen=True, slots=True)
class Case:
    """A row of `cases`; `number` as it stands on the documents. `version` counts what was edited."""

    id: int
    agency: str
    enforcement: str
    number: str
    title: str
    stage: Stage
    list_id: int | None
    opened_time: str
    opened_day: str
    opened_by: str
    archived_time: str | None
    version: int

    @property
    def name(self) -> str:
        """How it stands in the log."""
        return f"case-{self.id}"

    @property
    def rules(self) -> EnforcementClass:
        return CLASSES[self.enforcement]


@dataclass(frozen=True, slots=True)
class Party:
    """`kind`: person or organisation. `code`: unified social credit code, or the number of an identity document; may be empty."""

    kind: str
    name: str
    code: str = ""
    representative: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Handler:
    """`until_time` None: handles it now."""

    officer_id: int
    since_time: str
    until_time: str | None


@dataclass(frozen=True, slots=True)
class Reached:
    """One time the case was in a stage."""

    stage: Stage
    entered_time: str
    entered_day: str
    left_time: str | None
    by: str


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a document. `replaces` is the id of the version before; `current`: none replaces it."""

    id: int
    case_id: int
    stage: Stage
    kind: str
    version: int
    replaces: int | None
    current: bool
    name: str
    media_type: str
    size: int
    sha256: str
    dated: str
    began_time: str | None
    ended_time: str | None
    place: str
    by: str
    added_time: str
    log_index: int


@dataclass(frozen=True, slots=True)
class Link:
    """A clip at a stage of the case; `unlinked_time` None: it belongs there now. `method` None: it is no recording."""

    id: int
    case_id: int
    sha256: str
    dock: str
    stage: Stage
    item: str
    method: Method | None
    how: str
    linked_time: str
    linked_by: str
    linked_index: int
    unlinked_time: str | None
    unlinked_by: str | None
    unlinked_index: int | None
    reason: int | None


@dataclass(frozen=True, slots=True)
class Excused:
    stage: Stage
    item: str
    reason: int
    by: str
    time: str


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody did something with the case: an entry of the log."""

    log_index: int
    version: int
    what: str
    stage: str
    about: str
    said_id: int | None
    by: str
    time: str


@dataclass(frozen=True, slots=True)
class WholeCase:
    """Everything that belongs to a case. `documents` with every version, `links` with those that ended."""

    case: Case
    parties: tuple[Party, ...]
    handlers: tuple[Handler, ...]
    stages: tuple[Reached, ...]
    documents: tuple[Document, ...]
    links: tuple[Link, ...]
    excuses: tuple[Excused, ...]
    rows: tuple[ListRow, ...]
    acts: tuple[Act, ...]

    @property
    def officers(self) -> frozenset[int]:
        """Who handles it now."""
        return frozenset(each.officer_id for each in self.handlers if each.until_time is None)

    @property
    def thing(self) -> Thing:
        """What a decision about access knows of it."""
        return Thing(self.case.name, self.case.agency, officers=self.officers)

    @property
    def reached(self) -> frozenset[Stage]:
        return frozenset(each.stage for each in self.stages)

    def needs(self) -> tuple[Need, ...]:
        """What each stage asks for, and whether it is there."""
        papers = [Paper(each.stage, each.kind) for each in self.documents if each.current]
        linked = [
            Linked(each.stage, each.item or None, each.method)
            for each in self.links
            if each.unlinked_time is None and each.method is not None
        ]
        excuses = [Excuse(each.stage, each.item) for each in self.excuses]
        return needs_of(self.case.rules, self.reached, self.rows, papers, linked, excuses)

    def events(self) -> dict[str, date]:
        """The first day of each event that starts or ends a clock."""
        found: dict[str, date] = {}
        for each in self.stages:
            _keep_first(found, stage_event(each.stage), each.entered_day)
        for paper in self.documents:
            if paper.current:
                _keep_first(found, document_event(paper.kind), paper.dated)
        return found


async def find_case(conn: Connection, case_id: int) -> Case | None:
    if not 0 < case_id < 1 << 63:
        return None
    row = (await conn.execute(select(cases).where(cases.c.id == case_id))).mappings().one_or_none()
    return None if row is None else case_of(row)


def case_of(row: RowMapping) -> Case:
    return Case(**_values(row, Case) | {"stage": Stage(row["stage"])})


async def whole_case(conn: Connection, case_id: int) -> WholeCase | None:
    case = await find_case(conn, case_id)
    if case is None:
        return None
    parties = select(case_parties).where(case_parties.c.case_id == case_id).order_by(case_parties.c.place)
    handlers = select(case_handlers).where(case_handlers.c.case_id == case_id).order_by(case_handlers.c.id)
    stages = select(case_stages).where(case_stages.c.case_id == case_id).order_by(case_stages.c.id)
    papers = select(case_documents).where(case_documents.c.case_id == case_id)
    links = select(case_clips).where(case_clips.c.case_id == case_id).order_by(case_clips.c.id)
    excuses = select(case_excuses).where(case_excuses.c.case_id == case_id).order_by(case_excuses.c.id)
    acts = select(case_acts).where(case_acts.c.case_id == case_id).order_by(case_acts.c.log_index.desc())
    return WholeCase(
        case=case,
        parties=tuple(Party(**_values(row, Party)) for row in (await conn.execute(parties)).mappings()),
        handlers=tuple(Handler(**_values(row, Handler)) for row in (await conn.execute(handlers)).mappings()),
        stages=tuple(
            Reached(**_values(row, Reached) | {"stage": Stage(row["stage"])})
            for row in (await conn.execute(stages)).mappings()
        ),
        documents=tuple(
            document_of(row)
            for row in (await conn.execute(papers.order_by(case_documents.c.dated, case_documents.c.id))).mappings()
        ),
        links=tuple(link_of(row) for row in (await conn.execute(links)).mappings()),
        excuses=tuple(
            Excused(**_values(row, Excused) | {"stage": Stage(row["stage"])})
            for row in (await conn.execute(excuses)).mappings()
        ),
        rows=() if case.list_id is None else await list_rows(conn, case.list_id),
        acts=tuple(Act(**_values(row, Act)) for row in (await conn.execute(acts.limit(MOST_ACTS))).mappings()),
    )


def document_of(row: RowMapping) -> Document:
    return Document(**_values(row, Document) | {"stage": Stage(row["stage"])})


def link_of(row: RowMapping) -> Link:
    return Link(
        **_values(row, Link)
        | {"stage": Stage(row["stage"]), "method": Method(row["method"]) if row["method"] else None}
    )


async def list_rows(conn: Connection, list_id: int) -> tuple[ListRow, ...]:
    """The rows of a recording list, in their order."""
    query = select(recording_list_rows).where(recording_list_rows.c.list_id == list_id)
    rows = (await conn.execute(query.order_by(recording_list_rows.c.place))).mappings()
    return tuple(_list_row(row) for row in rows)


def _list_row(row: RowMapping) -> ListRow:
    return ListRow(**_values(row, ListRow) | {"stage": Stage(row["stage"]), "method": Method(row["method"])})


async def needs_of_cases(
    conn: Connection, listed: Sequence[Case]
) -> dict[int, tuple[tuple[ListRow, ...], tuple[Need, ...]]]:
    """The recording list of each case and what each asks for, in as many queries for thirty cases as for one."""
    ids, lists = [case.id for case in listed], {case.list_id for case in listed if case.list_id is not None}
    rows: dict[int, list[ListRow]] = {}
    query = select(recording_list_rows).where(recording_list_rows.c.list_id.in_(lists))
    for row in (await conn.execute(query.order_by(recording_list_rows.c.place))).mappings():
        rows.setdefault(row["list_id"], []).append(_list_row(row))
    reached: dict[int, set[Stage]] = {}
    for row in (await conn.execute(select(case_stages).where(case_stages.c.case_id.in_(ids)))).mappings():
        reached.setdefault(row["case_id"], set()).add(Stage(row["stage"]))
    papers: dict[int, list[Paper]] = {}
    current = select(case_documents).where(case_documents.c.case_id.in_(ids), case_documents.c.current.is_(True))
    for row in (await conn.execute(current)).mappings():
        papers.setdefault(row["case_id"], []).append(Paper(Stage(row["stage"]), row["kind"]))
    linked: dict[int, list[Linked]] = {}
    now = select(case_clips).where(case_clips.c.case_id.in_(ids), case_clips.c.unlinked_time.is_(None))
    for row in (await conn.execute(now.where(case_clips.c.method != ""))).mappings():
        link = Linked(Stage(row["stage"]), row["item"] or None, Method(row["method"]))
        linked.setdefault(row["case_id"], []).append(link)
    excuses: dict[int, list[Excuse]] = {}
    for row in (await conn.execute(select(case_excuses).where(case_excuses.c.case_id.in_(ids)))).mappings():
        excuses.setdefault(row["case_id"], []).append(Excuse(Stage(row["stage"]), row["item"]))
    found = {}
    for case in listed:
        of_list = rows.get(case.list_id, []) if case.list_id is not None else []
        needs = needs_of(
            case.rules,
            reached.get(case.id, set()),
            of_list,
            papers.get(case.id, []),
            linked.get(case.id, []),
            excuses.get(case.id, []),
        )
        found[case.id] = (tuple(of_list), needs)
    return found


async def events_of_cases(conn: Connection, case_ids: Collection[int]) -> dict[int, dict[str, date]]:
    """The first day of each event of each of these cases, as `WholeCase.events` has it of one."""
    stages = select(case_stages.c.case_id, case_stages.c.stage, case_stages.c.entered_day)
    current = case_documents.c.case_id.in_(case_ids) & case_documents.c.current.is_(True)
    papers = select(case_documents.c.case_id, case_documents.c.kind, case_documents.c.dated).where(current)
    found: dict[int, dict[str, date]] = {}
    entered = (await conn.execute(stages.where(case_stages.c.case_id.in_(case_ids)))).all()
    for case_id, stage, day in entered:  # taken at once: row by row costs more than all that is done with them
        _keep_first(found.setdefault(case_id, {}), stage_event(stage), day)
    for case_id, kind, day in (await conn.execute(papers)).all():
        _keep_first(found.setdefault(case_id, {}), document_event(kind), day)
    return found


def _keep_first(events: dict[str, date], name: str, day: str) -> None:
    value = date.fromisoformat(day)
    events[name] = min(events.get(name, value), value)


async def officers_of(conn: Connection, case_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Who handles each of these cases now."""
    query = select(case_handlers.c.case_id, case_handlers.c.officer_id).where(
        case_handlers.c.case_id.in_(case_ids), case_handlers.c.until_time.is_(None)
    )
    found: dict[int, set[int]] = {}
    for case_id, officer_id in (await conn.execute(query)).all():
        found.setdefault(case_id, set()).add(officer_id)
    return {case: frozenset(officers) for case, officers in found.items()}


def _values(row: RowMapping, kind: type) -> dict[str, Any]:
    return {each.name: row[each.name] for each in fields(kind)}
