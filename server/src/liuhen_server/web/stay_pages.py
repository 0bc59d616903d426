"""Stays of recorders: the list, and the account of one stay with every file's fate. No footage is shown, so no view is recorded."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import ColumnElement, and_, literal, select, true

from liuhen_protocol.moment import format_time
from liuhen_server.custody.schema import stays
from liuhen_server.custody.stay_account import Account, Fate
from liuhen_server.custody.stay_reading import read_account
from liuhen_server.custody.stays import LACKS, Stay, StayReader, find_stay, stay_of
from liuhen_server.database import Connection
from liuhen_server.database.schema import docks
from liuhen_server.people.access import Thing
from liuhen_server.people.roles import Action
from liuhen_server.registry.agencies import agency_of_dock
from liuhen_server.registry.officers import find_officer
from liuhen_server.registry.proposals import Proposal, decided_of_stay
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.guard import Problem, of_reachable_docks
from liuhen_server.web.language import Words
from liuhen_server.web.paging import COUNTED, Turn, counted, cut
from liuhen_server.web.render import page, words_of
from liuhen_server.web.routes import get
from liuhen_server.web.stated import told

__all__ = ["ROUTES", "STAY", "STAYS", "caught_up", "decision_told", "prepare", "stay_asked_for"]

log = logging.getLogger("liuhen.people")
STAYS: web.AppKey[StayReader] = web.AppKey("stays", StayReader)
STAY = web.RequestKey("stay", Stay)
PAGE_FILES = 200
MOST_NAMES = 200  # gaps and deleted entries shown by name


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; empty text asks for nothing. `day` is a day of the agency's zone."""

    dock: str = ""
    day: str = ""
    lacking: bool = False
    turn: Turn = field(default_factory=Turn)

    @classmethod
    def of(cls, request: web.Request) -> Filters:
        query = request.query
        dock = query.get("dock", "")
        return cls(
            dock=dock.strip()[:80] if dock.isprintable() else "",
            day=_day(query.get("day", "")),
            lacking=query.get("lacking") == "yes",
            turn=Turn.of(query),
        )

    @property
    def any(self) -> bool:
        return bool(self.dock or self.day or self.lacking)

    def address(self, turn: Turn) -> str:
        values = {"dock": self.dock, "day": self.day, "lacking": "yes" if self.lacking else ""}
        kept = {name: value for name, value in values.items() if value} | turn.fields()
        return "/stays" + ("?" + urlencode(kept) if kept else "")

    def condition(self, zone: timezone) -> ColumnElement[bool]:
        wanted: list[ColumnElement[bool]] = [true()]
        if self.dock:
            wanted.append(stays.c.dock == self.dock)
        if self.day:
            begins = datetime.combine(date.fromisoformat(self.day), time(), zone)
            wanted.append(stays.c.time >= format_time(begins))
            wanted.append(stays.c.time < format_time(begins + timedelta(days=1)))
        if self.lacking:
            wanted.append(LACKS)
        return and_(*wanted)


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,5}", text) else 1


def _day(text: str) -> str:
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        return ""
    return parsed.isoformat() if 1971 <= parsed.year <= 9000 else ""


def prepare(application: web.Application) -> None:
    application[STAYS] = StayReader(application[CONTEXT].database)


async def caught_up(request: web.Request) -> None:
    """For pages that only point to stays: they are shown even where this fails."""
    try:
        await request.app[STAYS].catch_up()
    except Exception:
        log.exception("the stays of recorders could not be read from the log")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stay ended: `kind` chooses shape and colour (holds, undecided, broken, open), `key` the words."""

    kind: str
    key: str


def outcome(stay: Stay) -> Outcome:
    """What became of the recorder: one table."""
    if stay.premature:
        return Outcome("broken", "stay.premature")
    if stay.cleared:
        return Outcome("holds", "stay.cleared")
    if stay.ended_seq is None:
        return Outcome("open", "stay.open")
    if stay.quarantined:
        return Outcome("undecided", "stay.quarantined")
    if stay.failed or stay.problems:
        return Outcome("undecided", "stay.kept_for_cause")
    return Outcome("holds", "stay.kept")


def lacking(stay: Stay, words: Words) -> str:
    """What is missing, in one line; empty when nothing is."""
    counts = (
        ("failed", stay.failed),
        ("missing", stay.missing),
        ("deleted", stay.deleted),
        ("problems", stay.problems),
    )
    return words("list.and").join(words(f"stay.lacks.{name}", count=count) for name, count in counts if count)


async def show_list(request: web.Request) -> web.StreamResponse:
    context, filters, words = request.app[CONTEXT], Filters.of(request), words_of(request)
    await request.app[STAYS].catch_up()
    reachable = of_reachable_docks(request, stays.c.dock, Action.SEE_EVIDENCE)
    condition = and_(reachable, filters.condition(context.zone))
    async with context.database.read() as conn:
        total = await counted(conn, select(literal(1)).select_from(stays).where(condition))
        found = await cut(conn, select(stays).where(condition), stays.c.time, stays.c.docked_index, filters.turn)
        rows = [stay_of(row) for row in found.rows]
        every = select(docks.c.name).where(of_reachable_docks(request, docks.c.name, Action.SEE_EVIDENCE))
        names = list((await conn.execute(every.order_by(docks.c.name))).scalars())
    return page(
        request,
        "stays.html",
        filters=filters,
        rows=[(stay, outcome(stay), lacking(stay, words)) for stay in rows],
        total=words.count(total, COUNTED),
        newer=found.newer and filters.address(found.newer),
        older=found.older and filters.address(found.older),
        docks=names,
    )


async def stay_asked_for(request: web.Request) -> Thing:
    """Finds the stay that the address names (`request[STAY]`). Raises the problem page for one that is none."""
    await request.app[STAYS].catch_up()
    async with request.app[CONTEXT].database.read() as conn:
        stay = await find_stay(conn, int(request.match_info["index"]))
        if stay is None:
            raise Problem("no_such_stay", 404)
        agency = await agency_of_dock(conn, stay.dock)
    request[STAY] = stay
    return Thing(f"stay-{stay.docked_index}", agency)


async def show(request: web.Request) -> web.StreamResponse:
    context, words, stay = request.app[CONTEXT], words_of(request), request[STAY]
    async with context.database.read() as conn:
        read = await read_account(conn, stay)
        decided, whom = await decision_told(conn, stay)
    if read is None:
        raise Problem("no_such_stay", 404)
    found, clips = read
    number, pages = _number(request.query.get("page", "1")), max(1, -(-len(found.files) // PAGE_FILES))
    start = (min(number, pages) - 1) * PAGE_FILES
    return page(
        request,
        "stay.html",
        stay=stay,
        found=found,
        clips=clips,
        outcome=outcome(stay),
        why=why_kept(found, words),
        sentence=sentence(found, words),
        files=found.files[start : start + PAGE_FILES],
        number=min(number, pages),
        pages=pages,
        most=MOST_NAMES,
        offset=offset(found, words),
        told=[told(entry, words) for entry in found.said],
        decided=decided,
        whom=whom,
    )


async def decision_told(conn: Connection, stay: Stay) -> tuple[Proposal | None, str]:
    """What two people said of the clips of an unknown device, and the officer's name; none where nothing was said."""
    decided = await decided_of_stay(conn, stay.docked_index) if stay.quarantined else None
    officer = await find_officer(conn, decided.officer) if decided is not None and decided.officer is not None else None
    return decided, officer.name if officer is not None else ""


def sentence(found: Account, words: Words) -> str:
    """What there was and what became of it, in one sentence."""
    if not found.parts[0]:
        return words("stay.sentence.no_inventory")
    counts = {fate: found.count(fate) for fate in Fate}
    said = [words("stay.sentence.listed", count=len(found.files) - counts[Fate.UNLISTED])]
    said += [words(f"stay.sentence.{fate.value}", count=count) for fate, count in counts.items() if count]
    missing = sum(gap.missing for gap in found.gaps)
    said += [words("stay.sentence.missing", count=missing)] if missing else []
    said += [words("stay.sentence.deleted", count=found.deleted_seen)] if found.deleted_seen else []
    return words("stay.sentence.comma").join(said) + words("stay.sentence.end")


def why_kept(found: Account, words: Words) -> str:
    """Why the recorder was not cleared, as far as the dock said it."""
    if found.cleared or found.undocked is None:
        return ""
    if found.docked.quarantined:
        return words("stay.why.quarantined")
    codes = [alarm.code for alarm in found.alarms if alarm.code != "clock-not-set"]
    if codes:
        return words("stay.why.code", code=words.reason(codes[-1]))
    if found.undocked.premature:
        return words("stay.why.premature")
    return words("stay.why.profile")


def offset(found: Account, words: Words) -> str:
    """How far the recorder's clock was off before it was set."""
    milliseconds = found.docked.clock_offset_ms
    if milliseconds is None:
        return words("stay.clock.unknown")
    late = "slow" if milliseconds < 0 else "fast"
    told_offset = words(f"stay.clock.{late}", seconds=f"{abs(milliseconds) / 1000:,.1f}")
    return told_offset + (words("stay.clock.then_set") if found.clock_set else words("stay.clock.not_set"))


ROUTES = (
    get("/stays", show_list, Action.SEE_EVIDENCE),
    get("/stays/{index:[0-9]{1,18}}", show, Action.SEE_EVIDENCE, stay_asked_for),
)
