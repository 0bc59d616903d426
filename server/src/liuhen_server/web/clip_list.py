"""The list of clips: newest first, filters in the address, each with what the verifier said last."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import ColumnElement, and_, literal, select

from liuhen_protocol.moment import format_time
from liuhen_protocol.report import Verdict
from liuhen_server.cases.linking import is_linked, links_of_clips
from liuhen_server.custody.checking import Checker
from liuhen_server.custody.evidence import ORIGINAL, Clip, clip_of
from liuhen_server.custody.schema import clip_checks
from liuhen_server.custody.stays import stays_of_clips
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips, docks
from liuhen_server.people.roles import Action
from liuhen_server.registry.agencies import docks_of
from liuhen_server.web.clip_linking import choices
from liuhen_server.web.clip_request import CHECKER
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.guard import may, of_reachable_docks
from liuhen_server.web.paging import COUNTED, Turn, beside, counted, cut
from liuhen_server.web.render import page, words_of
from liuhen_server.web.routes import get
from liuhen_server.web.search_pages import record_search
from liuhen_server.web.stay_pages import caught_up

__all__ = ["ROUTES", "Filters", "prepare"]

log = logging.getLogger("liuhen.people")
UNLINKED = ("0", "7", "30", "90")
"""Days: what was collected longer ago and belongs to no case is asked for."""

CHECK_WAIT_S = 2.0  # how long the list waits for clips that were never checked
CHECKS: web.AppKey[set[asyncio.Task[object]]] = web.AppKey("checks", set)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; empty text asks for nothing. `day` is a day of the agency's zone."""

    dock: str = ""
    officer: str = ""
    recorder: str = ""
    day: str = ""
    verdict: str = ""
    agency: str = ""
    unlinked: str = ""  # days: older than that and of no case
    turn: Turn = field(default_factory=Turn)

    @classmethod
    def of(cls, request: web.Request) -> Filters:
        """Values that are none (a day that does not exist, a place that is none) ask for nothing."""
        query = request.query
        return cls(
            dock=_name(query.get("dock", "")),
            officer=_name(query.get("officer", "")),
            recorder=_name(query.get("recorder", ""), 255),
            day=_day(query.get("day", "")),
            agency=_name(query.get("agency", ""), 32),
            verdict=query.get("verdict", "") if query.get("verdict") in {v.value for v in Verdict} else "",
            unlinked=query.get("unlinked", "") if query.get("unlinked") in UNLINKED else "",
            turn=Turn.of(query),
        )

    @property
    def any(self) -> bool:
        return bool(
            self.dock or self.officer or self.recorder or self.day or self.verdict or self.unlinked or self.agency
        )

    def address(self, turn: Turn) -> str:
        values = {"dock": self.dock, "officer": self.officer, "day": self.day, "verdict": self.verdict}
        values |= {"unlinked": self.unlinked, "recorder": self.recorder, "agency": self.agency}
        kept = {name: value for name, value in values.items() if value} | turn.fields()
        return "/clips" + ("?" + urlencode(kept) if kept else "")

    def condition(self, zone: timezone, now: datetime) -> ColumnElement[bool]:
        """Of what is asked for, the one thing that leaves least goes by its index, the rest is asked beside it: a database
        that knows nothing of how values are spread could choose the index that leaves half a million rows.
        """
        wanted: list[ColumnElement[bool]] = [clips.c.kind == ORIGINAL]
        if self.officer:
            wanted.append(clips.c.officer == self.officer)
        if self.recorder:
            wanted.append((beside(clips.c.recorder) if self.officer else clips.c.recorder) == self.recorder)
        if self.dock:
            wanted.append((beside(clips.c.dock) if self.officer or self.recorder else clips.c.dock) == self.dock)
        if self.day:
            begins = datetime.combine(date.fromisoformat(self.day), time(), zone)
            wanted.append(clips.c.collected_time >= format_time(begins))
            wanted.append(clips.c.collected_time < format_time(begins + timedelta(days=1)))
        if self.verdict:
            alone = not (self.officer or self.recorder or self.dock or self.day)
            wanted.append((clips.c.verdict if alone else beside(clips.c.verdict)) == self.verdict)
        if self.agency:
            wanted.append(clips.c.dock.in_(docks_of(self.agency)))
        if self.unlinked:
            wanted.append(clips.c.collected_time <= format_time(now - timedelta(days=int(self.unlinked))))
            wanted.append(~is_linked())
        return and_(*wanted)


def _name(text: str, most: int = 80) -> str:
    """No statement's name has a control character, and PostgreSQL refuses to be asked for a NUL."""
    return text.strip()[:most] if text.isprintable() else ""


def _day(text: str) -> str:
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        return ""
    return parsed.isoformat() if 1971 <= parsed.year <= 9000 else ""


@dataclass(frozen=True, slots=True)
class Row:
    """`verdict` as it was last found, None when the clip was never checked."""

    clip: Clip
    verdict: str | None
    checked_time: str | None


def prepare(application: web.Application) -> None:
    application[CHECKS] = set()
    application.on_cleanup.append(_stop_checks)


async def _stop_checks(application: web.Application) -> None:
    for task in application[CHECKS]:
        task.cancel()
    await asyncio.gather(*application[CHECKS], return_exceptions=True)


async def show(request: web.Request) -> web.StreamResponse:
    context, filters = request.app[CONTEXT], Filters.of(request)
    reachable = of_reachable_docks(request, beside(clips.c.dock), Action.SEE_EVIDENCE)
    wanted = and_(reachable, filters.condition(context.zone, context.now()))
    async with context.database.read() as conn:
        found = await _listed(conn, wanted, filters.turn)
        every = select(docks.c.name).where(of_reachable_docks(request, docks.c.name, Action.SEE_EVIDENCE))
        names = list((await conn.execute(every.order_by(docks.c.name))).scalars())
    unchecked = [row.clip for row in found.rows if row.verdict is None and row.clip.stored_index is not None]
    if unchecked:
        await _check(request.app, unchecked)
        async with context.database.read() as conn:
            found = await _listed(conn, wanted, filters.turn)
    if filters.officer:
        await record_search(request, filters.officer, found.total)
    await caught_up(request)
    async with context.database.read() as conn:
        of = await stays_of_clips(conn, [(r.clip.dock, r.clip.session, r.clip.promised_index) for r in found.rows])
        belong = await links_of_clips(conn, [(r.clip.dock, r.clip.sha256) for r in found.rows])
        given = await choices(request, conn)
    return page(
        request,
        "clips.html",
        filters=filters,
        rows=found.rows,
        stays=of,
        total=words_of(request).count(found.total, COUNTED),
        newer=found.newer and filters.address(found.newer),
        older=found.older and filters.address(found.older),
        docks=names,
        verdicts=list(Verdict),
        unlinked=UNLINKED,
        belong=belong,
        choices=given,
        sees_cases=may(request, Action.SEE_CASES),
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the list, how many match in all (up to a bound), and where to turn."""

    rows: list[Row]
    total: int
    newer: Turn | None
    older: Turn | None


async def _listed(conn: Connection, condition: ColumnElement[bool], turn: Turn) -> Listed:
    total = await counted(conn, select(literal(1)).select_from(clips).where(condition))
    joined = clips.outerjoin(
        clip_checks, and_(clip_checks.c.sha256 == clips.c.sha256, clip_checks.c.dock == clips.c.dock)
    )
    query = select(clips, clip_checks.c.verdict.label("said"), clip_checks.c.checked_time).select_from(joined)
    found = await cut(conn, query.where(condition), clips.c.collected_time, clips.c.promised_index, turn)
    rows = [Row(clip_of(row), row["said"], row["checked_time"]) for row in found.rows]
    return Listed(rows, total, found.newer, found.older)


async def _check(application: web.Application, wanted: list[Clip]) -> None:
    """Checks clips that nobody has looked at yet; the list waits a little, and long ones go on after it."""
    running, checker = application[CHECKS], application[CHECKER]
    named = {task.get_name() for task in running}
    for clip in wanted:
        name = f"check {clip.dock} {clip.sha256}"
        if name not in named:
            task: asyncio.Task[object] = asyncio.create_task(_one(checker, clip), name=name)
            running.add(task)
            task.add_done_callback(running.discard)
    if running:
        await asyncio.wait(set(running), timeout=CHECK_WAIT_S)


async def _one(checker: Checker, clip: Clip) -> object:
    try:
        return await checker.check(clip)
    except Exception:
        log.exception("clip %s of %s could not be checked", clip.sha256, clip.dock)
        return None


ROUTES = (get("/clips", show, Action.SEE_EVIDENCE),)
