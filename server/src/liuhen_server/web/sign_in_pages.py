"""Signing in, changing the password, signing out, choosing a language."""

from aiohttp import web

from liuhen_server.people.passwords import SHORTEST, why_refused
from liuhen_server.people.roles import Action
from liuhen_server.people.sessions import COOKIE, FORM_COOKIE, form_token, new_token
from liuhen_server.people.sign_in import Locked, Session, Wrong
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.forms import remote
from liuhen_server.web.guard import SIGN_IN, local_address, session_of
from liuhen_server.web.language import LANGUAGE_COOKIE, Language
from liuhen_server.web.render import SESSION_KEY, page
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES", "enter", "sign_in_form"]


def sign_in_form(request: web.Request, status: int, wrong: str = "", seconds: int = 0) -> web.Response:
    """The login form. Its cookie is kept if there is one, so that two open tabs both work."""
    secret = request.cookies.get(FORM_COOKIE) or new_token(request.app[CONTEXT].random_bytes)
    response = page(
        request,
        "sign_in.html",
        status=status,
        wrong=wrong,
        seconds=seconds,
        next=local_address(request.query.get("next", "/")),
        provider=request.app[CONTEXT].provider,
        form_token=form_token(secret),
    )
    response.set_cookie(FORM_COOKIE, secret, secure=True, httponly=True, samesite="Strict", path="/")
    return response


def enter(request: web.Request, session: Session, address: str) -> web.Response:
    response = web.Response(status=303, headers={"Location": address})
    response.set_cookie(COOKIE, session.token, secure=True, httponly=True, samesite="Strict", path="/")
    return response


def _leave(address: str) -> web.Response:
    response = web.Response(status=303, headers={"Location": address, "Clear-Site-Data": '"cache"'})
    response.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Strict")
    return response


async def _field(request: web.Request, name: str) -> str:
    value = (await request.post()).get(name, "")
    return value if isinstance(value, str) else ""


async def show_sign_in(request: web.Request) -> web.StreamResponse:
    if request.get(SESSION_KEY) is not None:
        raise web.HTTPSeeOther(local_address(request.query.get("next", "/")))
    return sign_in_form(request, 200)


async def sign_in(request: web.Request) -> web.StreamResponse:
    name, password = await _field(request, "name"), await _field(request, "password")
    match await request.app[SIGN_IN].enter(name, password, remote(request), await _field(request, "code")):
        case Locked(wait_s):
            response = sign_in_form(request, 429, "sign_in.locked", wait_s)
            response.headers["Retry-After"] = str(wait_s)
            return response
        case Wrong():
            return sign_in_form(request, 403, "sign_in.wrong")
        case Session() as session:
            old = request.get(SESSION_KEY)
            if old is not None:
                await request.app[SIGN_IN].leave(old.token)
            must = session.person.must_change
            return enter(request, session, "/password" if must else local_address(await _field(request, "next")))


async def sign_out(request: web.Request) -> web.StreamResponse:
    session = session_of(request)
    if await _field(request, "everywhere"):
        await request.app[SIGN_IN].leave_everywhere(session.person.id)
    else:
        await request.app[SIGN_IN].leave(session.token)
    return _leave("/sign-in")


def _password_form(request: web.Request, status: int, wrong: str = "", seconds: int = 0) -> web.Response:
    return page(request, "password.html", status=status, wrong=wrong, seconds=seconds, shortest=SHORTEST)


async def show_password(request: web.Request) -> web.StreamResponse:
    session_of(request)
    return _password_form(request, 200)


async def change_password(request: web.Request) -> web.StreamResponse:
    session = session_of(request)
    current, new = await _field(request, "current"), await _field(request, "new")
    if new != await _field(request, "again"):
        return _password_form(request, 422, "password.differs")
    refused = why_refused(new, session.person.name, current)
    if refused:
        return _password_form(request, 422, refused)
    match await request.app[SIGN_IN].change_password(session, current, new, remote(request)):
        case Locked(wait_s):
            return _password_form(request, 429, "sign_in.locked", wait_s)
        case Wrong():
            return _password_form(request, 403, "password.wrong_current")
        case Session() as fresh:
            return enter(request, fresh, "/")


async def choose_language(request: web.Request) -> web.StreamResponse:
    response = web.Response(status=303, headers={"Location": local_address(request.query.get("back", "/"))})
    chosen = Language(request.match_info["language"])
    response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=365 * 86_400, secure=True, samesite="Lax", path="/")
    return response


ROUTES = (
    get("/sign-in", show_sign_in, Action.ENTER),
    post("/sign-in", sign_in, Action.ENTER),
    post("/sign-out", sign_out, Action.OWN_ACCOUNT),
    get("/password", show_password, Action.OWN_ACCOUNT),
    post("/password", change_password, Action.OWN_ACCOUNT),
    get("/language/{language:zh|en}", choose_language, Action.ENTER),
)
