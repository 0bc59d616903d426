"""Linking clips to cases: from a clip's page in two clicks, several from the list, or all of a suggestion; nothing by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import select

from liuhen_server.cases.classes import Stage
from liuhen_server.cases.coverage import ListRow, Need, NeedState
from liuhen_server.cases.linking import Goal, history_of_clip, link_clips
from liuhen_server.cases.reading import Case, Link, case_of, needs_of_cases, whole_case
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import cases
from liuhen_server.custody.evidence import Clip
from liuhen_server.database import Connection
from liuhen_server.people.access import Thing
from liuhen_server.people.roles import Action
from liuhen_server.web.case_request import CASE, field, fields, number, reachable_cases
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.guard import Problem, local_address, session_of
from liuhen_server.web.language import Words
from liuhen_server.web.render import page, words_of
from liuhen_server.web.routes import post

__all__ = ["ROUTES", "Choice", "choices", "linked_cases"]

MOST_CASES = 30


@dataclass(frozen=True, slots=True)
class Choice:
    """A case to link to, with its stages and the rows of its list: (value, text) each."""

    case: Case
    goals: tuple[tuple[str, str], ...]


async def choices(request: web.Request, conn: Connection) -> list[Choice]:
    """The open cases this person works on, the newest first; what is missing stands first in each."""
    if not session_of(request).person.may(Action.WORK_CASES):
        return []
    wanted = reachable_cases(request, Action.WORK_CASES) & (cases.c.stage != Stage.ARCHIVED.value)
    query = select(cases).where(wanted).order_by(cases.c.opened_time.desc()).limit(MOST_CASES)
    listed = [case_of(row) for row in (await conn.execute(query)).mappings()]
    asked = await needs_of_cases(conn, listed) if listed else {}
    words = words_of(request)
    return [Choice(case, _goals(case, *asked[case.id], words)) for case in listed]


def _goals(case: Case, of_list: Sequence[ListRow], needs: Sequence[Need], words: Words) -> tuple[tuple[str, str], ...]:
    rules = case.rules
    missing = {(need.stage, need.item) for need in needs if need.state is NeedState.MISSING}
    rows = [row for row in of_list if row.enforcement == case.enforcement]
    rows.sort(key=lambda row: (row.stage, row.item) not in missing)
    given = [
        (
            f"{case.id}:{row.stage.value}:{row.item}",
            words("link.row", stage=words.said(rules.stage_name(row.stage)), what=row.what)
            + (words("link.missing") if (row.stage, row.item) in missing else ""),
        )
        for row in rows
    ]
    order = (case.stage, *(stage for stage in rules.stages if stage is not case.stage))
    given += [(f"{case.id}:{stage.value}:", words.said(rules.stage_name(stage))) for stage in order]
    return tuple((value, f"{text} · {case.number}") for value, text in given)


async def linked_cases(conn: Connection, clip: Clip) -> tuple[tuple[Link, Case], ...]:
    """The cases that this clip belongs or belonged to."""
    return await history_of_clip(conn, clip.dock, clip.sha256)


async def link(request: web.Request) -> web.StreamResponse:
    """The form of a clip's page, of the list and of a suggestion: `to` is case, stage and row; `clip` is dock/sha256, several times."""
    goal = _goal(await field(request, "to"))
    how = await field(request, "how")
    wanted = []
    for text in await fields(request, "clip"):
        dock, _, sha256 = text.rpartition("/")
        wanted.append((dock, sha256))
    back = local_address(await field(request, "back"))
    try:
        assert goal is not None, "the route's own decision was about it"
        how = how if how in ("hand", "bulk", "suggestion") else "hand"
        linked, already = await link_clips(request.app[ACTS], session_of(request).person, goal, wanted, how)
    except Wrong as wrong:
        return page(request, "linked.html", status=422, wrong=wrong.said, back=back, case=None, linked=0, already=0)
    if how == "suggestion":
        raise web.HTTPSeeOther(f"/cases/{goal.case_id}")
    case = request[CASE].case
    return page(request, "linked.html", wrong=None, back=back, case=case, linked=linked, already=already)


async def _case_linked_to(request: web.Request) -> Thing:
    """The case that the form chose is what the decision is about. Raises the problem page where it chose none."""
    goal = _goal(await field(request, "to"))
    async with request.app[CONTEXT].database.read() as conn:
        whole = None if goal is None else await whole_case(conn, goal.case_id)
    if whole is None:
        raise Problem("no_such_case", 404)
    request[CASE] = whole
    return whole.thing


def _goal(text: str) -> Goal | None:
    parts = text.split(":", 2)
    if len(parts) != 3 or not number(parts[0]) or parts[1] not in {stage.value for stage in Stage}:
        return None
    return Goal(number(parts[0]), Stage(parts[1]), parts[2][:40])


ROUTES = (post("/link", link, Action.WORK_CASES, _case_linked_to),)
