"""Keeping templates, as acts: a new version takes the place of the one before, which stays."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select

from liuhen_protocol.oversight_events import TemplateKept
from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.classes import Stage, class_of, kind_of
from liuhen_server.cases.enforcing import demand_enforcing
from liuhen_server.cases.fields import one_line
from liuhen_server.cases.said import Wrong
from liuhen_server.database import Connection
from liuhen_server.papers.docx import check_fields
from liuhen_server.papers.fields import FIELDS
from liuhen_server.papers.schema import paper_templates

__all__ = ["Template", "body_of", "find_template", "keep_template", "templates_of"]


@dataclass(frozen=True, slots=True)
class Template:
    id: int
    agency: str
    enforcement: str
    stage: str
    kind: str
    version: int
    name: str
    sha256: str
    by: str
    time: str
    log_index: int


_COLUMNS = [paper_templates.c[name] for name in Template.__dataclass_fields__]


async def keep_template(
    acts: Acts, person: Actor, agency: str, enforcement: str, stage: str, kind: str, name: str, body: bytes
) -> Template:
    """Raises Wrong: no such document, no DOCX that is taken, or a field that no case has."""
    rules, name = class_of(enforcement), one_line(name.replace("\\", "/").rpartition("/")[2], "file", 200)
    if stage not in {each.value for each in Stage}:
        raise Wrong("请选择文书种类", "choose what the document is", "what")
    kind_of(rules, Stage(stage), kind)
    check_fields(body, FIELDS.keys())
    async with acts.of(person) as act:
        await demand_enforcing(act.conn, agency)
        table = paper_templates.c
        same = (
            (table.agency == agency)
            & (table.enforcement == enforcement)
            & (table.stage == stage)
            & (table.kind == kind)
        )
        version = ((await act.conn.execute(select(func.max(table.version)).where(same))).scalar() or 0) + 1
        template_id = ((await act.conn.execute(select(func.max(table.id)))).scalar() or 0) + 1
        digest = hashlib.sha256(body).hexdigest()
        event = TemplateKept(f"template-{template_id}", agency, enforcement, stage, kind, version, digest, act.by)
        stated = await act.state(event)
        row = {"agency": agency, "enforcement": enforcement, "stage": stage, "kind": kind, "version": version}
        done = {"name": name, "body": body, "sha256": digest, "by": act.by, "time": stated.time}
        await act.conn.execute(insert(paper_templates).values(id=template_id, **row, **done, log_index=stated.index))
        found = await find_template(act.conn, template_id)
    assert found is not None
    return found


async def find_template(conn: Connection, template_id: int) -> Template | None:
    if not 0 < template_id < 1 << 63:
        return None
    row = (await conn.execute(select(*_COLUMNS).where(paper_templates.c.id == template_id))).mappings().one_or_none()
    return None if row is None else Template(**row)


async def body_of(conn: Connection, template_id: int) -> bytes:
    query = select(paper_templates.c.body).where(paper_templates.c.id == template_id)
    return bytes((await conn.execute(query)).scalar_one())


async def templates_of(conn: Connection, agency: str, enforcement: str = "") -> Sequence[Template]:
    """The newest version of each kind."""
    table = paper_templates.c
    query = select(*_COLUMNS).where(table.agency == agency).order_by(table.version)
    if enforcement:
        query = query.where(table.enforcement == enforcement)
    newest: dict[tuple[str, str, str], Template] = {}
    for row in (await conn.execute(query)).mappings():
        found = Template(**row)
        newest[found.enforcement, found.stage, found.kind] = found
    return sorted(newest.values(), key=lambda each: (each.enforcement, each.stage, each.kind))
