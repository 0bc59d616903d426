"""No sequence of allowed actions reaches a decision without the review that its list asks for (行政处罚法 art. 58).

The rules of the case machine are pure (`gates`, `review.rules`), so a whole case is played over frozen values: every step that the rules
allow is taken somewhere, and what came of it is judged by a plain restatement of the law that shares no code with them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import ClassVar

from liuhen_server.cases.classes import CLASSES, Stage
from liuhen_server.cases.said import Wrong
from liuhen_server.decisions.draft import ORDINARY, Draft, Proposal, Result
from liuhen_server.decisions.gates import Filed, Made, Order, Standing, lacks, may_draft, may_file, may_go, refusals
from liuhen_server.review.criteria import DEFAULT_ROWS, reasons_of
from liuhen_server.review.rules import (
    Involved,
    Round,
    Who,
    after_answer,
    after_opinion,
    after_submission,
    after_take,
    after_withdrawal,
)

SEQUENCES, STEPS, MOST_PLACES = 100_000, 14, 40_000
"""Once so many worlds are known, a walk ends where nobody has walked on before: the suite has other things to do."""

FIRST_DAY = date(2026, 11, 20)
HANDLER, SECOND_ACCOUNT = Who("person-1", 11), Who("person-2", 11)
LAWYER, HEAD = Who("person-3", 13), Who("person-4", None)
EVERYBODY = (LAWYER, HEAD, SECOND_ACCOUNT, HANDLER)
INVOLVED = Involved(frozenset({11}), (HANDLER,))
SMALL, LARGE = 100_000, 20_000_000
"""A fine that no row of the usual list names, and one that it sends to review."""


@dataclass(frozen=True, slots=True)
class World:
    """A case and everything that was said in it. `day`: how many days have gone by. `filed`: a document that says a decision."""

    enforcement: str = "penalty"
    stage: Stage = Stage.INITIATION
    reached: frozenset[Stage] = frozenset({Stage.INITIATION})
    drafts: tuple[Draft, ...] = ()
    rounds: tuple[Round, ...] = ()
    decisions: tuple[Made, ...] = ()
    deciders: tuple[Who, ...] = ()
    day: int = 0
    filed: bool = False

    @property
    def today(self) -> date:
        return FIRST_DAY + timedelta(days=self.day)

    @property
    def standing(self) -> Standing:
        newest = self.drafts[-1] if self.drafts else None
        drafted = None if newest is None else newest.drafted(self.enforcement, newest)
        return Standing(self.enforcement, self.stage, self.reached, drafted, self.rounds, self.decisions)


def proposal(enforcement: str, large: bool) -> Proposal:
    match enforcement, large:
        case "penalty", _:
            results = (Result("fine", "罚款", LARGE if large else SMALL),)
        case "licence", True:
            results = (Result("refused", "不予许可"),)
        case _:
            results = (Result("granted", "准予许可"),)
    return Proposal(enforcement, ORDINARY, "organisation", "事实", "依据", "裁量", results, "十五日内缴纳", "可以复议")


def draft(world: World, large: bool) -> Draft:
    what = proposal(world.enforcement, large)
    why = reasons_of(what.proposed, DEFAULT_ROWS)
    number = len(world.drafts) + 1
    return Draft(number, 1, number, what, None, bool(why), why, "00" * 32, HANDLER.person, "", number)


class Place:
    """A world, and once somebody walks on from it those that one allowed action leads to: each world is one place only."""

    places: ClassVar[dict[World, Place]] = {}

    def __init__(self, world: World) -> None:
        check(world)
        self.world, self._onward = world, tuple[Place, ...]()

    @property
    def new(self) -> bool:
        return not self._onward

    @property
    def onward(self) -> tuple[Place, ...]:
        if not self._onward:
            # a step that is there twice (several people may take it) is one step
            self._onward = tuple(place(each) for each in dict.fromkeys(_after(self.world)))
        return self._onward


def place(world: World) -> Place:
    if world not in Place.places:
        Place.places[world] = Place(world)
    return Place.places[world]


def _after(world: World) -> Iterator[World]:
    standing = world.standing
    if world.stage is not Stage.ARCHIVED:
        yield from _deciding(world, standing)
        yield from _reviewing(world)
    for stage in CLASSES[world.enforcement].then(world.stage):
        if may_go(standing, stage) is None and not (stage is Stage.ARCHIVED and lacks(standing)):
            yield replace(world, stage=stage, reached=world.reached | {stage})
    if world.day < 1:
        yield replace(world, day=world.day + 1)
    if world.stage is Stage.ARCHIVED:
        return
    yield from _drafting(world, standing)
    if may_file(standing, "decision", world.today.isoformat()) is None:
        yield replace(world, filed=True)
    for each in standing.in_force:
        for ended in (replace(each, in_force=False), replace(each, served=True, executed=True)):
            rest = tuple(ended if one.id == each.id else one for one in world.decisions)
            yield replace(world, decisions=rest)


def _drafting(world: World, standing: Standing) -> Iterator[World]:
    if len(world.drafts) < 2 and may_draft(standing) is None:
        yield replace(world, drafts=(*world.drafts, draft(world, large=True)))
        yield replace(world, drafts=(*world.drafts, draft(world, large=False)))
    # the case turns out to be of another class, whatever was drafted or reviewed before
    other = "licence" if world.enforcement == "penalty" else "penalty"
    if world.stage in CLASSES[other].stages and not world.decisions:
        yield replace(world, enforcement=other)


def _reviewing(world: World) -> Iterator[World]:
    newest = world.drafts[-1] if world.drafts else None
    for draft in world.drafts if len(world.rounds) < 2 else ():
        drafted = draft.drafted(world.enforcement, newest)
        with suppress(Wrong):
            began = after_submission(len(world.rounds) + 1, drafted, world.rounds, HANDLER, world.today.isoformat())
            yield replace(world, rounds=(*world.rounds, began))
    for place, each in enumerate(world.rounds):
        for who in EVERYBODY:
            for step in _STEPS:
                with suppress(Wrong):
                    moved = step(each, who, world)
                    yield replace(world, rounds=(*world.rounds[:place], moved, *world.rounds[place + 1 :]))


_STEPS: tuple[Callable[[Round, Who, World], Round], ...] = (
    lambda each, who, world: after_take(each, who, INVOLVED, world.deciders),
    lambda each, who, world: after_opinion(each, who, INVOLVED, world.today.isoformat(), (), world.deciders),
    lambda each, who, world: after_opinion(each, who, INVOLVED, world.today.isoformat(), ("facts",), world.deciders),
    lambda each, who, world: after_withdrawal(each, who, INVOLVED),
    lambda each, who, world: after_answer(each, 1, who, INVOLVED),
)


def _deciding(world: World, standing: Standing) -> Iterator[World]:
    """Anybody tries, on any draft, under any day."""
    told = (Filed(1, "notice", FIRST_DAY.isoformat()),)
    for each in world.drafts:
        for who in EVERYBODY:
            for day in range(-1, world.day + 2):
                dated = FIRST_DAY + timedelta(days=day)
                order = Order(
                    each, dated, None, who, INVOLVED, told, frozenset({"organisation"}), FIRST_DAY, world.today
                )
                if not refusals(standing, order):
                    made = Made(len(world.decisions) + 1, each.id, dated.isoformat(), f"{len(world.decisions) + 1}号")
                    yield replace(world, decisions=(*world.decisions, made), deciders=(*world.deciders, who))


def check(world: World) -> None:
    """The law, said once more: without the rules, their table of criteria and their words."""
    for made, who in zip(world.decisions, world.deciders, strict=True):
        decided = world.drafts[made.draft_id - 1]
        assert who.officer != HANDLER.officer, "a handler decided"
        (result,) = decided.proposal.results
        if result.fen >= 10_000_000 or result.kind == "refused":
            passed = [
                each
                for each in world.rounds
                if each.draft_id == made.draft_id and each.state.value == "agree" and not each.problems
            ]
            assert passed, f"{world}: decided without its review"
            for each in passed:
                assert each.opinion_by is not None and each.opinion_day is not None
                assert each.opinion_day <= made.dated, "decided before its review"
                assert each.opinion_by.officer != HANDLER.officer, "reviewed by a handler"
                assert each.opinion_by.person != who.person, "decided by the reviewer"
    if world.filed:
        assert world.decisions, "a document says a decision that nobody made"
    if world.stage in (Stage.SERVICE, Stage.EXECUTION):
        assert world.decisions, "served or carried out without a decision"
    if world.stage in (Stage.ARCHIVING, Stage.ARCHIVED) and {Stage.SERVICE, Stage.EXECUTION} & world.reached:
        assert world.decisions


def test_a_hundred_thousand_sequences_of_allowed_actions_reach_no_decision_without_its_review() -> None:
    chance, decided, reviewed = random.Random(20261120), 0, 0
    for _ in range(SEQUENCES):
        here = place(World())
        for _ in range(STEPS):
            if here.new and len(Place.places) > MOST_PLACES:
                break
            onward = here.onward
            # what comes first in a case is likelier, so that not every walk is lost among what few ever do
            here = onward[int(len(onward) * chance.random() ** 4)]
        world = here.world
        decided += bool(world.decisions)
        reviewed += any(world.drafts[made.draft_id - 1].needs_review for made in world.decisions)
    assert decided > 1_000 and reviewed > 100, f"the walk decides too little to say anything: {decided}, {reviewed}"


def test_every_sequence_of_six_actions_from_a_case_in_review_keeps_the_law() -> None:
    """Nothing left to chance: all of them, from where it matters."""
    reached = frozenset({Stage.INITIATION, Stage.INVESTIGATION, Stage.REVIEW})
    paths = {place(World(stage=Stage.REVIEW, reached=reached)): 1}
    for _ in range(6):
        further: dict[Place, int] = {}
        for here, count in paths.items():
            for each in here.onward:
                further[each] = further.get(each, 0) + count
        paths = further
    assert sum(paths.values()) > 10_000
    assert any(each.world.decisions for each in paths)
