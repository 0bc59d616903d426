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

__all__ = ["STATIC", "page", "words_of"]

STATIC = Path(__file__).parent / "static"
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
            session=session,
            person=session.person if session else None,
            token=form_token(session.token) if session else "",
            Action=Action,
            typed=plainly(request.query.get("q", "")) if request.path == "/search" else "",
            **values,
        )
    )
    return web.Response(status=status, text=html, content_type="text/html", charset="utf-8")
