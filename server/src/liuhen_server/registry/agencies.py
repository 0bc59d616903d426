"""The enforcing bodies: who they are, and which one a dock belongs to. Every function works in the caller's transaction.

What a dock was enrolled under (`docks.agency`) is free text of its time: an agency's code or, of old docks, its name. A
dock of neither is of no agency until one of that name is added. A dock of an agency that was merged (docs/adr/0027) is the
successor's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace

from sqlalchemy import ColumnElement, CompoundSelect, RowMapping, Select, func, insert, or_, select, union_all, update

from liuhen_server.database import Connection
from liuhen_server.database.schema import docks
from liuhen_server.registry.fields import Mistakes, Outdated, line
from liuhen_server.registry.schema import agencies, agency_mergers

__all__ = [
    "Agency",
    "add_agency",
    "agencies_of_docks",
    "agency_of_dock",
    "agency_then",
    "change_agency",
    "check_agency",
    "codes_of",
    "docks_of",
    "every_agency",
    "find_agency",
    "heir_of",
    "unassigned_docks",
]

_CODE = re.compile(r"[a-z0-9-]{2,32}\Z")
_CREDIT_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}\Z")  # GB 32100-2015: no I, O, S, V, Z
_CASE_WORD = re.compile(r"[\u4e00-\u9fff]{2,16}\Z")


@dataclass(frozen=True, slots=True)
class Agency:
    """`short` stands on narrow screens; `case_word` begins its case numbers (朝县市监). `version` 0: not kept yet."""

    code: str
    name: str
    short: str
    case_word: str
    credit_code: str | None = None
    active: bool = True
    version: int = 0

    @property
    def number(self) -> str:
        """How it stands in the log."""
        return f"agency-{self.code}"


def check_agency(given: Agency) -> Agency:
    """As it may be kept. Raises Mistakes, all of them at once: field → key of its sentence (`mistake.<key>`)."""
    wrong: dict[str, str] = {}
    if not _CODE.match(given.code):
        wrong["code"] = "agency_code"
    name, short = line(given.name, 64, "name", wrong), line(given.short, 16, "short", wrong)
    if not _CASE_WORD.match(given.case_word):
        wrong["case_word"] = "case_word"
    credit_code = (given.credit_code or "").strip().upper() or None
    if credit_code is not None and not _CREDIT_CODE.match(credit_code):
        wrong["credit_code"] = "credit_code"
    if wrong:
        raise Mistakes(wrong)
    return replace(given, name=name, short=short, credit_code=credit_code)


async def add_agency(conn: Connection, given: Agency) -> Agency:
    """Raises Mistakes; its code and name are unlike every other's code and name, or docks could belong to two."""
    checked = replace(check_agency(given), version=1)
    await _unlike_others(conn, checked, own_code=None)
    await conn.execute(insert(agencies).values(**asdict(checked)))
    return checked


async def change_agency(conn: Connection, given: Agency) -> Agency:
    """Saves what was drawn from `given.version`. Raises Mistakes, Outdated (somebody saved meanwhile), LookupError."""
    checked = check_agency(given)
    if await heir_of(conn, checked.code) is not None:
        raise Mistakes({"name": "agency_merged"})
    await _unlike_others(conn, checked, own_code=checked.code)
    kept = replace(checked, version=checked.version + 1)
    saved = await conn.execute(
        update(agencies)
        .where(agencies.c.code == kept.code, agencies.c.version == given.version)
        .values(**asdict(kept))
        .returning(agencies.c.code)
    )
    if saved.scalar() is None:
        now = await find_agency(conn, given.code)
        if now is None:
            raise LookupError(given.code)
        raise Outdated(now.version)
    return kept


async def find_agency(conn: Connection, code: str) -> Agency | None:
    if not _CODE.match(code):
        return None
    row = (await conn.execute(select(agencies).where(agencies.c.code == code))).mappings().one_or_none()
    return None if row is None else _agency(row)


async def every_agency(conn: Connection, *, active: bool = False) -> list[Agency]:
    """By code; `active`: without those that no longer enforce."""
    query = select(agencies).order_by(agencies.c.code)
    rows = await conn.execute(query.where(agencies.c.active.is_(True)) if active else query)
    return [_agency(row) for row in rows.mappings()]


async def agency_of_dock(conn: Connection, dock: str) -> str | None:
    """The code of the agency that a dock belongs to; None: of no agency that is known here."""
    query = (
        select(func.coalesce(agency_mergers.c.heir, agencies.c.code))
        .join(docks, or_(docks.c.agency == agencies.c.code, docks.c.agency == agencies.c.name))
        .outerjoin(agency_mergers, (agency_mergers.c.agency == agencies.c.code) & agency_mergers.c.heir.is_not(None))
        .where(docks.c.name == dock)
    )
    found: str | None = (await conn.execute(query)).scalar_one_or_none()
    return found


async def agencies_of_docks(conn: Connection) -> dict[str, str]:
    """Which agency's each dock is; a dock of none that is known is left out."""
    query = (
        select(docks.c.name, func.coalesce(agency_mergers.c.heir, agencies.c.code))
        .join(agencies, or_(docks.c.agency == agencies.c.code, docks.c.agency == agencies.c.name))
        .outerjoin(agency_mergers, (agency_mergers.c.agency == agencies.c.code) & agency_mergers.c.heir.is_not(None))
    )
    return {row[0]: row[1] for row in await conn.execute(query)}


async def agency_then(conn: Connection, names: Iterable[str]) -> Callable[[str, str], str | None]:
    """Says of these docks, by name and a time, whose a dock was then: of the agency it was enrolled under, until that was merged."""
    named = or_(docks.c.agency == agencies.c.code, docks.c.agency == agencies.c.name)
    query = select(docks.c.name, agencies.c.code).join(agencies, named).where(docks.c.name.in_(set(names)))
    enrolled = {row.name: row.code for row in await conn.execute(query)}
    merged = select(agency_mergers.c.agency, agency_mergers.c.into, agency_mergers.c.decided_time)
    mergers = {row.agency: row for row in await conn.execute(merged.where(agency_mergers.c.heir.is_not(None)))}

    def whose(dock: str, time: str) -> str | None:
        code: str | None = enrolled.get(dock)
        # never in a circle: nothing is merged into what was merged
        while code in mergers and mergers[code].decided_time <= time:
            code = mergers[code].into
        return code

    return whose


def docks_of(code: str | None) -> Select[tuple[str]]:
    """The names of an agency's docks, for the WHERE of lists: `table.c.dock.in_(docks_of(code))`. Of None: none. Docks of those it
    carries on for are its own.
    """
    named: ColumnElement[bool] = or_(docks.c.agency == agencies.c.code, docks.c.agency == agencies.c.name)
    return select(docks.c.name).join(agencies, named).where(agencies.c.code.in_(codes_of(code)))


def codes_of(code: str | None) -> CompoundSelect[str]:
    """The agency and those it carries on for, for the WHERE of lists. Of None: none."""
    before = select(agency_mergers.c.agency).where(agency_mergers.c.heir == (code or ""))
    return union_all(select(agencies.c.code).where(agencies.c.code == (code or "")), before)


async def heir_of(conn: Connection, code: str) -> str | None:
    """Who carries on for an agency that was merged; None: it was not."""
    query = select(agency_mergers.c.heir).where(agency_mergers.c.agency == code, agency_mergers.c.heir.is_not(None))
    found: str | None = (await conn.execute(query)).scalar()
    return found


async def unassigned_docks(conn: Connection) -> list[tuple[str, str]]:
    """Docks of no agency that is known here: (name, what they were enrolled under). Those who see all see them."""
    named = or_(docks.c.agency == agencies.c.code, docks.c.agency == agencies.c.name)
    query = select(docks.c.name, docks.c.agency).outerjoin(agencies, named).where(agencies.c.code.is_(None))
    return [(row.name, row.agency) for row in await conn.execute(query.order_by(docks.c.name))]


async def _unlike_others(conn: Connection, checked: Agency, own_code: str | None) -> None:
    words = (checked.code, checked.name)
    query = select(agencies.c.code, agencies.c.name).where(or_(agencies.c.code.in_(words), agencies.c.name.in_(words)))
    others = [row for row in await conn.execute(query) if row.code != own_code]
    if others:
        taken = {word for row in others for word in (row.code, row.name)}
        raise Mistakes({field: "taken" for field in ("code", "name") if getattr(checked, field) in taken})


def _agency(row: RowMapping) -> Agency:
    return Agency(**{name: row[name] for name in Agency.__dataclass_fields__})
