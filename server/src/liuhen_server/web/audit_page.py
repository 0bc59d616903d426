"""What the auditor reads: refusals (of decisions among them), searches for people, changes of accounts and of the registry, newest first.

The statements are read from the log's entries; the words behind a commitment are shown where they are still kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import select

from liuhen_protocol.case_events import CaseViewed
from liuhen_protocol.decision_events import DecisionRefused
from liuhen_protocol.events import (
    KINDS,
    OF_PEOPLE,
    AccessRefused,
    AccountChanged,
    CasesExported,
    Event,
    RegistryChanged,
    SearchMade,
)
from liuhen_protocol.oversight_events import AgencyMerged
from liuhen_protocol.statement import Statement
from liuhen_server.acts import acts_stated, said
from liuhen_server.custody.evidence import read_entry
from liuhen_server.database.schema import entries
from liuhen_server.people.roles import Action
from liuhen_server.registry.changes import KIND
from liuhen_server.web.case_request import names_of
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.language import Words
from liuhen_server.web.render import page, words_of
from liuhen_server.web.routes import get

__all__ = ["ROUTES"]

PAGE_ROWS = 50
_KINDS = tuple(sorted(KINDS[event] for event in OF_PEOPLE | {AgencyMerged, DecisionRefused}))
_ASKED_FOR = (*_KINDS, "case.viewed")  # views are many: they are listed where somebody asks for them


@dataclass(frozen=True, slots=True)
class Row:
    """`words`: what was written with it, where it is still kept and not the row of the registry itself."""

    index: int
    time: str
    kind: str
    by: str
    name: str
    detail: str
    words: str


async def show(request: web.Request) -> web.StreamResponse:
    words = words_of(request)
    kind = request.query.get("kind", "") if request.query.get("kind") in _ASKED_FOR else ""
    by = request.query.get("by", "")[:64]
    by = by if by.isascii() and by.isprintable() else ""
    before = request.query.get("before", "")
    end = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    query = (
        select(acts_stated, entries.c.envelope, entries.c.time, said.c.text, said.c.kind.label("said_kind"))
        .join(entries, entries.c.log_index == acts_stated.c.log_index)
        .outerjoin(said, said.c.id == acts_stated.c.said_id)
        .where(acts_stated.c.kind.in_((kind,) if kind else _KINDS))
        .order_by(acts_stated.c.log_index.desc())
        .limit(PAGE_ROWS + 1)
    )
    if by:
        query = query.where(acts_stated.c.by == by)
    if end is not None:
        query = query.where(acts_stated.c.log_index < end)
    async with request.app[CONTEXT].database.read() as conn:
        found = (await conn.execute(query)).all()
        told = {row.log_index: read_entry(row.log_index, row.envelope).statement for row in found}
        changed = (statement.event for statement in told.values() if statement is not None)
        persons = {event.person for event in changed if isinstance(event, AccountChanged)}
        names = (await names_of(conn, persons | {row.by for row in found}, ())).people
    rows = [
        Row(
            row.log_index,
            row.time,
            row.kind,
            row.by,
            names.get(row.by, ""),
            _told(told[row.log_index], words, names),
            _words_of(row.said_kind, row.text),
        )
        for row in found[:PAGE_ROWS]
    ]
    older = {"kind": kind, "by": by, "before": str(rows[-1].index)} if len(found) > PAGE_ROWS else {}
    return page(
        request,
        "audit.html",
        rows=rows,
        kinds=_ASKED_FOR,
        kind=kind,
        by=by,
        filtered=bool(kind or by or end is not None),
        older="/audit?" + urlencode({name: value for name, value in older.items() if value}) if older else "",
    )


def _words_of(kind: str | None, text: str | None) -> str:
    return text or "" if kind != KIND else ""


def _told(statement: Statement | None, words: Words, names: Mapping[str, str]) -> str:
    return words("event.damaged") if statement is None else tell(statement.event, words, names)


def tell(event: Event, words: Words, names: Mapping[str, str]) -> str:
    """One line of what was done, to whom. `names`: of accounts, by their numbers in the log."""
    comma = words("list.and")
    match event:
        case AccessRefused():
            action = words.known(f"action.{event.action}", event.action)
            roles = comma.join(words.known(f"role.{role}", role) for role in event.role.split()) or words("no_role")
            return words("audit.refused", role=roles, action=action, thing=words.plain(event.thing))
        case DecisionRefused():
            tried = words.known(f"tried.{event.what}", event.what)
            why = words.known(f"refusal.{event.why}", event.why)
            return words("audit.not_decided", tried=tried, why=why, thing=event.case or "–")
        case SearchMade():
            kind = words.known(f"search.{event.kind}", event.kind)
            return words("audit.searched", kind=kind, found=event.found)
        case CaseViewed():
            roles = comma.join(words.known(f"role.{role}", role) for role in event.role.split()) or words("no_role")
            how = words.known(f"how.case.{event.how}", event.how)
            return words("audit.viewed", role=roles, how=how, thing=event.document or event.case)
        case CasesExported():
            return words("audit.exported", form=words.plain(event.form), found=event.found)
        case AccountChanged():
            what = words.known(f"changed.{event.what}", event.what)
            roles = comma.join(words.known(f"role.{role}", role) for role in event.roles) or words("no_role")
            person = f"{event.person} {names.get(event.person, '')}".rstrip()
            return words("audit.account", person=person, what=what, roles=roles, agency=event.agency or "–")
        case RegistryChanged():
            what = words.known(f"changed.{event.what}", event.what)
            return words("audit.registry", thing=event.thing, what=what, version=event.version)
        case AgencyMerged():
            return words("audit.merged", agency=event.agency, into=event.into, day=event.day, cases=event.cases)
        case _:
            return ""


ROUTES = (get("/audit", show, Action.AUDIT),)
