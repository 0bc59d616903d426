"""The application of the people listener: every route with the action it asks for, behind the guard."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from liuhen_server.acts import Acts
from liuhen_server.cases.views import CaseViews
from liuhen_server.custody.checking import Checker
from liuhen_server.custody.leaves import LeafLists
from liuhen_server.custody.tracks import Tracks
from liuhen_server.custody.viewing import Views
from liuhen_server.people.first import FirstAdministrator
from liuhen_server.people.provider_door import ProviderDoor
from liuhen_server.people.refusals import Refusals
from liuhen_server.people.roles import Action
from liuhen_server.people.sign_in import SignIn
from liuhen_server.search.persons import Searches
from liuhen_server.web import (
    account_pages,
    audit_page,
    calendar_pages,
    case_api,
    case_exchange,
    case_forms,
    case_list,
    case_page,
    case_papers,
    check_out_pages,
    clip_linking,
    clip_list,
    clip_page,
    coverage_pages,
    decision_api,
    decision_pages,
    disposal_pages,
    entry_page,
    first_pages,
    handover_pages,
    hold_pages,
    log_page,
    major_list_pages,
    mark_pages,
    media,
    merger_pages,
    own_pages,
    provider_pages,
    publicity_pages,
    record_list_pages,
    recorder_pages,
    recording_list_pages,
    registry_pages,
    review_pages,
    review_queue_pages,
    search_pages,
    sign_in_pages,
    statistics_pages,
    stay_pages,
    supervision_pages,
    template_pages,
    term_pages,
    todo_pages,
    unregistered_pages,
)
from liuhen_server.web.case_views import CASE_VIEWS
from liuhen_server.web.clip_request import CHECKER, VIEWS
from liuhen_server.web.context import ACTS, CONTEXT, TRACKS, PeopleContext
from liuhen_server.web.first_pages import FIRST
from liuhen_server.web.guard import REFUSALS, SIGN_IN, guarded, session_of
from liuhen_server.web.render import MODULES, STATIC, modules_version
from liuhen_server.web.routes import check_rules, get, mount

__all__ = ["people_app"]

MOST_FORM_BYTES = 512 * 1024  # a recording list of some hundred rows, every Chinese sign nine bytes
_FOR_EVER = "public, max-age=31536000, immutable"
_STATIC_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def people_app(context: PeopleContext) -> web.Application:
    """To be served over TLS on a listener of its own: its cookies are Secure and of the whole host."""
    application = guarded(web.Application(client_max_size=MOST_FORM_BYTES))
    application[CONTEXT] = context
    acts = Acts(context.database, context.chain, context.now, context.random_bytes)
    application[ACTS] = acts
    application[REFUSALS] = Refusals(acts, context.unix_now)
    application[SIGN_IN] = SignIn(context.database, context.passwords, context.unix_now, context.random_bytes)
    if context.provider is not None:
        application[provider_pages.PROVIDER_DOOR] = ProviderDoor(
            context.database, context.provider, application[SIGN_IN], context.unix_now
        )
    application[FIRST] = FirstAdministrator(acts, application[SIGN_IN], context.passwords, context.unix_now)
    application[VIEWS] = Views(context.database, context.chain, context.unix_now)
    application[CHECKER] = Checker(context.database, context.store, context.evidence(), context.policy, context.now)
    application[media.LEAVES] = LeafLists(context.store)
    application[TRACKS] = Tracks(context.store)
    clip_list.prepare(application)
    record_list_pages.prepare(application)
    stay_pages.prepare(application)
    search_pages.prepare(application, Searches(acts, context.unix_now))
    application[CASE_VIEWS] = CaseViews(acts, context.unix_now)
    mount(application, ROUTES)
    check_rules(application)
    return application


async def _first(request: web.Request) -> web.StreamResponse:
    """Where somebody's work is: the first page of this table that is open to them."""
    person = session_of(request).person
    raise web.HTTPSeeOther(next((path for action, path in _FIRST if person.may(action)), "/account"))


_FIRST = ((Action.SEE_DEADLINES, "/todo"), (Action.SEE_EVIDENCE, "/clips"), (Action.SEE_LOG, "/log"))
"""Accounts without any right see their own."""


async def _no_icon(request: web.Request) -> web.StreamResponse:
    raise web.HTTPSeeOther("/static/mark.svg")


async def _static(request: web.Request) -> web.StreamResponse:
    """Our own few files, by name. Their addresses carry a digest, so a browser may keep them."""
    return _file(STATIC, request.match_info["name"], {"Cache-Control": _FOR_EVER})


async def _module(request: web.Request) -> web.StreamResponse:
    """Modules that import each other by name: the version in the path is of all of them together. The worker between the
    player and the archive stands among them and answers for the pages of clips.
    """
    if request.match_info["version"] != modules_version():
        raise web.HTTPNotFound
    headers = {"Cache-Control": _FOR_EVER, "Service-Worker-Allowed": "/clips/"}
    return _file(MODULES, request.match_info["name"], headers)


def _file(folder: Path, name: str, headers: dict[str, str]) -> web.Response:
    path = folder / name
    if path.parent != folder or path.suffix not in _STATIC_TYPES or not path.is_file():
        raise web.HTTPNotFound
    return web.Response(
        body=path.read_bytes(), content_type=_STATIC_TYPES[path.suffix], charset="utf-8", headers=headers
    )


ROUTES = (
    get("/", _first, Action.OWN_ACCOUNT),
    get("/static/{name}", _static, Action.ENTER),
    get("/static/modules/{version}/{name}", _module, Action.ENTER),
    get("/favicon.ico", _no_icon, Action.ENTER),
    *sign_in_pages.ROUTES,
    *clip_list.ROUTES,
    *stay_pages.ROUTES,
    *search_pages.ROUTES,
    *clip_page.ROUTES,
    *entry_page.ROUTES,
    *mark_pages.ROUTES,
    *media.ROUTES,
    *log_page.ROUTES,
    *case_list.ROUTES,
    *case_exchange.ROUTES,
    *case_api.ROUTES,
    *case_forms.ROUTES,
    *case_page.ROUTES,
    *case_papers.ROUTES,
    *decision_pages.ROUTES,
    *decision_api.ROUTES,
    *record_list_pages.ROUTES,
    *review_pages.ROUTES,
    *review_queue_pages.ROUTES,
    *major_list_pages.ROUTES,
    *clip_linking.ROUTES,
    *recording_list_pages.ROUTES,
    *coverage_pages.ROUTES,
    *statistics_pages.ROUTES,
    *handover_pages.ROUTES,
    *template_pages.ROUTES,
    *supervision_pages.ROUTES,
    *disposal_pages.ROUTES,
    *hold_pages.ROUTES,
    *term_pages.ROUTES,
    *publicity_pages.ROUTES,
    *registry_pages.ROUTES,
    *merger_pages.ROUTES,
    *recorder_pages.ROUTES,
    *check_out_pages.ROUTES,
    *unregistered_pages.ROUTES,
    *account_pages.ROUTES,
    *own_pages.ROUTES,
    *provider_pages.ROUTES,
    *first_pages.ROUTES,
    *audit_page.ROUTES,
    *calendar_pages.ROUTES,
    *todo_pages.ROUTES,
)
"""Every route of the pages. A room brings its own as `ROUTES`; what is not here does not start (`check_rules`)."""
