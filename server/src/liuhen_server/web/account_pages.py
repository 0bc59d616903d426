"""Accounts of people: the system administrator makes them without rights, the security administrator gives rights, the
auditor looks on. A one-time password is shown once, on the answer to the form that made it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from liuhen_server.acts import Act
from liuhen_server.people import changes
from liuhen_server.people.access import Thing
from liuhen_server.people.accounts import API_TOKEN_DAYS, ONE_TIME_S, Person, api_token_until, list_people, person_by_id
from liuhen_server.people.passwords import new_one_time_password
from liuhen_server.people.provider_door import subject_of_person
from liuhen_server.people.roles import GIVEN, Action, Role
from liuhen_server.registry.agencies import every_agency
from liuhen_server.registry.fields import Mistakes, Outdated
from liuhen_server.registry.officers import find_officer, list_officers
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.forms import Form, read_form
from liuhen_server.web.guard import Problem, may, session_of
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]

PERSON = web.RequestKey("person", Person)
MOST_OFFICERS = 500  # in the list to choose from; an agency of a county has fewer


async def _account_asked_for(request: web.Request) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        person = await person_by_id(conn, int(request.match_info["person"]))
    if person is None:
        raise Problem("no_such_account", 404)
    request[PERSON] = person
    return Thing(person.number, person.agency, person=person.id)


async def accounts(request: web.Request) -> web.StreamResponse:
    async with request.app[CONTEXT].database.read() as conn:
        found = await list_people(conn)
        agencies = {each.code: each for each in await every_agency(conn)}
        without = await changes.nobody_is(conn, Role.SECURITY_ADMINISTRATOR)
    return page(
        request,
        "accounts.html",
        people=found,
        agencies=agencies,
        nobody_gives_rights=without,
        may_make=may(request, Action.MAKE_ACCOUNTS),
    )


async def new_account(request: web.Request) -> web.StreamResponse:
    return _new_form(request, 200, "", "", {})


def _new_form(
    request: web.Request, status: int, name: str, display_name: str, mistakes: dict[str, str]
) -> web.StreamResponse:
    typed = {"name": name, "display_name": display_name}
    return page(request, "new_account.html", status=status, draft=typed, mistakes=mistakes)


async def make_account(request: web.Request) -> web.StreamResponse:
    context, form = request.app[CONTEXT], await read_form(request)
    name, display_name = form["name"].strip(), form["display_name"].strip()
    one_time = new_one_time_password(context.random_bytes)
    hashed = await context.passwords.hash(one_time)
    try:
        async with request.app[ACTS].of(session_of(request).person) as act:
            made = await changes.create(
                act, name=name, display_name=display_name, one_time_hash=hashed, now=context.unix_now()
            )
    except ValueError as error:
        field = "display_name" if "display name" in str(error) else "name"
        key = "taken" if "exists" in str(error) else f"account_{field}"
        return _new_form(request, 422, name, display_name, {field: key})
    return _shown_once(request, made, one_time)


def _shown_once(request: web.Request, person: Person, one_time: str) -> web.StreamResponse:
    return page(request, "one_time.html", of=person, one_time=one_time, hours=ONE_TIME_S // 3600)


async def account(request: web.Request) -> web.StreamResponse:
    return await _form(request, 200)


async def _form(
    request: web.Request,
    status: int,
    *,
    typed: changes.Rights | None = None,
    mistakes: dict[str, str] | None = None,
    meanwhile: bool = False,
) -> web.StreamResponse:
    context = request.app[CONTEXT]
    async with context.database.read() as conn:
        person = await person_by_id(conn, request[PERSON].id)
        assert person is not None
        rights = typed or changes.Rights(person.roles, person.agency, person.officer)
        agencies = [each for each in await every_agency(conn) if each.active or each.code == rights.agency]
        officers = await list_officers(conn, agency=rights.agency or "", limit=MOST_OFFICERS)
        officer = await find_officer(conn, person.officer or 0)
        subject = await subject_of_person(conn, context.provider.issuer, person.id) if context.provider else None
        token_until = await api_token_until(conn, person.id, context.unix_now())
        without = await changes.nobody_is(conn, Role.SECURITY_ADMINISTRATOR)
    appointable = without and not person.roles and not person.disabled and may(request, Action.MAKE_ACCOUNTS)
    return page(
        request,
        "account.html",
        status=status,
        of=person,
        officer=officer,
        draft=rights,
        mistakes=mistakes or {},
        meanwhile=meanwhile,
        roles=[role for role in Role if role in GIVEN],
        agencies=agencies,
        officers=officers.officers,
        appointable=appointable,
        may_give=may(request, Action.GIVE_RIGHTS),
        token_until=token_until,
        provider=context.provider,
        subject=subject,
        may_have_token=person.may(Action.SEE_CASES) and not person.disabled,
    )


async def give_rights(request: web.Request) -> web.StreamResponse:
    form = await read_form(request)
    rights = _rights_of(form)
    try:
        async with request.app[ACTS].of(session_of(request).person) as act:
            await changes.give_rights(act, request[PERSON].id, rights, form.number("version"), form["reason"])
    except Mistakes as mistakes:
        return await _form(request, 422, typed=rights, mistakes=mistakes.fields)
    except Outdated:
        return await _form(request, 409, typed=rights, meanwhile=True)
    except ValueError:
        return await _form(request, 422, typed=rights, mistakes={"reason": "reason"})
    raise web.HTTPSeeOther(f"/accounts/{request[PERSON].id}")


def _rights_of(form: Form) -> changes.Rights:
    """What is no role, agency or officer here is left for the rules to refuse."""
    known = {role.value for role in Role}
    officer = form.number("officer")
    roles = frozenset(Role(role) for role in form.every("roles") if role in known)
    return changes.Rights(roles, form["agency"] or None, officer if officer > 0 else None)


async def reset(request: web.Request) -> web.StreamResponse:
    context, form = request.app[CONTEXT], await read_form(request)
    one_time = new_one_time_password(context.random_bytes)
    hashed = await context.passwords.hash(one_time)
    try:
        async with request.app[ACTS].of(session_of(request).person) as act:
            person = await changes.reset(act, request[PERSON].id, hashed, context.unix_now(), form["reason"])
    except ValueError:
        return await _form(request, 422, mistakes={"reason": "reason"})
    return _shown_once(request, person, one_time)


async def give_token(request: web.Request) -> web.StreamResponse:
    """Shown once, on the answer to the form that asked for it."""
    context, form = request.app[CONTEXT], await read_form(request)
    try:
        async with request.app[ACTS].of(session_of(request).person) as act:
            person, token = await changes.give_token(
                act, request[PERSON].id, context.unix_now(), context.random_bytes, form["reason"]
            )
    except Mistakes as mistakes:
        return await _form(request, 422, mistakes=mistakes.fields)
    except ValueError:
        return await _form(request, 422, mistakes={"reason": "reason"})
    return page(request, "api_token.html", of=person, given=token, days=API_TOKEN_DAYS)


async def link_subject(request: web.Request) -> web.StreamResponse:
    form, provider = await read_form(request), request.app[CONTEXT].provider
    if provider is None:
        raise Problem("not_found", 404)
    try:
        async with request.app[ACTS].of(session_of(request).person) as act:
            await changes.link_subject(act, request[PERSON].id, provider.issuer, form["subject"], form["reason"])
    except Mistakes as mistakes:
        return await _form(request, 422, mistakes=mistakes.fields)
    except ValueError:
        return await _form(request, 422, mistakes={"reason": "reason"})
    raise web.HTTPSeeOther(f"/accounts/{request[PERSON].id}")


Change = Callable[[Act, int, str], Awaitable[Person]]


def _changing(change: Change) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        try:
            async with request.app[ACTS].of(session_of(request).person) as act:
                await change(act, request[PERSON].id, form["reason"])
        except Mistakes as mistakes:
            return await _form(request, 422, mistakes=mistakes.fields)
        except ValueError:
            return await _form(request, 422, mistakes={"reason": "reason"})
        raise web.HTTPSeeOther(f"/accounts/{request[PERSON].id}")

    return handler


_ONE = "/accounts/{person:[0-9]{1,18}}"
ROUTES = (
    get("/accounts", accounts, Action.SEE_ACCOUNTS),
    post("/accounts", make_account, Action.MAKE_ACCOUNTS),
    get("/new-account", new_account, Action.MAKE_ACCOUNTS),
    get(_ONE, account, Action.SEE_ACCOUNTS, _account_asked_for),
    post(_ONE + "/rights", give_rights, Action.GIVE_RIGHTS, _account_asked_for),
    post(_ONE + "/reset", reset, Action.GIVE_RIGHTS, _account_asked_for),
    post(_ONE + "/unlock", _changing(changes.unlock), Action.GIVE_RIGHTS, _account_asked_for),
    post(_ONE + "/disable", _changing(lambda act, who, why: changes.switch(act, who, True, why)), Action.GIVE_RIGHTS,
         _account_asked_for),
    post(_ONE + "/enable", _changing(lambda act, who, why: changes.switch(act, who, False, why)), Action.GIVE_RIGHTS,
         _account_asked_for),
    post(_ONE + "/second-factor", _changing(changes.end_second_factor), Action.GIVE_RIGHTS, _account_asked_for),
    post(_ONE + "/token", give_token, Action.GIVE_RIGHTS, _account_asked_for),
    post(_ONE + "/end-token", _changing(changes.end_token), Action.GIVE_RIGHTS, _account_asked_for),
    post(_ONE + "/link-subject", link_subject, Action.GIVE_RIGHTS, _account_asked_for),
    post(_ONE + "/unlink-subject", _changing(changes.unlink_subject), Action.GIVE_RIGHTS, _account_asked_for),
    post(_ONE + "/appoint", _changing(lambda act, who, _: changes.appoint(act, who)), Action.MAKE_ACCOUNTS,
         _account_asked_for),
)  # fmt: skip
