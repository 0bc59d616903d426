"""What stands before every page: security headers, the session, form tokens, who may do what, and pages for errors.

A page never decides about access: its route names an action and what it is about, `access.decide` says yes or no, and a
no is written down (`access.refused`).
"""

import logging
import secrets
from urllib.parse import urlencode

from aiohttp import BodyPartReader, MultipartReader, hdrs, web
from sqlalchemy import ColumnElement, true

from liuhen_server.database import DatabaseUnavailable
from liuhen_server.people.access import Allowed, Thing, decide, visible
from liuhen_server.people.refusals import Refusals
from liuhen_server.people.roles import Action, Scope
from liuhen_server.people.sessions import COOKIE, FORM_COOKIE, form_token_matches
from liuhen_server.people.sign_in import Session, SignIn
from liuhen_server.registry.agencies import docks_of
from liuhen_server.web.api_answers import answer, is_api
from liuhen_server.web.problem import Problem
from liuhen_server.web.render import SESSION_KEY, page
from liuhen_server.web.routes import Handler, Route, rule_of

__all__ = [
    "REFUSALS",
    "SIGN_IN",
    "THING",
    "UPLOAD",
    "Problem",
    "guarded",
    "local_address",
    "may",
    "of_reachable_docks",
    "session_of",
    "shown_path",
]

SIGN_IN: web.AppKey[SignIn] = web.AppKey("sign_in", SignIn)
REFUSALS: web.AppKey[Refusals] = web.AppKey("refusals", Refusals)
THING = web.RequestKey("thing", Thing)
UPLOAD = web.RequestKey("upload", MultipartReader)
log = logging.getLogger("liuhen.people")

_BEFORE_SIGNING_IN = (
    "/sign-in",
    "/sign-in/provider/code",
    "/first",
)  # their forms carry the token of a cookie of their own
_BEFORE_CHANGE = ("/password", "/sign-out")  # what someone with a one-time password may do

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=(), payment=()",
    "Strict-Transport-Security": "max-age=31536000",
    "Server": "liuhen",
}


def session_of(request: web.Request) -> Session:
    session: Session | None = request.get(SESSION_KEY)
    if session is None:
        raise Problem("signed_out", 401)
    return session


def may(request: web.Request, action: Action) -> bool:
    """Whether the person of this request may also do another thing to what the request is about (to show a button)."""
    return isinstance(decide(session_of(request).person, action, request.get(THING)), Allowed)


def of_reachable_docks(request: web.Request, dock: ColumnElement[str], action: Action) -> ColumnElement[bool]:
    """The WHERE of a list: rows of docks whose recordings this person may see as `action`. Raises Problem for none at all."""
    person = session_of(request).person
    match visible(person, action):
        case Scope.ALL:
            return true()
        case Scope.AGENCY:
            return dock.in_(docks_of(person.agency))
        case _:
            raise Problem("forbidden", 403)


def shown_path(request: web.Request) -> str:
    """The path as it came over the network: decoded, it could hold a line break and forge a line of the log."""
    return request.rel_url.raw_path[:300]


def local_address(text: str) -> str:
    """An address of this site that a form or link may lead back to; anything else leads to the first page."""
    plain = all(" " < sign < "\x7f" for sign in text) and "\\" not in text
    return text if plain and text.startswith("/") and not text.startswith("//") and len(text) < 2000 else "/"


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    if is_api(request):
        return await _api_problems(request, handler)
    try:
        return await handler(request)
    except Problem as problem:
        return page(
            request, "problem.html", status=problem.status, name=problem.name, seconds=problem.seconds, reference=""
        )
    except web.HTTPRequestEntityTooLarge:
        return page(request, "problem.html", status=413, name="too_large", seconds=0, reference="")
    except web.HTTPNotFound:
        return page(request, "problem.html", status=404, name="not_found", seconds=0, reference="")
    except web.HTTPMethodNotAllowed as error:
        response = page(request, "problem.html", status=405, name="not_found", seconds=0, reference="")
        response.headers["Allow"] = error.headers.get("Allow", "GET")
        return response
    except web.HTTPException:
        raise
    except (ConnectionError, TimeoutError):
        raise
    except DatabaseUnavailable as error:
        log.error("page %s: %s", shown_path(request), error)
        return page(request, "problem.html", status=503, name="database", seconds=0, reference="")
    except Exception:
        reference = secrets.token_hex(4)
        log.exception("page %s failed, reference %s", shown_path(request), reference)
        return page(request, "problem.html", status=500, name="failed", seconds=0, reference=reference)


async def _api_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (ConnectionError, TimeoutError):
        raise
    except Exception as error:
        return answer(error)


@web.middleware
async def _session(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.path.startswith("/static/"):
        return await handler(request)
    if is_api(request):
        return await _of_a_program(request, handler)
    session = await request.app[SIGN_IN].find(request.cookies.get(COOKIE))
    if session is not None:
        request[SESSION_KEY] = session
    rule = rule_of(request)
    is_open = rule is not None and rule.action is Action.ENTER
    if session is None and not is_open:
        if request.method in (hdrs.METH_GET, hdrs.METH_HEAD):
            back = "" if request.path == "/" else "?" + urlencode({"next": request.path_qs})
            raise web.HTTPSeeOther("/sign-in" + back)
        raise Problem("signed_out", 401)
    must_change = session is not None and session.person.must_change
    if must_change and not is_open and request.path not in _BEFORE_CHANGE:
        raise web.HTTPSeeOther("/password")
    return await handler(request)


async def _of_a_program(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A program is its account, by a token; a cookie says nothing here, so no other site can use one."""
    person = await request.app[SIGN_IN].bearer(request.headers.get(hdrs.AUTHORIZATION))
    if person is not None:
        request[SESSION_KEY] = Session("", person)
    rule = rule_of(request)
    if person is None and (rule is None or rule.action is not Action.ENTER):
        raise Problem("no_token", 401)
    return await handler(request)


@web.middleware
async def _forms(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every POST carries the token of its cookie; another site's form cannot."""
    if request.method in (hdrs.METH_GET, hdrs.METH_HEAD) or is_api(request):
        return await handler(request)
    rule = rule_of(request)
    try:
        if request.content_type == "multipart/form-data" and rule is not None and rule.upload:
            given: object = await _token_of_upload(request)
        elif request.content_type == "application/x-www-form-urlencoded":
            given = (await request.post()).get("token", "")
        else:
            raise Problem("stale_form", 400)
    except (ValueError, LookupError) as error:  # a charset that is none, bytes that are not of it
        raise Problem("stale_form", 400) from error
    session = request.get(SESSION_KEY)
    secret = (
        session.token if session and request.path not in _BEFORE_SIGNING_IN else request.cookies.get(FORM_COOKIE, "")
    )
    if not isinstance(given, str) or not form_token_matches(secret, given):
        raise Problem("stale_form", 403)
    return await handler(request)


async def _token_of_upload(request: web.Request) -> object:
    """The token is the first part of such a form: nothing after it is read for another site. The rest stays unread in
    `request[UPLOAD]`, for the handler to take piece by piece.
    """
    reader = await request.multipart()
    part = await reader.next()
    if not isinstance(part, BodyPartReader) or part.name != "token":
        return ""
    given = await part.read_chunk(256)
    if await part.read_chunk(256):
        return ""
    request[UPLOAD] = reader
    return given.decode("ascii")


@web.middleware
async def _access(request: web.Request, handler: Handler) -> web.StreamResponse:
    """After the form's token was checked: another site must not make entries in somebody's name."""
    rule = rule_of(request)
    if rule is None or rule.action is Action.ENTER:
        return await handler(request)
    person = session_of(request).person
    decision = decide(person, rule.action)
    if isinstance(decision, Allowed):
        if rule.about is None:
            return await handler(request)
        request[THING] = await rule.about(request)
        decision = decide(person, rule.action, request[THING])
        if isinstance(decision, Allowed):
            return await handler(request)
    name = await _name_of(request, rule)
    log.warning("%s was refused %s (%s)", person.number, shown_path(request), decision.why)
    try:
        await request.app[REFUSALS].record(person, rule.action, name)
    except Exception:  # refused all the same
        log.exception("that %s was refused %s could not be written down", person.number, name)
    raise Problem(_PROBLEM_OF.get(decision.why, "forbidden"), 403)


_PROBLEM_OF = {"agency": "forbidden_agency", "own": "forbidden_own", "oneself": "forbidden_oneself"}


async def _name_of(request: web.Request, rule: Route) -> str:
    """What was asked for, as the log names it. What does not exist is named by its page alone, so that made-up addresses
    are one entry and tell nobody what there is.
    """
    if (known := request.get(THING)) is None and rule.about is not None:
        try:
            known = await rule.about(request)
        except Problem:
            known = None
    resource = request.match_info.route.resource
    return f"page {resource.canonical if resource else rule.path}" if known is None else known.name


def guarded(application: web.Application) -> web.Application:
    """Adds all of it; for `web.Application(middlewares=…)` the order is outermost first."""
    application.middlewares.extend([_problems, _session, _forms, _access])
    application.on_response_prepare.append(_on_prepare)
    return application


async def _on_prepare(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
