"""Turning a template into a page: autoescape always on, undefined names are errors, the shell's values in one place."""

import hashlib
from functools import cache
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from liuhen_server.people.roles import Action
from liuhen_server.people.sessions import form_token
from liuhen_server.people.sign_in import Session
from liuhen_server.search.question import plainly
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.language import Language, Words, language_of
from liuhen_server.web.navigation import navigation

__all__ = ["MODULES", "STATIC", "modules_version", "page", "words_of"]

STATIC = Path(__file__).parent / "static"
MODULES = STATIC / "modules"
SESSION_KEY = web.RequestKey("session", Session)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("liuhen_server.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _address(name: str) -> str:
    """A static file's address, with its digest: a new version of the archive is a new address."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


@cache
def modules_version() -> str:
    """Stands in the path of every module, so that what one imports is of the same version of the archive."""
    digest = hashlib.sha256()
    for path in sorted(MODULES.iterdir()):
        digest.update(path.name.encode() + b"\n" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _module(name: str) -> str:
    return f"/static/modules/{modules_version()}/{name}"


def words_of(request: web.Request) -> Words:
    return Words(language_of(request), request.app[CONTEXT].zone)


def page(request: web.Request, template: str, /, *, status: int = 200, **values: object) -> web.Response:
    """The page for this request. Templates see `t` (the words), `session`, `token` (of forms) and their own values."""
    session = request.get(SESSION_KEY)
    words = words_of(request)
    other = Language.ENGLISH if words.language is Language.CHINESE else Language.CHINESE
    html = (
        _environment()
        .get_template(template)
        .render(
            t=words,
            other_language=other,
            here=request.path_qs,
            path=request.path,
            static=_address,
            module=_module,
            session=session,
            person=session.person if session else None,
            ways=navigation(session.person.may, request.path) if session else (),
            token=form_token(session.token) if session else "",
            Action=Action,
            typed=plainly(request.query.get("q", "")) if request.path == "/search" else "",
            **values,
        )
    )
    return web.Response(status=status, text=html, content_type="text/html", charset="utf-8")
