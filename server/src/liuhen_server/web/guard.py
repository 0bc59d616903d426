"""What stands before every page: security headers, the session, form tokens, permissions, and pages for errors."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import hdrs, web

from liuhen_server.database import DatabaseUnavailable
from liuhen_server.people.roles import Action
from liuhen_server.people.sessions import COOKIE, FORM_COOKIE, form_token_matches
from liuhen_server.people.sign_in import Session, SignIn
from liuhen_server.web.render import SESSION_KEY, page

__all__ = ["SIGN_IN", "Problem", "guarded", "local_address", "needs", "session_of", "shown_path"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SIGN_IN: web.AppKey[SignIn] = web.AppKey("sign_in", SignIn)
log = logging.getLogger("liuhen.people")

_OPEN_PATHS = ("/sign-in", "/static/", "/language/", "/favicon.ico")
_BEFORE_CHANGE = ("/password", "/sign-out")  # what someone with a one-time password may do

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=(), payment=()",
    "Strict-Transport-Security": "max-age=31536000",
    "Server": "liuhen",
}


@dataclass
class Problem(Exception):
    """A page that says what happened and the way out: texts `problem.<name>.title` and `.text`."""

    name: str
    status: int
    seconds: int = 0


def session_of(request: web.Request) -> Session:
    session: Session | None = request.get(SESSION_KEY)
    if session is None:
        raise Problem("signed_out", 401)
    return session


def needs(action: Action) -> Callable[[Handler], Handler]:
    """Only for people whose roles allow it; the others read which roles see what."""

    def wrap(handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            if not session_of(request).person.may(action):
                log.warning("%s was refused %s", session_of(request).person.number, shown_path(request))
                raise Problem("forbidden", 403)
            return await handler(request)

        return checked

    return wrap


def shown_path(request: web.Request) -> str:
    """The path as it came over the network: decoded, it could hold a line break and forge a line of the log."""
    return request.rel_url.raw_path[:300]


def local_address(text: str) -> str:
    """An address of this site that a form or link may lead back to; anything else leads to the first page."""
    plain = all(" " < sign < "\x7f" for sign in text) and "\\" not in text
    return text if plain and text.startswith("/") and not text.startswith("//") and len(text) < 2000 else "/"


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
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


@web.middleware
async def _session(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.path.startswith("/static/"):
        return await handler(request)
    session = await request.app[SIGN_IN].find(request.cookies.get(COOKIE))
    if session is not None:
        request[SESSION_KEY] = session
    if session is None and not request.path.startswith(_OPEN_PATHS):
        if request.method in (hdrs.METH_GET, hdrs.METH_HEAD):
            back = "" if request.path == "/" else "?" + urlencode({"next": request.path_qs})
            raise web.HTTPSeeOther("/sign-in" + back)
        raise Problem("signed_out", 401)
    must_change = session is not None and session.person.must_change
    if must_change and not request.path.startswith((*_OPEN_PATHS, *_BEFORE_CHANGE)):
        raise web.HTTPSeeOther("/password")
    return await handler(request)


@web.middleware
async def _forms(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every POST carries the token of its cookie; another site's form cannot."""
    if request.method in (hdrs.METH_GET, hdrs.METH_HEAD):
        return await handler(request)
    if request.content_type != "application/x-www-form-urlencoded":
        raise Problem("stale_form", 400)
    try:
        given = (await request.post()).get("token", "")
    except (ValueError, LookupError) as error:  # a charset that is none, bytes that are not of it
        raise Problem("stale_form", 400) from error
    session = request.get(SESSION_KEY)
    secret = session.token if session and request.path != "/sign-in" else request.cookies.get(FORM_COOKIE, "")
    if not isinstance(given, str) or not form_token_matches(secret, given):
        raise Problem("stale_form", 403)
    return await handler(request)


def guarded(application: web.Application) -> web.Application:
    """Adds all of it; for `web.Application(middlewares=…)` the order is outermost first."""
    application.middlewares.extend([_problems, _session, _forms])
    application.on_response_prepare.append(_on_prepare)
    return application


async def _on_prepare(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
