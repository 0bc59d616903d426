"""What nobody has said anything of yet: unknown recorders and clips in quarantine. One proposes, another confirms; both are entries."""

from __future__ import annotations

from aiohttp import web

from liuhen_server.custody.schema import stays
from liuhen_server.custody.stays import Stay
from liuhen_server.people.access import Allowed, Thing, decide, visible
from liuhen_server.people.roles import Action
from liuhen_server.registry.agencies import every_agency
from liuhen_server.registry.fields import Mistakes, Outdated
from liuhen_server.registry.proposals import (
    About,
    Decision,
    NotThisPerson,
    Outcome,
    Proposal,
    find_proposal,
    list_proposals,
    propose,
)
from liuhen_server.registry.proposals import decide as decide_proposal
from liuhen_server.registry.seen import in_quarantine, unknown_recorders
from liuhen_server.web.case_request import names_of
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.forms import Form, read_form
from liuhen_server.web.guard import Problem, of_reachable_docks, session_of
from liuhen_server.web.recorder_request import limited_to, officers_to_choose, to_choose
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post
from liuhen_server.web.stay_pages import STAY, STAYS, stay_asked_for

__all__ = ["ROUTES"]

DECIDED_SHOWN = 50
_PROPOSAL = web.RequestKey("proposal", Proposal)
_ACTION = {About.RECORDER: Action.RESOLVE_RECORDERS, About.CLIPS: Action.RESOLVE_CLIPS}


async def show(request: web.Request) -> web.StreamResponse:
    return await _draw(request, 200)


async def _draw(request: web.Request, status: int, told: str = "") -> web.StreamResponse:
    """`told`: why nothing was decided (a key of the texts)."""
    person, own = session_of(request).person, limited_to(request, Action.SEE_REGISTRY)
    sees_stays = visible(person, Action.SEE_EVIDENCE) is not None
    await request.app[STAYS].catch_up()
    async with request.app[CONTEXT].database.read() as conn:
        unknown = await unknown_recorders(conn, of_reachable_docks(request, stays.c.dock, Action.SEE_REGISTRY))
        held_back: list[Stay] = []
        if sees_stays:
            held_back = await in_quarantine(conn, of_reachable_docks(request, stays.c.dock, Action.SEE_EVIDENCE))
        shown = [About.RECORDER, About.CLIPS] if sees_stays else [About.RECORDER]
        waiting = [each for each in await list_proposals(conn, agency=own, is_open=True) if each.kind in shown]
        decided = await list_proposals(conn, agency=own, is_open=False, most=DECIDED_SHOWN)
        decided = [each for each in decided if each.kind in shown]
        every = [*waiting, *decided]
        names = await names_of(
            conn,
            {by for each in every for by in (each.proposed_by, each.decided_by) if by},
            {each.officer for each in every if each.officer is not None},
        )
        agencies = {each.code: each for each in await every_agency(conn)}
    return page(
        request,
        "unregistered.html",
        status=status,
        told=told,
        unknown=unknown,
        held_back=held_back,
        sees_stays=sees_stays,
        waiting=waiting,
        decided=decided,
        proposed={(each.kind, each.about) for each in waiting},
        may_decide={
            each.id for each in waiting if isinstance(decide(person, _ACTION[each.kind], _thing(each)), Allowed)
        },
        may_resolve=visible(person, Action.RESOLVE_RECORDERS) is not None,
        may_resolve_clips=visible(person, Action.RESOLVE_CLIPS) is not None,
        me=person.number,
        names=names,
        agencies=agencies,
        About=About,
        Outcome=Outcome,
    )


# --- proposing


async def new_of_recorder(request: web.Request) -> web.StreamResponse:
    return await _form(request, About.RECORDER, Form({}), 200)


async def new_of_clips(request: web.Request) -> web.StreamResponse:
    return await _form(request, About.CLIPS, Form({}), 200)


async def propose_recorder(request: web.Request) -> web.StreamResponse:
    return await _propose(request, About.RECORDER)


async def propose_clips(request: web.Request) -> web.StreamResponse:
    return await _propose(request, About.CLIPS)


async def _propose(request: web.Request, kind: About) -> web.StreamResponse:
    form, own = await read_form(request), limited_to(request, _ACTION[kind])
    given = Proposal(
        kind,
        Outcome(form["outcome"]) if form["outcome"] in list(Outcome) else Outcome.ASSIGN,
        form["agency"] or None,
        form.number("officer") if form["officer"] else None,
        form["model"],
        form["reason"],
    )
    if own is not None and given.outcome is Outcome.ASSIGN and given.agency != own:
        return await _form(request, kind, form, 422, {"agency": "own_agency"})
    try:
        async with request.app[ACTS].of(session_of(request).person) as act:
            await propose(act, request[STAY], given)
    except Mistakes as mistakes:
        return await _form(request, kind, form, 422, mistakes.fields)
    raise web.HTTPSeeOther("/unregistered")


async def _form(
    request: web.Request, kind: About, form: Form, status: int, mistakes: dict[str, str] | None = None
) -> web.StreamResponse:
    own, stay = limited_to(request, _ACTION[kind]), request[STAY]
    async with request.app[CONTEXT].database.read() as conn:
        agencies = await to_choose(request, conn, _ACTION[kind], None)
        officers = await officers_to_choose(conn, own)
    return page(
        request,
        "proposal.html",
        status=status,
        kind=kind,
        stay=stay,
        fields=form,
        mistakes=mistakes or {},
        agencies=agencies,
        officers=officers,
        About=About,
        Outcome=Outcome,
    )


# --- deciding


def _thing(proposal: Proposal) -> Thing:
    return Thing(proposal.number, proposal.agency or proposal.seen_by)


async def _recorder_proposal(request: web.Request) -> Thing:
    return await _proposal_asked_for(request, About.RECORDER)


async def _clips_proposal(request: web.Request) -> Thing:
    return await _proposal_asked_for(request, About.CLIPS)


async def _proposal_asked_for(request: web.Request, kind: About) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        proposal = await find_proposal(conn, int(request.match_info["proposal"]))
    if proposal is None or proposal.kind is not kind:
        raise Problem("no_such_proposal", 404)
    request[_PROPOSAL] = proposal
    return _thing(proposal)


async def decided(request: web.Request) -> web.StreamResponse:
    form = await read_form(request)
    if form["decision"] not in list(Decision):
        return await _draw(request, 422, "proposal.told.unclear")
    try:
        async with request.app[ACTS].of(session_of(request).person) as act:
            await decide_proposal(act, request[_PROPOSAL].id, form.number("version"), Decision(form["decision"]))
    except NotThisPerson:
        return await _draw(request, 422, "proposal.told.same_person")
    except Outdated:
        return await _draw(request, 409, "proposal.told.meanwhile")
    except Mistakes:
        return await _draw(request, 422, "proposal.told.misfits")
    raise web.HTTPSeeOther("/unregistered")


_RECORDERS, _CLIPS = "/unregistered/recorders", "/unregistered/clips"
_INDEX, _ID = "/{index:[0-9]{1,18}}", "/decide/{proposal:[0-9]{1,18}}"
ROUTES = (
    get("/unregistered", show, Action.SEE_REGISTRY),
    get(_RECORDERS + _INDEX, new_of_recorder, Action.RESOLVE_RECORDERS, stay_asked_for),
    post(_RECORDERS + _INDEX, propose_recorder, Action.RESOLVE_RECORDERS, stay_asked_for),
    get(_CLIPS + _INDEX, new_of_clips, Action.RESOLVE_CLIPS, stay_asked_for),
    post(_CLIPS + _INDEX, propose_clips, Action.RESOLVE_CLIPS, stay_asked_for),
    post(_RECORDERS + _ID, decided, Action.RESOLVE_RECORDERS, _recorder_proposal),
    post(_CLIPS + _ID, decided, Action.RESOLVE_CLIPS, _clips_proposal),
)
