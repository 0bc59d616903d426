"""One's own account: what one may, the second factor, where one is signed in. Nobody else's is reached from here."""

from __future__ import annotations

import hashlib

from aiohttp import web

from liuhen_server.people import second_factor
from liuhen_server.people.accounts import api_token_until
from liuhen_server.people.changes import end_token, set_email
from liuhen_server.people.roles import Action
from liuhen_server.people.sign_in import MOST_SESSIONS
from liuhen_server.registry.agencies import find_agency
from liuhen_server.registry.fields import Mistakes
from liuhen_server.registry.officers import find_officer
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.forms import read_form, remote
from liuhen_server.web.guard import SIGN_IN, session_of
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]


async def own(request: web.Request) -> web.StreamResponse:
    return await _page(request, 200)


async def _page(request: web.Request, status: int, wrong: str = "", seconds: int = 0) -> web.StreamResponse:
    session, context = session_of(request), request.app[CONTEXT]
    person = session.person
    async with context.database.read() as conn:
        agency = await find_agency(conn, person.agency or "")
        officer = await find_officer(conn, person.officer or 0)
        secret = await second_factor.offered(conn, person.id)
        token_until = await api_token_until(conn, person.id, context.unix_now())
    today = context.now().astimezone(context.zone).date()
    issuer = context.policy.logs[0].key.name
    return page(
        request,
        "own.html",
        status=status,
        wrong=wrong,
        seconds=seconds,
        agency=agency,
        officer=officer,
        expired=officer is not None and not officer.certified(today),
        token_until=token_until,
        secret=secret,
        picture=second_factor.picture(secret, person.name, issuer) if secret else "",  # an <svg> that we drew ourselves
        sessions=await request.app[SIGN_IN].sessions_of(person.id),
        this=hashlib.sha256(session.token.encode()).hexdigest()[:16],
        most=MOST_SESSIONS,
        reminded=person.may(Action.SEE_DEADLINES),
    )


async def offer(request: web.Request) -> web.StreamResponse:
    context, person = request.app[CONTEXT], session_of(request).person
    if not person.totp:
        async with context.database.write() as conn:
            await second_factor.offer(conn, person.id, context.random_bytes)
    raise web.HTTPSeeOther("/account")


async def confirm(request: web.Request) -> web.StreamResponse:
    return await _with_code(request, second_factor.confirm)


async def stop(request: web.Request) -> web.StreamResponse:
    return await _with_code(request, second_factor.stop)


async def _with_code(request: web.Request, change: second_factor.Change) -> web.StreamResponse:
    """Wrong codes are counted like wrong passwords: a browser left open must not give the account away."""
    context, form, person = request.app[CONTEXT], await read_form(request), session_of(request).person
    door = request.app[SIGN_IN]
    attempt = await door.count_attempt(person.name, remote(request))
    if attempt.wait_s:
        return await _page(request, 429, "sign_in.locked", attempt.wait_s)
    async with request.app[ACTS].of(person) as act:
        done = await change(act, person, form["code"], context.unix_now())
        if done:
            await door.take_back(act.conn, person.name, attempt)
    if not done:
        return await _page(request, 422, "own.wrong_code")
    raise web.HTTPSeeOther("/account")


async def end_own_token(request: web.Request) -> web.StreamResponse:
    """Whoever finds a program at work in his name ends it himself."""
    person = session_of(request).person
    async with request.app[ACTS].of(person) as act:
        await end_token(act, person.id)
    raise web.HTTPSeeOther("/account")


async def email(request: web.Request) -> web.StreamResponse:
    """Where one's reminders go. Nobody else sets it, and it stands on no other page."""
    form, person = await read_form(request), session_of(request).person
    try:
        async with request.app[ACTS].of(person) as act:
            await set_email(act, person.id, form["email"].strip())
    except Mistakes:
        return await _page(request, 422, "own.wrong_email")
    raise web.HTTPSeeOther("/account")


async def end_session(request: web.Request) -> web.StreamResponse:
    form = await read_form(request)
    await request.app[SIGN_IN].end_session(session_of(request).person.id, form["session"])
    raise web.HTTPSeeOther("/account")


ROUTES = (
    get("/account", own, Action.OWN_ACCOUNT),
    post("/account/second-factor", offer, Action.OWN_ACCOUNT),
    post("/account/second-factor/confirm", confirm, Action.OWN_ACCOUNT),
    post("/account/second-factor/stop", stop, Action.OWN_ACCOUNT),
    post("/account/end-token", end_own_token, Action.OWN_ACCOUNT),
    post("/account/email", email, Action.OWN_ACCOUNT),
    post("/account/sessions/end", end_session, Action.OWN_ACCOUNT),
)
