"""Writing down what somebody says of a clip."""

from __future__ import annotations

from aiohttp import web

from liuhen_server.custody.marks import KINDS, MOST_WORDS, mark, place
from liuhen_server.people.roles import Action
from liuhen_server.web.clip_request import CLIP, clip_asked_for
from liuhen_server.web.context import ACTS
from liuhen_server.web.forms import read_form
from liuhen_server.web.guard import Problem, session_of
from liuhen_server.web.routes import post

__all__ = ["ROUTES"]


async def write(request: web.Request) -> web.StreamResponse:
    clip, form = request[CLIP], await read_form(request)
    words = form["words"].replace("\r\n", "\n").strip()
    if not words or len(words) > MOST_WORDS:
        raise Problem("mark_words", 400)
    try:
        at_ms = place(form["at"])
    except ValueError as error:
        raise Problem("mark_at", 400) from error
    kind = form["kind"] if form["kind"] in KINDS else KINDS[0]
    try:
        await mark(request.app[ACTS], session_of(request).person, clip, at_ms, kind, words)
    except ValueError as error:  # control characters
        raise Problem("mark_words", 400) from error
    raise web.HTTPSeeOther(f"/clips/{clip.dock}/{clip.sha256}#marks")


ROUTES = (post("/clips/{dock}/{sha256:[0-9a-f]{64}}/marks", write, Action.MARK_CLIPS, clip_asked_for),)
