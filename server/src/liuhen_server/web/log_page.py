"""The page of the log: its newest checkpoint, who cosigned it and when, and how far every dock's chain has come."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import select

from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.policy import NONE, Policy
from liuhen_protocol.words import CODES
from liuhen_server.database.schema import docks, heads, log_state, sequencer_state
from liuhen_server.people.roles import Action
from liuhen_server.registry.agencies import unassigned_docks
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.language import Language, Words
from liuhen_server.web.render import page, words_of
from liuhen_server.web.routes import get

__all__ = ["ROUTES"]


@dataclass(frozen=True, slots=True)
class Witness:
    """`time`: Unix seconds at which it cosigned this checkpoint; None when it did not."""

    name: str
    time: int | None


@dataclass(frozen=True, slots=True)
class Published:
    """The checkpoint as anyone can read it; `wrong` says why it is not what the policy asks for."""

    size: int
    root: bytes
    origin: str
    text: str
    witnesses: tuple[Witness, ...]
    quorum_met: bool
    wrong: str


def because(error: Malformed | Refused, words: Words) -> str:
    """Why something of the log does not hold: in Chinese by its code, in English the sentence that was said."""
    if words.language is Language.ENGLISH:
        return str(error)
    return CODES[error.code if isinstance(error, Refused) and error.code in CODES else "malformed"]


def _stopped(code: str, why: str | None, words: Words) -> str:
    """The same of a log that stopped."""
    return why or "" if words.language is Language.ENGLISH else words.known(f"stopped.{code}", why or "")


def read_published(data: bytes, policy: Policy, words: Words) -> Published:
    """Raises Malformed or Refused for a checkpoint that this log did not sign."""
    checkpoint, signed = policy.open(data)
    wrong = ""
    try:
        times = policy.cosigned(signed)
    except Refused as error:
        times, wrong = {}, because(error, words)
    return Published(
        size=checkpoint.size,
        root=checkpoint.root,
        origin=checkpoint.origin,
        text=data.decode("utf-8", "replace"),
        witnesses=tuple(Witness(name, times.get(name)) for name in policy.witnesses),
        quorum_met=policy.quorum_met(times.keys()),
        wrong=wrong,
    )


async def show(request: web.Request) -> web.StreamResponse:
    context, words = request.app[CONTEXT], words_of(request)
    async with context.database.read() as conn:
        sequencer = (await conn.execute(select(sequencer_state))).one()
        next_index = (await conn.execute(select(log_state.c.next_index))).scalar_one()
        joined = docks.outerjoin(heads, heads.c.source == docks.c.name)
        query = select(docks.c.name, docks.c.agency, docks.c.state, heads.c.seq, heads.c.hash, heads.c.time)
        unassigned = {name for name, _ in await unassigned_docks(conn)}
        dock_rows = (await conn.execute(query.select_from(joined).order_by(docks.c.name))).all()
        own = (await conn.execute(select(heads).where(heads.c.source == "archive"))).one_or_none()
    data = await asyncio.to_thread(context.log.checkpoint)
    published, wrong = None, ""
    if data is not None:
        try:
            published = read_published(data, context.policy, words)
        except (Malformed, Refused) as error:
            wrong = because(error, words)
    return page(
        request,
        "log.html",
        published=published,
        wrong=wrong,
        quorum=None if context.policy.quorum == NONE else context.policy.groups.get(context.policy.quorum),
        waiting=next_index - (published.size if published else 0),
        alarm=(sequencer.alarm_code, _stopped(sequencer.alarm_code, sequencer.alarm_why, words))
        if sequencer.alarm_code
        else None,
        docks=dock_rows,
        unassigned=unassigned,
        own=own,
    )


async def policy(request: web.Request) -> web.StreamResponse:
    """The tlog-policy as a file for `liuhen-verify`."""
    headers = {"Content-Disposition": 'attachment; filename="policy"'}
    return web.Response(text=request.app[CONTEXT].policy.text(), content_type="text/plain", headers=headers)


ROUTES = (get("/log", show, Action.SEE_LOG), get("/policy", policy, Action.SEE_LOG))
