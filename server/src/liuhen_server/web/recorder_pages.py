"""Recorders: the list with how each agency is equipped, and one recorder with who had it, its faults and where it was seen."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from aiohttp import web

from liuhen_protocol.moment import format_time
from liuhen_server.custody.stays import Stay
from liuhen_server.people.access import Thing, visible
from liuhen_server.people.roles import Action
from liuhen_server.registry.agencies import every_agency
from liuhen_server.registry.changes import keep_recorder, versions
from liuhen_server.registry.faults import faults_of, repair_fault, report_fault
from liuhen_server.registry.fields import Mistakes, Outdated
from liuhen_server.registry.holdings import (
    Held,
    Holding,
    How,
    combined,
    end_holding,
    find_holding,
    from_dockings,
    hand_out,
    holdings_of,
    written,
)
from liuhen_server.registry.recorders import (
    STATES,
    Recorder,
    State,
    equipment_of,
    find_recorder,
    list_recorders,
)
from liuhen_server.registry.seen import dockings_of, last_seen, stays_of_recorder
from liuhen_server.web.case_request import names_of
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.forms import Form, read_form
from liuhen_server.web.guard import Problem, may, session_of
from liuhen_server.web.recorder_request import limited_to, moment_typed, officers_to_choose, to_choose
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post
from liuhen_server.web.stay_pages import caught_up

__all__ = ["ROUTES"]

PAGE_ROWS = 50
STAYS_SHOWN = 20
_RECORDER = web.RequestKey("recorder", Recorder)


async def _recorder_asked_for(request: web.Request) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        recorder = await find_recorder(conn, int(request.match_info["recorder"]))
    if recorder is None:
        raise Problem("no_such_recorder", 404)
    request[_RECORDER] = recorder
    return Thing(recorder.number, recorder.agency)


# --- the list


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; empty text asks for nothing."""

    agency: str = ""
    state: str = ""
    text: str = ""
    page: int = 1

    @classmethod
    def of(cls, request: web.Request) -> Filters:
        query = request.query
        text, number = query.get("text", "").strip()[:64], query.get("page", "1")
        return cls(
            query.get("agency", "")[:32],
            query.get("state", "") if query.get("state") in list(State) else "",
            text if text.isprintable() else "",
            int(number) if re.fullmatch(r"[1-9][0-9]{0,5}", number) else 1,
        )

    @property
    def any(self) -> bool:
        return bool(self.agency or self.state or self.text)

    def address(self, number: int) -> str:
        values = {"agency": self.agency, "state": self.state, "text": self.text, "page": str(number)}
        return "/recorders?" + urlencode({name: value for name, value in values.items() if value})


async def recorders(request: web.Request) -> web.StreamResponse:
    filters, own = Filters.of(request), limited_to(request, Action.SEE_REGISTRY)
    await caught_up(request)
    async with request.app[CONTEXT].database.read() as conn:
        known = [each for each in await every_agency(conn) if own is None or each.code == own]
        asked = filters.agency if own is None and filters.agency in {each.code for each in known} else ""
        filters = replace(filters, agency=asked)
        found = await list_recorders(
            conn,
            agency=own if own is not None else filters.agency or None,
            state=State(filters.state) if filters.state else None,
            text=filters.text,
            limit=PAGE_ROWS,
            offset=(filters.page - 1) * PAGE_ROWS,
        )
        seen = await last_seen(conn, [each.serial for each in found.recorders])
        equipment = await equipment_of(conn)
    return page(
        request,
        "recorders.html",
        found=found,
        seen=seen,
        lost=[each.id for each in found.recorders if _came_back(each, seen.get(each.serial))],
        agencies={each.code: each for each in known},
        equipment=[(each, equipment[each.code]) for each in known if each.code in equipment],
        filters=filters,
        chooses=own is None,
        states=list(State),
        pages=max(1, -(-found.total // PAGE_ROWS)),
        sees_stays=visible(session_of(request).person, Action.SEE_EVIDENCE) is not None,
    )


def _came_back(recorder: Recorder, last: Stay | None) -> bool:
    """Whether a dock saw it after it was said to be gone."""
    gone = recorder.state in (State.LOST, State.SCRAPPED)
    return gone and last is not None and last.time > recorder.state_time


# --- one recorder


async def new_recorder(request: web.Request) -> web.StreamResponse:
    return await _new_form(request, Recorder("", limited_to(request, Action.KEEP_RECORDERS) or ""), 200)


async def add_recorder(request: web.Request) -> web.StreamResponse:
    form = await read_form(request)
    typed = Recorder(form["serial"], form["agency"], form["model"], _state_of(form, State.IN_USE))
    own = limited_to(request, Action.KEEP_RECORDERS)
    if own is not None and typed.agency != own:
        return await _new_form(request, typed, 422, {"agency": "own_agency"})
    try:
        async with request.app[ACTS].of(session_of(request).person) as act:
            kept = await keep_recorder(act, typed)
    except Mistakes as mistakes:
        return await _new_form(request, typed, 422, mistakes.fields)
    raise web.HTTPSeeOther(f"/recorders/{kept.id}")


async def _new_form(
    request: web.Request, typed: Recorder, status: int, mistakes: dict[str, str] | None = None
) -> web.StreamResponse:
    async with request.app[CONTEXT].database.read() as conn:
        agencies = await to_choose(request, conn, Action.KEEP_RECORDERS, typed.agency)
    return page(
        request,
        "new_recorder.html",
        status=status,
        draft=typed,
        mistakes=mistakes or {},
        agencies=agencies,
        states=(State.IN_USE, State.SPARE),
    )


async def recorder(request: web.Request) -> web.StreamResponse:
    return await _draw(request, 200)


async def change_recorder(request: web.Request) -> web.StreamResponse:
    form, known = await read_form(request), request[_RECORDER]
    typed = replace(
        known,
        agency=form["agency"] or known.agency,
        model=form["model"],
        state=_state_of(form, known.state),
        version=form.number("version"),
    )
    own = limited_to(request, Action.KEEP_RECORDERS)
    if own is not None and typed.agency != own:
        return await _draw(request, 422, draft=typed, mistakes={"agency": "own_agency"})
    try:
        async with request.app[ACTS].of(session_of(request).person) as act:
            await keep_recorder(act, replace(typed, version=max(1, typed.version)))
    except Mistakes as mistakes:
        return await _draw(request, 422, draft=typed, mistakes=mistakes.fields)
    except Outdated as outdated:
        return await _draw(request, 409, draft=replace(typed, version=outdated.version), meanwhile=True)
    raise _back(known)


def _state_of(form: Form, otherwise: State) -> State:
    return State(form["state"]) if form["state"] in list(State) else otherwise


def _back(known: Recorder) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(f"/recorders/{known.id}")


async def add_holding(request: web.Request) -> web.StreamResponse:
    form, known, context = await read_form(request), request[_RECORDER], request.app[CONTEXT]
    try:
        since = moment_typed(form["since"], context.zone, "since")
        until = moment_typed(form["until"], context.zone, "until")
        async with request.app[ACTS].of(session_of(request).person) as act:
            now = await find_recorder(act.conn, known.id) or known
            await hand_out(act, now, Holding(known.id, form.number("officer"), since or act.time, until))
    except Mistakes as mistakes:
        return await _draw(request, 422, mistakes=mistakes.fields, typed_fields=form)
    raise _back(known)


async def give_back(request: web.Request) -> web.StreamResponse:
    form, known, context = await read_form(request), request[_RECORDER], request.app[CONTEXT]
    holding_id = int(request.match_info["holding"])
    try:
        until = moment_typed(form["back"], context.zone, "back")
        async with request.app[ACTS].of(session_of(request).person) as act:
            holding = await find_holding(act.conn, holding_id)
            if holding is None or holding.recorder != known.id:
                raise LookupError(holding_id)
            await end_holding(act, holding_id, form.number("version"), until or format_time(context.now()))
    except Mistakes as mistakes:
        return await _draw(request, 422, mistakes={"back": next(iter(mistakes.fields.values()))}, typed_fields=form)
    except Outdated:
        return await _draw(request, 409, meanwhile=True)
    except LookupError:
        raise Problem("no_such_recorder", 404) from None
    raise _back(known)


async def add_fault(request: web.Request) -> web.StreamResponse:
    form, known = await read_form(request), request[_RECORDER]
    try:
        async with request.app[ACTS].of(session_of(request).person) as act:
            await report_fault(act, known.id, form["what"])
    except Mistakes as mistakes:
        return await _draw(request, 422, mistakes=mistakes.fields, typed_fields=form)
    raise _back(known)


async def repaired(request: web.Request) -> web.StreamResponse:
    form, known = await read_form(request), request[_RECORDER]
    try:
        async with request.app[ACTS].of(session_of(request).person) as act:
            fault_id = int(request.match_info["fault"])
            await repair_fault(act, known.id, fault_id, form.number("version"), form["repair"])
    except Mistakes as mistakes:
        return await _draw(request, 422, mistakes=mistakes.fields, typed_fields=form)
    except Outdated:
        return await _draw(request, 409, meanwhile=True)
    except LookupError:
        raise Problem("no_such_recorder", 404) from None
    raise _back(known)


async def _draw(
    request: web.Request,
    status: int,
    draft: Recorder | None = None,
    mistakes: dict[str, str] | None = None,
    meanwhile: bool = False,
    typed_fields: Form | None = None,
) -> web.StreamResponse:
    await caught_up(request)
    async with request.app[CONTEXT].database.read() as conn:
        known = await find_recorder(conn, request[_RECORDER].id) or request[_RECORDER]
        rows = [written(each) for each in await holdings_of(conn, known.id)]
        stays = await stays_of_recorder(conn, known.serial)
        said = from_dockings(await dockings_of(conn, known, stays))
        held = combined(rows, said)
        faults = await faults_of(conn, known.id)
        history = await versions(conn, known.number)
        names = await names_of(
            conn,
            {each.by for each in history}
            | {by for fault in faults for by in (fault.reported_by, fault.repaired_by) if by},
            {each.officer for each in held},
        )
        agencies = await to_choose(request, conn, Action.KEEP_RECORDERS, known.agency)
        officers = await officers_to_choose(conn, known.agency)
    now, number_of = _now(held), _now(said)
    return page(
        request,
        "recorder.html",
        status=status,
        known=known,
        draft=draft or known,
        mistakes=mistakes or {},
        meanwhile=meanwhile,
        fields=typed_fields or Form({}),
        held=tuple(reversed(held)),
        now=now,
        unlike=now is not None
        and now.how is not How.RECORDER
        and number_of is not None
        and number_of.officer != now.officer,
        faults=faults,
        stays=stays[:STAYS_SHOWN],
        last=stays[0] if stays else None,
        came_back=_came_back(known, stays[0] if stays else None),
        history=history,
        names=names,
        agencies=agencies,
        agency=next((each for each in agencies if each.code == known.agency), None),
        officers=officers,
        states=[known.state, *(each for each in State if each in STATES[known.state])],
        State=State,
        may_keep=may(request, Action.KEEP_RECORDERS),
        may_report=may(request, Action.REPORT_FAULTS) and known.state not in (State.LOST, State.SCRAPPED),
        sees_stays=visible(session_of(request).person, Action.SEE_EVIDENCE) is not None,
    )


def _now(held: tuple[Held, ...]) -> Held | None:
    """Who has it still."""
    return held[-1] if held and held[-1].until is None else None


_ONE = "/recorders/{recorder:[0-9]{1,18}}"
ROUTES = (
    get("/recorders", recorders, Action.SEE_REGISTRY),
    post("/recorders", add_recorder, Action.KEEP_RECORDERS),
    get("/new-recorder", new_recorder, Action.KEEP_RECORDERS),
    get(_ONE, recorder, Action.SEE_REGISTRY, _recorder_asked_for),
    post(_ONE, change_recorder, Action.KEEP_RECORDERS, _recorder_asked_for),
    post(_ONE + "/holdings", add_holding, Action.KEEP_RECORDERS, _recorder_asked_for),
    post(_ONE + "/holdings/{holding:[0-9]{1,18}}", give_back, Action.KEEP_RECORDERS, _recorder_asked_for),
    post(_ONE + "/faults", add_fault, Action.REPORT_FAULTS, _recorder_asked_for),
    post(_ONE + "/faults/{fault:[0-9]{1,18}}", repaired, Action.KEEP_RECORDERS, _recorder_asked_for),
)
