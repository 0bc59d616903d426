"""A case in its review with accounts for everybody: drafted, reviewed and decided as it is done, or tried otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from liuhen_protocol.decision_events import DecisionRefused
from liuhen_server.acts import Actor
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.reading import Case
from liuhen_server.cases.record import move_case
from liuhen_server.decisions.deciding import Given, decide
from liuhen_server.decisions.draft import Draft
from liuhen_server.decisions.refused import NotDecided
from liuhen_server.review.rounds import Submission, give_opinion, submit_review, take_review
from support.case_office import TODAY
from support.deciding import FINED, SHOP, drafted, file
from support.review_office import ReviewOffice, agreed, objected, review_office_in


@dataclass
class Room:
    """A case in its review, with accounts for everybody."""

    people: ReviewOffice
    case: Case

    def who(self, name: str) -> Actor:
        return self.people.people[name]

    async def draft(self, version: int = 0, **more: object) -> Draft:
        proposal = replace(FINED, **more)  # type: ignore[arg-type]
        return await drafted(self.people.office.acts, self.case, proposal, version=version, by=self.who("handler"))

    async def reviewed(self, draft: Draft, *, agrees: bool = True) -> int:
        acts = self.people.office.acts
        paper = (await self.people.office.whole(self.case)).documents[0].id
        given = Submission(draft.id, "提请审核", {"investigation": (paper,), "evidence": (paper,)})
        review = await submit_review(acts, self.who("handler"), self.case.id, given, TODAY)
        await take_review(acts, self.who("reviewer"), self.case.id, review)
        opinion = agreed() if agrees else objected()
        await give_opinion(acts, self.who("reviewer"), self.case.id, review, opinion, TODAY)
        return review

    async def moved(self, after: Stage, before: Stage = Stage.REVIEW) -> None:
        await move_case(self.people.office.acts, self.who("handler"), self.case.id, before, after, "理由", TODAY)

    async def ready(self) -> Draft:
        """Drafted, reviewed, in the stage of its decision."""
        draft = await self.draft()
        await self.reviewed(draft)
        await self.moved(Stage.DECISION)
        return draft

    async def refused(self, why: str, draft: Draft, by: str = "head", dated: int = 0) -> None:
        given = Given(draft.id, "", TODAY + timedelta(days=dated))
        with pytest.raises(NotDecided) as error:
            await decide(self.people.office.acts, self.who(by), self.case.id, given, TODAY)
        assert why in [each.key for each in error.value.refusals]
        entry = (await self.people.office.stated("decision.refused"))[-1].event
        assert isinstance(entry, DecisionRefused)
        assert (entry.case, entry.draft, entry.what) == (self.case.name, draft.name, "decide")
        assert entry.by == self.who(by).number
        assert await self.people.office.stated("decision.made") == []


@asynccontextmanager
async def room_in(folder: Path, database_url: str) -> AsyncIterator[Room]:
    async with review_office_in(folder, database_url) as people:
        case = await people.office.open(parties=(SHOP,))
        found = Room(people, case)
        await found.moved(Stage.INVESTIGATION, Stage.INITIATION)
        await found.moved(Stage.REVIEW, Stage.INVESTIGATION)
        await file(people.office, case, Stage.REVIEW, "notice")
        yield found
