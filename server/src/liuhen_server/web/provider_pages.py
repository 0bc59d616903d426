"""Signing in by the county's identity provider: away to it, back from it, and the code of the second factor for who has one.

What belongs to a sign-in under way lies in one cookie of this browser. It is Lax, for the way back is a link from another site;
the session's own cookie stays Strict, so the first page is asked for by a page of ours and not by the provider's redirect.
"""

from __future__ import annotations

import logging
from urllib.parse import quote, unquote

from aiohttp import web

from liuhen_server.people.id_token import NotBelieved
from liuhen_server.people.provider import Flow, Unreachable, flow_of
from liuhen_server.people.provider_door import CodeOwed, NotLinked, ProviderDoor
from liuhen_server.people.roles import Action
from liuhen_server.people.sessions import COOKIE, FORM_COOKIE, form_token, new_token
from liuhen_server.people.sign_in import Locked, Session, Wrong
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.forms import read_form, remote
from liuhen_server.web.guard import Problem, local_address
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post
from liuhen_server.web.sign_in_pages import sign_in_form

__all__ = ["FLOW_COOKIE", "PROVIDER_DOOR", "ROUTES"]

FLOW_COOKIE = "__Host-liuhen-provider"
_FLOW_S = 10 * 60
_MOST_NEXT = 1000
_MOST_CODE = 4096

PROVIDER_DOOR: web.AppKey[ProviderDoor] = web.AppKey("provider_door", ProviderDoor)
log = logging.getLogger("liuhen.people")


def _door(request: web.Request) -> ProviderDoor:
    door = request.app.get(PROVIDER_DOOR)
    if door is None:
        raise Problem("not_found", 404)
    return door


async def leave_for_provider(request: web.Request) -> web.StreamResponse:
    door, secret = _door(request), new_token(request.app[CONTEXT].random_bytes)
    try:
        address = await door.provider.address(flow_of(secret))
    except Unreachable as error:
        return _unreachable(request, error)
    goal = local_address(request.query.get("next", "/"))
    response = web.Response(status=303, headers={"Location": address})
    kept = secret + "." + quote(goal if len(goal) <= _MOST_NEXT else "/", safe="")
    response.set_cookie(FLOW_COOKIE, kept, secure=True, httponly=True, samesite="Lax", path="/", max_age=_FLOW_S)
    return response


def _under_way(request: web.Request) -> tuple[Flow, str] | None:
    """The sign-in that this browser began, and where it wanted to go."""
    secret, _, goal = request.cookies.get(FLOW_COOKIE, "").partition(".")
    return (flow_of(secret), local_address(unquote(goal))) if len(secret) == 43 else None


async def come_back(request: web.Request) -> web.StreamResponse:
    door, under_way = _door(request), _under_way(request)
    state, code = request.query.get("state", ""), request.query.get("code", "")
    if under_way is None or "error" in request.query or not 0 < len(code) <= _MOST_CODE:
        why = "no sign-in under way" if under_way is None else "the provider let nobody in"
        log.warning("sign-in by the identity provider from %s: %s", remote(request), why)
        return _over(sign_in_form(request, 403, "provider.not_done"))
    flow, goal = under_way
    try:
        outcome = await door.enter(flow, state, code, request.query.get("iss"), remote(request))
    except Unreachable as error:
        return _over(_unreachable(request, error))
    except NotBelieved as error:
        log.warning("sign-in by the identity provider from %s not believed: %s", remote(request), error.why)
        return _over(sign_in_form(request, 403, "provider.not_believed"))
    match outcome:
        case NotLinked(subject):
            log.warning("sign-in by the identity provider from %s: no account is linked", remote(request))
            return _over(
                page(request, "provider_not_linked.html", status=403, subject=subject, name=door.provider.name)
            )
        case CodeOwed():
            return _code_form(request, 200)
        case _:
            return _let_in(request, outcome, goal)


async def give_code(request: web.Request) -> web.StreamResponse:
    door, under_way = _door(request), _under_way(request)
    if under_way is None:
        return sign_in_form(request, 403, "provider.not_done")
    flow, goal = under_way
    outcome = await door.with_code(flow, (await read_form(request))["code"], remote(request))
    match outcome:
        case None:
            return _over(sign_in_form(request, 403, "provider.not_done"))
        case Wrong():
            return _code_form(request, 403, "own.wrong_code")
        case Locked(wait_s):
            return _code_form(request, 429, "sign_in.locked", wait_s)
        case _:
            return _let_in(request, outcome, goal)


def _let_in(request: web.Request, outcome: Session | Wrong | Locked, goal: str) -> web.StreamResponse:
    match outcome:
        case Locked(wait_s):
            response: web.StreamResponse = sign_in_form(request, 429, "sign_in.locked", wait_s)
            response.headers["Retry-After"] = str(wait_s)
            return _over(response)
        case Wrong():
            log.warning("sign-in by the identity provider from %s: the account opens nothing", remote(request))
            return _over(sign_in_form(request, 403, "provider.no_entry"))
        case Session() as session:
            onward = "/password" if session.person.must_change else goal
            response = page(request, "provider_onward.html", onward=onward)
            response.set_cookie(COOKIE, session.token, secure=True, httponly=True, samesite="Strict", path="/")
            return _over(response)


def _over(response: web.StreamResponse) -> web.StreamResponse:
    """Nothing of this sign-in is taken again."""
    response.del_cookie(FLOW_COOKIE, path="/", secure=True, httponly=True, samesite="Lax")
    return response


def _code_form(request: web.Request, status: int, wrong: str = "", seconds: int = 0) -> web.StreamResponse:
    secret = request.cookies.get(FORM_COOKIE) or new_token(request.app[CONTEXT].random_bytes)
    response = page(
        request, "provider_code.html", status=status, wrong=wrong, seconds=seconds, form_token=form_token(secret)
    )
    response.set_cookie(FORM_COOKIE, secret, secure=True, httponly=True, samesite="Strict", path="/")
    return response


def _unreachable(request: web.Request, error: Unreachable) -> web.StreamResponse:
    log.error("identity provider: %s", error)
    return sign_in_form(request, 503, "provider.unreachable")


ROUTES = (
    get("/sign-in/provider", leave_for_provider, Action.ENTER),
    get("/sign-in/provider/return", come_back, Action.ENTER),
    post("/sign-in/provider/code", give_code, Action.ENTER),
)
