"""An attempt to decide, or to come past the decision, that was refused: nothing of it stays but an entry of the log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from liuhen_protocol.decision_events import DecisionRefused
from liuhen_server.acts import Act, Actor, Acts
from liuhen_server.cases.said import Wrong
from liuhen_server.review.rules import Refusal

__all__ = ["NotDecided", "attempt", "demand_none", "state_refused"]


class NotDecided(Wrong):
    """`refusals`: every reason, the gravest first. `what` was tried: decide, stage, document or import; `draft` and `case` as the log
    names them. Its field is the first reason's key.
    """

    def __init__(self, what: str, refusals: Sequence[Refusal], case: str | None, draft: str | None = None) -> None:
        zh = "；".join(each.said.zh for each in refusals)
        en = "; ".join(each.said.en for each in refusals)
        super().__init__(zh, en, refusals[0].key)
        self.what, self.refusals, self.case, self.draft = what, tuple(refusals), case, draft


@asynccontextmanager
async def attempt(acts: Acts, person: Actor) -> AsyncIterator[Act]:
    """An act that may be refused as NotDecided: it leaves nothing, and its refusal is stated in an act of its own."""
    try:
        async with acts.of(person) as act:
            yield act
    except NotDecided as refused:
        async with acts.of(person) as act:
            await state_refused(act, refused)
        raise


async def state_refused(act: Act, refused: NotDecided) -> None:
    """`decision.refused`."""
    await act.state(DecisionRefused(refused.case, refused.draft, refused.what, refused.refusals[0].key, act.by))


def demand_none(refusal: Refusal | None, what: str, case: str, draft: str | None = None) -> None:
    """Raises NotDecided for a refusal."""
    if refusal is not None:
        raise NotDecided(what, (refusal,), case, draft)
