"""One event of a clip's custody with its proof: the statement, the envelope as it was signed, the tlog-proof."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from liuhen_protocol.checkpoint import Checkpoint
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.errors import Malformed
from liuhen_protocol.note import Note
from liuhen_protocol.proof import TlogProof
from liuhen_server.custody.evidence import Clip, Entry
from liuhen_server.custody.timeline import timeline
from liuhen_server.people.roles import Action
from liuhen_server.web.clip_request import CLIP, clip_asked_for, record_view
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.guard import Problem
from liuhen_server.web.render import page, words_of
from liuhen_server.web.routes import get
from liuhen_server.web.stated import told

__all__ = ["ROUTES"]


async def _requested(request: web.Request) -> tuple[Clip, Entry, TlogProof | None]:
    """The entry and its proof under the published checkpoint, if that covers it. Whoever may see the clip's evidence sees
    the entries of its custody, and no others.
    """
    clip = request[CLIP]
    context, wanted = request.app[CONTEXT], int(request.match_info["index"])
    async with context.database.read() as conn:
        entry = next((entry for entry in await timeline(conn, clip) if entry.index == wanted), None)
    if entry is None:
        raise Problem("not_found", 404)
    return clip, entry, await asyncio.to_thread(context.log.inclusion, entry.index, entry.envelope)


async def show(request: web.Request) -> web.StreamResponse:
    clip, entry, found = await _requested(request)
    await record_view(request, clip, "page")
    return page(
        request,
        "entry.html",
        clip=clip,
        address=f"/clips/{clip.dock}/{clip.sha256}",
        entry=entry,
        event=told(entry, words_of(request)),
        signer=_signer(entry),
        statement=_statement(entry),
        envelope=entry.envelope.decode("utf-8", "replace"),
        size=None if found is None else Checkpoint.parse(Note.parse(found.checkpoint).text).size,
        proof=None if found is None else found.encode().decode("utf-8", "replace"),
    )


async def proof(request: web.Request) -> web.StreamResponse:
    """The tlog-proof as a file, the envelope in its `extra` line."""
    clip, entry, found = await _requested(request)
    if found is None:
        raise Problem("not_proven_yet", 404)
    await record_view(request, clip, "proof")
    headers = {"Content-Disposition": f'attachment; filename="entry-{entry.index}.tlog-proof"'}
    return web.Response(body=found.encode(), content_type="text/plain", charset="utf-8", headers=headers)


def _signer(entry: Entry) -> str:
    try:
        return Envelope.parse(entry.envelope).public.hex()
    except Malformed:
        return "–"


def _statement(entry: Entry) -> str:
    """For people to read, indented; what was signed are the bytes in the envelope."""
    if entry.statement is None:
        return ""
    return json.dumps(json.loads(Envelope.parse(entry.envelope).payload), ensure_ascii=False, indent=2)


_ENTRY = r"/clips/{dock}/{sha256:[0-9a-f]{64}}/entries/{index:\d{1,18}}"
ROUTES = (
    get(_ENTRY, show, Action.SEE_EVIDENCE, clip_asked_for),
    get(_ENTRY + "/proof", proof, Action.SEE_EVIDENCE, clip_asked_for),
)
