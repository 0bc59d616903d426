"""The papers of an agency that are in force on a day, each as the very bytes whose SHA-256 the log has: lists, what is public, templates."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from sqlalchemy import or_, select

from liuhen_protocol.case_events import ListApproved
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.moment import parse_time
from liuhen_protocol.oversight_events import TemplateKept
from liuhen_protocol.publicity_events import PublicityPublished
from liuhen_protocol.statement import read_statement
from liuhen_server.cases.approval import canonical, in_force
from liuhen_server.cases.calendar import CHINA
from liuhen_server.cases.classes import Stage, class_of, kind_of
from liuhen_server.cases.lists import RecordingList, lists_of
from liuhen_server.cases.reading import list_rows
from liuhen_server.cases.said import Wrong
from liuhen_server.database import Connection
from liuhen_server.database.schema import entries
from liuhen_server.papers.acts import body_of, templates_of
from liuhen_server.people.schema import people
from liuhen_server.publicity.kinds import KINDS
from liuhen_server.publicity.schema import public_items, public_versions
from liuhen_server.retention.tables import TermsTable, tables_of
from liuhen_server.review.lists import MajorList, major_lists_of
from liuhen_server.review.reading import rows_of_list

__all__ = ["MAJOR", "RECORDING", "TEMPLATES", "TERMS", "Paper", "papers_in_force"]

RECORDING, MAJOR, TERMS = "音像记录事项清单", "重大执法决定法制审核目录清单", "音像记录保存期限"
TEMPLATES = "文书范本"

_PUBLIC: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "item-list": frozenset(),
        "supervision-list": frozenset(),
        "random-inspection-list": frozenset({"inspection"}),
        "flow-chart": frozenset(),
        "service-guide": frozenset(),
        "window-posts": frozenset(),
    }
)
"""Kinds of publicity that belong to the handbook → the classes they go over with; empty: with every class."""


@dataclass(frozen=True, slots=True)
class Paper:
    """`kind`: in Chinese; `key`: of the publicity's kind, else empty. `by`: who approved it, by name, on `day` (in force or public since;
    a template: kept on). `index`: the entry of the log that states `sha256`, which is that of `body`. `file`: its name in the package.
    """

    kind: str
    key: str
    title: str
    version: int
    by: str
    day: str
    index: int
    sha256: str
    file: str
    body: bytes

    @property
    def source(self) -> str:
        done = "启用" if self.kind == TEMPLATES else "公示" if self.key else "起生效"
        said = f"第 {self.version} 版，{self.by} 批准，{self.day} {done}，日志条目 {self.index}"
        return f"{said}\nSHA-256：{self.sha256}"


async def papers_in_force(conn: Connection, agency: str, today: date, only: str = "") -> tuple[Paper, ...]:
    """Of one class (`only`) what it needs. Raises Wrong: one is not what the log says was approved."""
    found = [each async for each in _all(conn, agency, today, only)]
    names = await _names(conn, {each.by for each in found})
    events = await _stated(conn, {each.index for each in found})
    for each in found:
        if not hashlib.sha256(each.body).hexdigest() == each.sha256 == events.get(each.index):
            raise Wrong(
                f"{each.kind}“{each.title}”第 {each.version} 版与日志中批准的不一致，不能汇编",
                f"{each.kind}, version {each.version}, is not what the log says was approved: nothing is compiled",
                "paper",
            )
    return tuple(replace(each, by=names.get(each.by, each.by)) for each in found)


async def _all(conn: Connection, agency: str, today: date, only: str) -> AsyncIterator[Paper]:
    if recording := in_force(await lists_of(conn, agency), today):
        yield _list(RECORDING, recording, canonical(await list_rows(conn, recording.id)))
    if major := in_force(await major_lists_of(conn, agency), today):
        yield _list(MAJOR, major, canonical(await rows_of_list(conn, major.id)))
    if terms := in_force(await tables_of(conn, agency), today):
        yield _list(TERMS, terms, canonical(terms.table))
    version, item = public_versions.c, public_items.c
    query = (
        select(public_versions, item.kind, item.title)
        .join(public_items, public_items.c.id == version.item_id)
        .where(item.agency == agency, version.state == "published", item.kind.in_(_PUBLIC))
        .where(or_(version.public_until.is_(None), version.public_until >= today.isoformat()))
        .order_by(item.kind, item.about)
    )
    for row in (await conn.execute(query)).all():
        if only and _PUBLIC[row.kind] and only not in _PUBLIC[row.kind]:
            continue
        file = f"public/item-{row.item_id}.json"
        day, body = row.published_day, row.content.encode()
        kind = KINDS[row.kind].name.zh
        yield Paper(kind, row.kind, row.title, row.version, row.reviewed_by, day, row.log_index, row.sha256, file, body)
    for each in await templates_of(conn, agency, only):
        rules, stage = class_of(each.enforcement), Stage(each.stage)
        title = f"{rules.name.zh}：{rules.stage_name(stage).zh}，{kind_of(rules, stage, each.kind).name.zh}"
        file, body = f"templates/template-{each.id}.docx", await body_of(conn, each.id)
        day = parse_time(each.time).astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
        yield Paper(TEMPLATES, "", title, each.version, each.by, day, each.log_index, each.sha256, file, body)


def _list(kind: str, now: RecordingList | MajorList | TermsTable, body: bytes) -> Paper:
    assert now.from_day is not None and now.sha256 is not None and now.approved_by is not None
    assert now.log_index is not None
    file = f"lists/{now.name}.json"
    return Paper(kind, "", kind, now.version, now.approved_by, now.from_day, now.log_index, now.sha256, file, body)


async def _names(conn: Connection, numbers: Collection[str]) -> dict[str, str]:
    ids = {int(text[7:]) for text in numbers if text.startswith("person-") and text[7:].isdigit()}
    known = await conn.execute(select(people.c.id, people.c.display_name).where(people.c.id.in_(ids)))
    return {f"person-{row.id}": row.display_name for row in known}


async def _stated(conn: Connection, indices: Collection[int]) -> dict[int, str]:
    """What was approved, by the entry of the log that says so."""
    query = select(entries.c.log_index, entries.c.envelope).where(entries.c.log_index.in_(indices))
    found: dict[int, str] = {}
    for row in await conn.execute(query):
        event = read_statement(Envelope.parse(bytes(row.envelope)).payload).event
        if isinstance(event, ListApproved | PublicityPublished | TemplateKept):
            found[row.log_index] = event.sha256
    return found
