"""The whole case machine against a real database: whatever people try in whatever order, no decision stands without its review."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from liuhen_server.cases.classes import Stage
from liuhen_server.cases.record import NoSuchCase, Outdated, move_case
from liuhen_server.cases.said import Wrong
from liuhen_server.decisions.deciding import Given, decide, end_decision
from liuhen_server.decisions.drafting import OutdatedDraft
from liuhen_server.decisions.reading import decisions_of, drafts_of
from liuhen_server.operations.verify import verify_archive
from liuhen_server.review.reading import rounds_of
from liuhen_server.review.rounds import answer_problem, give_opinion, take_review, withdraw_review
from support.case_office import TODAY
from support.deciding import FINED, WARNED
from support.decision_room import Room, room_in
from support.review_office import agreed, objected

T = TypeVar("T")
PEOPLE = st.sampled_from(["handler", "second", "reviewer", "other", "head"])
EXPECTED = (Wrong, Outdated, OutdatedDraft, NoSuchCase)


class CaseMachine(RuleBasedStateMachine):
    """People act on one case; what the rules refuse is refused, and what they allow is judged."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder / 'archive.db'}"
        self.room: Room = self.run(self.stack.enter_async_context(room_in(folder / "archive", url)))

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(doing)

    def attempt(self, doing: Coroutine[Any, Any, object]) -> None:
        with suppress(*EXPECTED):
            self.run(doing)

    def teardown(self) -> None:
        try:
            assert self.run(verify_archive(self.room.people.office.archive)).holds
        finally:
            self.run(self.stack.aclose())
            self.loop.close()

    @rule(large=st.booleans(), version=st.integers(0, 3))
    def somebody_drafts(self, large: bool, version: int) -> None:
        results = (FINED if large else WARNED).results
        self.attempt(self.room.draft(version, results=results))

    @rule(agrees=st.booleans())
    def the_newest_draft_is_reviewed(self, agrees: bool) -> None:
        async def review() -> None:
            async with self.room.people.office.archive.database.read() as conn:
                drafts = await drafts_of(conn, self.room.case.id)
            if drafts:
                await self.room.reviewed(drafts[-1], agrees=agrees)

        self.attempt(review())

    @rule(who=PEOPLE, step=st.sampled_from(["take", "agree", "object", "withdraw", "answer"]), review=st.integers(1, 4))
    def somebody_steps_in(self, who: str, step: str, review: int) -> None:
        acts, person, case = self.room.people.office.acts, self.room.who(who), self.room.case.id
        doing: dict[str, Coroutine[Any, Any, object]] = {
            "take": take_review(acts, person, case, review),
            "agree": give_opinion(acts, person, case, review, agreed(), TODAY),
            "object": give_opinion(acts, person, case, review, objected(), TODAY),
            "withdraw": withdraw_review(acts, person, case, review, "撤回"),
            "answer": answer_problem(acts, person, case, review, 1, "已补充"),
        }
        chosen = doing.pop(step)
        for other in doing.values():
            other.close()
        self.attempt(chosen)

    @rule(after=st.sampled_from([Stage.DECISION, Stage.SERVICE, Stage.EXECUTION, Stage.ARCHIVING, Stage.REVIEW]))
    def the_case_goes_on(self, after: Stage) -> None:
        async def move() -> None:
            whole = await self.room.people.office.whole(self.room.case)
            acts, person = self.room.people.office.acts, self.room.who("handler")
            await move_case(acts, person, self.room.case.id, whole.case.stage, after, "理由", TODAY)

        self.attempt(move())

    @rule(who=PEOPLE, draft=st.integers(1, 4), earlier=st.booleans())
    def somebody_decides(self, who: str, draft: int, earlier: bool) -> None:
        given = Given(draft, "", TODAY.replace(day=19) if earlier else TODAY)
        acts, person = self.room.people.office.acts, self.room.who(who)
        self.attempt(decide(acts, person, self.room.case.id, given, TODAY))

    @rule(agrees=st.booleans())
    def everything_goes_its_way(self, agrees: bool) -> None:
        async def go() -> None:
            async with self.room.people.office.archive.database.read() as conn:
                version = len(await drafts_of(conn, self.room.case.id))
            draft = await self.room.draft(version)
            await self.room.reviewed(draft, agrees=agrees)
            whole = await self.room.people.office.whole(self.room.case)
            if whole.case.stage is Stage.REVIEW:
                await self.room.moved(Stage.DECISION)
            acts, given = self.room.people.office.acts, Given(draft.id, "", TODAY)
            await decide(acts, self.room.who("head"), self.room.case.id, given, TODAY)

        self.attempt(go())

    @rule(decision=st.integers(1, 2))
    def a_decision_ends(self, decision: int) -> None:
        acts, head = self.room.people.office.acts, self.room.who("head")
        self.attempt(end_decision(acts, head, self.room.case.id, decision, "revoked", TODAY, "理由", TODAY))

    @invariant()
    def no_decision_stands_without_its_review(self) -> None:
        async def read() -> None:
            async with self.room.people.office.archive.database.read() as conn:
                drafts = {each.id: each for each in await drafts_of(conn, self.room.case.id)}
                made, rounds = await decisions_of(conn, self.room.case.id), await rounds_of(conn, self.room.case.id)
            whole = await self.room.people.office.whole(self.room.case)
            for each in made:
                assert each.decided_by == self.room.who("head").number
                if drafts[each.draft_id].proposal.fine_fen >= 10_000_000:
                    (passed,) = [one for one in rounds if one.draft_id == each.draft_id and one.passed]
                    assert passed.opinion_by is not None and passed.opinion_by.person != each.decided_by
                    assert passed.opinion_day is not None and passed.opinion_day <= each.dated
            if whole.case.stage in (Stage.SERVICE, Stage.EXECUTION):
                assert made

        self.run(read())


CaseMachine.TestCase.settings = settings(
    max_examples=6, stateful_step_count=14, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestCaseMachine = CaseMachine.TestCase
