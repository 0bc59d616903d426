"""What a publication begins as, from what the archive knows already: a decision with its draft and parties, the registry's officers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.fields import all_seen
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import case_handlers, case_parties, cases
from liuhen_server.database import Connection
from liuhen_server.decisions.outcomes import OUTCOMES
from liuhen_server.decisions.schema import decision_ends, decisions, draft_results, drafts, services
from liuhen_server.publicity.content import Content, Sheet
from liuhen_server.publicity.kinds import FORMS, KINDS, form_of_class
from liuhen_server.publicity.rules import Who
from liuhen_server.registry.schema import agencies, officers

__all__ = ["Decided", "content_of_decision", "content_of_officers", "decided", "decision_of_about", "wan"]

_TYPES = {"person": "自然人", "organisation": "法人及非法人组织"}
_DOCUMENT = {"penalty": "行政处罚决定书", "licence": "行政许可决定书", "inspection": "行政检查结果告知书"}
_LASTING = ("licence-suspended", "licence-revoked")


@dataclass(frozen=True, slots=True)
class Decided:
    """What publicity has to know of a decision besides its fields. `ended`: the day it was changed, revoked or void.
    `names`: natural persons of the case who are not its party; `public`: names that stand in the fields anyhow.
    """

    id: int
    case_id: int
    agency: str
    enforcement: str
    number: str
    dated: str
    ended: str | None
    handlers: tuple[int, ...]
    reviewer: str | None
    head: str
    names: frozenset[str]
    public: frozenset[str]

    @property
    def about(self) -> str:
        return f"decision-{self.id}"

    @property
    def kind(self) -> str:
        return "inspection-result" if self.enforcement == "inspection" else "decision"

    def people(self) -> tuple[tuple[str, Who], ...]:
        """Who publishes is none of them; `handler`, `legal-reviewer`, `head`."""
        found = [("handler", Who(f"officer-{each}", each)) for each in self.handlers]
        if self.reviewer is not None:
            found.append(("legal-reviewer", Who(self.reviewer)))
        return (*found, ("head", Who(self.head)))


def decision_of_about(about: str) -> int | None:
    """12 of decision-12."""
    kind, _, number = about.partition("-")
    return int(number) if kind == "decision" and number.isascii() and number.isdigit() and len(number) < 19 else None


def wan(fen: int) -> str:
    """An amount in 万元, exactly: 0.35 of 350000 fen; empty for none."""
    return format((Decimal(fen) / 1_000_000).normalize(), "f") if fen else ""


async def decided(conn: Connection, decision_id: int) -> Decided | None:
    row = (
        await conn.execute(
            select(decisions, decision_ends.c.day.label("ended"))
            .outerjoin(decision_ends, decision_ends.c.decision_id == decisions.c.id)
            .where(decisions.c.id == decision_id)
        )
    ).one_or_none()
    if row is None:
        return None
    parties = await _parties(conn, row.case_id)
    handlers = select(case_handlers.c.officer_id).where(case_handlers.c.case_id == row.case_id).distinct()
    receivers = select(services.c.receiver).where(services.c.decision_id == decision_id)
    public = {each["name"] for each in parties} | {each["representative"] for each in parties}
    others = {each["contact"] for each in parties} | set((await conn.execute(receivers)).scalars())
    return Decided(
        id=row.id,
        case_id=row.case_id,
        agency=row.agency,
        enforcement=row.enforcement,
        number=row.number,
        dated=row.dated,
        ended=row.ended,
        handlers=tuple((await conn.execute(handlers)).scalars()),
        reviewer=row.review_by,
        head=row.decided_by,
        names=frozenset(each for each in others if each and not any(sign.isdigit() for sign in each)) - public,
        public=frozenset(each for each in public if each),
    )


async def content_of_decision(conn: Connection, found: Decided) -> Content:
    """The fields of double publicity, as far as the archive knows them; numbers of identity documents are left out from the start."""
    query = (
        select(
            decisions,
            drafts.c.facts,
            drafts.c.basis,
            cases.c.title,
            agencies.c.name.label("agency_name"),
            agencies.c.credit_code,
        )
        .join(drafts, drafts.c.id == decisions.c.draft_id)
        .join(cases, cases.c.id == decisions.c.case_id)
        .join(agencies, agencies.c.code == decisions.c.agency)
        .where(decisions.c.id == found.id)
    )
    row = (await conn.execute(query)).one()
    results = (
        await conn.execute(
            select(draft_results).where(draft_results.c.draft_id == row.draft_id).order_by(draft_results.c.place)
        )
    ).all()
    parties = await _parties(conn, row.case_id)
    form = FORMS["inspection"] if found.enforcement == "inspection" else form_of_class(found.enforcement)
    organisations = [each for each in parties if each["kind"] == "organisation"]
    values = {
        "party": "、".join(each["name"] for each in parties),
        "party_type": "、".join(dict.fromkeys(_TYPES[each["kind"]] for each in parties)),
        "party_code": "、".join(each["code"] for each in organisations if each["code"]),
        "representative": "、".join(each["representative"] for each in organisations if each["representative"]),
        "document": _DOCUMENT.get(found.enforcement, f"{CLASSES[found.enforcement].name.zh}决定书"),
        "number": row.number,
        "violation": row.title,
        "class": CLASSES[found.enforcement].name.zh,
        "facts": row.facts,
        "basis": row.basis,
        "kinds": "、".join(dict.fromkeys(OUTCOMES[each.kind].name.zh for each in results)),
        "content": "；".join(each.content for each in results),
        "fine": wan(row.fine_fen),
        "confiscated": wan(row.confiscated_fen),
        "suspended": "；".join(each.content for each in results if each.kind in _LASTING),
        "decided": row.dated,
        "valid_until": max((each.until_day for each in results if each.until_day), default=""),
        "state": "有效",
        "agency": row.agency_name,
        "agency_code": row.credit_code or "",
        "source": row.agency_name,
        "source_code": row.credit_code or "",
    }
    return Content(form.key, row.number, {key: _one_line(values.get(key, "")) for key in form.fields})


async def content_of_officers(conn: Connection, agency: str) -> Content:
    """From the registry: who is active, by certificate number."""
    query = (
        select(officers, agencies.c.name.label("agency_name"))
        .join(agencies, agencies.c.code == officers.c.agency)
        .where(officers.c.agency == agency, officers.c.active)
        .order_by(officers.c.certificate)
    )
    rows = tuple(
        (row.name, row.agency_name, row.post, row.certificate, _classes(row.classes), row.area)
        for row in await conn.execute(query)
    )
    if not rows:
        raise Wrong("登记册里还没有本单位的执法人员", "there are no officers of this agency in the registry", "kind")
    return Content("officers", f"{rows[0][1]}行政执法人员", {}, (Sheet("", KINDS["officers"].columns, rows),))


def _classes(keys: str) -> str:
    return "、".join(each.name.zh for each in CLASSES.values() if each.key in keys.split())


def _one_line(text: str) -> str:
    return "".join(sign for sign in text.replace("\r", "") if all_seen(sign) or sign == "\n")


async def _parties(conn: Connection, case_id: int) -> list[Mapping[Any, Any]]:
    query = select(case_parties).where(case_parties.c.case_id == case_id).order_by(case_parties.c.place)
    return [dict(row) for row in (await conn.execute(query)).mappings()]
