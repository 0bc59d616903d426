"""Where the first system administrator is made with the code that `liuhen-server init` printed; there is no such page later."""

from __future__ import annotations

from aiohttp import web

from liuhen_server.people.first import FirstAdministrator, is_awaited
from liuhen_server.people.passwords import SHORTEST, why_refused
from liuhen_server.people.roles import Action
from liuhen_server.people.sessions import FORM_COOKIE, form_token, new_token
from liuhen_server.people.sign_in import Locked, Session, Wrong
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.forms import Form, read_form, remote
from liuhen_server.web.guard import Problem
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post
from liuhen_server.web.sign_in_pages import enter

__all__ = ["FIRST", "ROUTES"]

FIRST: web.AppKey[FirstAdministrator] = web.AppKey("first", FirstAdministrator)


async def _awaited(request: web.Request) -> None:
    context = request.app[CONTEXT]
    async with context.database.read() as conn:
        if not await is_awaited(conn, context.unix_now()):
            raise Problem("no_first_code", 404)


def _form(request: web.Request, status: int, typed: Form, wrong: str = "", seconds: int = 0) -> web.StreamResponse:
    secret = request.cookies.get(FORM_COOKIE) or new_token(request.app[CONTEXT].random_bytes)
    response = page(
        request,
        "first.html",
        status=status,
        draft={"name": typed["name"], "display_name": typed["display_name"]},
        wrong=wrong,
        seconds=seconds,
        shortest=SHORTEST,
        form_token=form_token(secret),
    )
    response.set_cookie(FORM_COOKIE, secret, secure=True, httponly=True, samesite="Strict", path="/")
    return response


async def show(request: web.Request) -> web.StreamResponse:
    await _awaited(request)
    return _form(request, 200, Form({}))


async def redeem(request: web.Request) -> web.StreamResponse:
    await _awaited(request)
    form = await read_form(request)
    name, password = form["name"].strip(), form["new"]
    if password != form["again"]:
        return _form(request, 422, form, "password.differs")
    if refused := why_refused(password, name):
        return _form(request, 422, form, refused)
    try:
        answer = await request.app[FIRST].redeem(
            form["code"], name, form["display_name"].strip() or name, password, remote(request)
        )
    except ValueError:
        return _form(request, 422, form, "first.bad_name")
    match answer:
        case Locked(wait_s):
            return _form(request, 429, form, "sign_in.locked", wait_s)
        case Wrong():
            return _form(request, 403, form, "first.wrong")
        case Session():
            return enter(request, answer, "/")


ROUTES = (get("/first", show, Action.ENTER), post("/first", redeem, Action.ENTER))
