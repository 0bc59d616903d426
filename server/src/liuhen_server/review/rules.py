"""The rounds of a review and who may do what in them: one table of states, and rules over frozen values.

`may_be_decided` is the one place that says whether a draft may become a decision (行政处罚法 art. 58: 未经法制审核或者审核未通过的，
不得作出决定). Nothing here reads a database: the acts (`review/rounds.py`) and whoever plays the whole case in a test use the same functions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from liuhen_server.cases.said import Said, Wrong

__all__ = [
    "CONSULTATIONS",
    "COORDINATION",
    "COUNSEL",
    "PREREVIEW",
    "STEPS",
    "Drafted",
    "Involved",
    "Problem",
    "Refusal",
    "Round",
    "State",
    "Step",
    "Who",
    "after_answer",
    "after_opinion",
    "after_submission",
    "after_take",
    "after_withdrawal",
    "demand",
    "may_answer",
    "may_ask",
    "may_be_decided",
    "may_decide",
    "may_extend",
    "may_give_opinion",
    "may_review",
    "may_submit",
    "may_take",
    "may_withdraw",
    "passing",
    "same",
]


class State(StrEnum):
    """Where a round stands. The last three are its end: nothing follows."""

    SUBMITTED = "submitted"
    TAKEN = "taken"
    AGREE = "agree"
    PROBLEMS = "problems"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    TAKE = "take"
    AGREE = "agree"
    FIND_PROBLEMS = "find-problems"
    WITHDRAW = "withdraw"


STEPS: Mapping[tuple[State, Step], State] = MappingProxyType(
    {
        (State.SUBMITTED, Step.TAKE): State.TAKEN,
        # another reviewer takes it over
        (State.TAKEN, Step.TAKE): State.TAKEN,
        (State.TAKEN, Step.AGREE): State.AGREE,
        (State.TAKEN, Step.FIND_PROBLEMS): State.PROBLEMS,
        (State.SUBMITTED, Step.WITHDRAW): State.WITHDRAWN,
        (State.TAKEN, Step.WITHDRAW): State.WITHDRAWN,
    }
)
"""The whole table. What does not stand here is refused."""

OPEN = frozenset({State.SUBMITTED, State.TAKEN})
PREREVIEW, COUNSEL, COORDINATION = "prereview", "counsel", "coordination"
CONSULTATIONS: Mapping[str, Said] = MappingProxyType(
    {
        PREREVIEW: Said("提请司法行政部门预审", "pre-review by the justice department"),
        COUNSEL: Said("征求法律顾问、公职律师意见", "advice of counsel"),
        COORDINATION: Said("意见分歧协调", "coordination of a disagreement"),
    }
)
"""Whom else is asked. None of their answers passes a review."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not done. `key` stands in the log (`decision.refused`) and never changes its meaning."""

    key: str
    said: Said


def demand(refusal: Refusal | None) -> None:
    """Raises Wrong with the refusal's sentence, its key as the field."""
    if refusal is not None:
        raise Wrong(refusal.said.zh, refusal.said.en, refusal.key)


@dataclass(frozen=True, slots=True)
class Who:
    """An account (`person-7`) and the officer it is, where it is one."""

    person: str
    officer: int | None = None


def same(one: Who, other: Who) -> bool:
    """Whether the two are one person: one account, or two accounts of one officer."""
    return one.person == other.person or (one.officer is not None and one.officer == other.officer)


@dataclass(frozen=True, slots=True)
class Involved:
    """Who has to do with a case. `handlers`: officers who ever handled it. `worked`: who submitted, drafted or answered in it."""

    handlers: frozenset[int] = frozenset()
    worked: tuple[Who, ...] = ()

    def has(self, who: Who) -> bool:
        return who.officer in self.handlers or any(same(who, each) for each in self.worked)


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of an opinion; `item` is of the checklist."""

    number: int
    item: str
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """One round of review. `stated`: how many problems the opinion named when it was given, whatever rows are found later."""

    id: int
    draft_id: int
    number: int
    state: State
    submitted_by: Who
    submitted_day: str
    taken_by: Who | None = None
    opinion_by: Who | None = None
    opinion_day: str | None = None
    problems: tuple[Problem, ...] = ()
    stated: int = 0

    @property
    def passed(self) -> bool:
        return self.state is State.AGREE

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def unanswered(self) -> tuple[Problem, ...]:
        return tuple(each for each in self.problems if not each.answered)


@dataclass(frozen=True, slots=True)
class Drafted:
    """What the rules see of a draft. `enforcement`: the class it was written for; `case_enforcement`: the case's now. `newest`:
    the case has no later draft. `asked_anew`: no review was asked for as it was written; the case went to a successor since, whose list asks.
    """

    id: int
    needs_review: bool
    enforcement: str
    case_enforcement: str
    newest: bool = True
    asked_anew: bool = False


def passing(draft: Drafted, reviews: Iterable[Round]) -> Round | None:
    """The review of this very draft that passed."""
    return next((each for each in reviews if each.draft_id == draft.id and each.passed), None)


def may_be_decided(draft: Drafted, reviews: Collection[Round], dated: date | None = None) -> Refusal | None:
    """None: a decision may be made of this draft. `reviews`: all rounds of its case. `dated`: the day the decision is to bear,
    where one is known; it is not before that of the opinion.
    """
    if draft.enforcement != draft.case_enforcement:
        return Refusal(
            "class-changed",
            Said(
                "案件的执法类别已变更，请按现在的类别重新拟定处理意见",
                "the case is of another class now: write a new draft for it",
            ),
        )
    if not draft.newest:
        return Refusal(
            "older-draft",
            Said("已有更新的拟处理意见，只能就最新一份作出决定", "there is a newer draft: only the newest is decided"),
        )
    if any(each.is_open for each in reviews):
        return Refusal(
            "review-open",
            Said("法制审核正在进行，意见未出不得作出决定", "a review is under way: no decision before its opinion"),
        )
    of_draft = [each for each in reviews if each.draft_id == draft.id]
    passed = passing(draft, of_draft)
    # one that was reviewed although no list asked for it is bound by the opinion too
    if passed is None and (draft.needs_review or any(each.state is State.PROBLEMS for each in of_draft)):
        return _not_passed(of_draft, reviews)
    if passed is None and draft.asked_anew:
        return Refusal(
            "agency-changed",
            Said(
                "案件已由承继机关续办，请按其法制审核目录重新拟定处理意见",
                "a successor carries the case on, and its list asks for a review: write a new draft by that list",
            ),
        )
    if passed is None:
        return None
    if dated is not None and passed.opinion_day is not None and dated.isoformat() < passed.opinion_day:
        return Refusal(
            "before-review",
            Said(
                f"决定日期不能早于法制审核意见的日期（{passed.opinion_day}）",
                f"a decision is not dated before the opinion of its review ({passed.opinion_day})",
            ),
        )
    return None


def _not_passed(of_draft: Sequence[Round], reviews: Collection[Round]) -> Refusal:
    law = "《行政处罚法》第58条"
    if any(each.state is State.PROBLEMS for each in of_draft):
        return Refusal(
            "review-not-passed",
            Said(f"法制审核未通过，不得作出决定（{law}）", "the review did not pass: no decision is made (art. 58)"),
        )
    if any(each.passed for each in reviews):
        return Refusal(
            "review-of-another",
            Said(
                f"通过审核的是另一份拟处理意见，这一份未经审核，不得作出决定（{law}）",
                "the review that passed was of another draft; this one was not reviewed (art. 58)",
            ),
        )
    return Refusal(
        "not-reviewed",
        Said(f"未经法制审核，不得作出决定（{law}）", "without a legal review no decision is made (art. 58)"),
    )


def may_decide(head: Who, draft: Drafted, reviews: Iterable[Round], involved: Involved) -> Refusal | None:
    """Who decides has neither handled the case nor given the opinion on it."""
    if involved.has(head):
        return Refusal(
            "decides-own", Said("承办人不能对自己承办的案件作出决定", "a handler does not decide his own case")
        )
    passed = passing(draft, reviews)
    if passed is not None and passed.opinion_by is not None and same(passed.opinion_by, head):
        return Refusal(
            "decides-reviewed",
            Said("法制审核人不能对自己审核的案件作出决定", "a reviewer does not decide what he reviewed"),
        )
    return None


def may_review(who: Who, involved: Involved, heads: Iterable[Who] = ()) -> Refusal | None:
    """Who reviews never handled the case, and is not the head who approved or decided something in it (`heads`)."""
    if involved.has(who):
        return Refusal(
            "reviews-own",
            Said("承办过本案的人不能审核本案", "whoever has handled the case does not review it"),
        )
    if any(same(who, each) for each in heads):
        return Refusal(
            "reviews-as-head",
            Said(
                "对本案作出决定或审批的负责人不能审核本案",
                "the head who decides or approves in a case does not review it",
            ),
        )
    return None


def may_submit(draft: Drafted, reviews: Collection[Round]) -> Refusal | None:
    """Whether a round may begin: the newest draft, no round under way, no problem unanswered.
    A draft that needs no review may have one: several lists say so of difficult cases.
    """
    if draft.enforcement != draft.case_enforcement or not draft.newest:
        return may_be_decided(draft, ())
    if any(each.is_open for each in reviews):
        return Refusal("review-open", Said("已有一轮审核正在进行", "a round of review is under way already"))
    if passing(draft, reviews) is not None:
        return Refusal("passed-already", Said("这份拟处理意见已通过审核", "this draft has passed its review already"))
    for each in reviews:
        if len(each.problems) != each.stated:
            return Refusal(
                "problems-missing",
                Said(
                    f"第 {each.number} 轮意见有 {each.stated} 个问题，现只有 {len(each.problems)} 个：记录被改动，请报告管理员",
                    f"the opinion of round {each.number} named {each.stated} problems and {len(each.problems)} are there: "
                    "the record was altered; tell the administrator",
                ),
            )
        if each.unanswered:
            numbers = "、".join(str(problem.number) for problem in each.unanswered)
            return Refusal(
                "unanswered",
                Said(
                    f"第 {each.number} 轮意见的问题 {numbers} 尚未答复，答复后才能再次送审",
                    f"problems {numbers.replace('、', ', ')} of round {each.number} have no answer yet; "
                    "answer them, then submit again",
                ),
            )
    return None


def may_take(each: Round, who: Who, involved: Involved, heads: Iterable[Who] = ()) -> Refusal | None:
    return _stands(each, Step.TAKE) or may_review(who, involved, heads)


def may_give_opinion(each: Round, who: Who, involved: Involved, heads: Iterable[Who] = ()) -> Refusal | None:
    """Only who took the round, and still only who may review the case: handlers change."""
    refused = _stands(each, Step.AGREE) or may_review(who, involved, heads)
    if refused is None and (each.taken_by is None or each.taken_by.person != who.person):
        return Refusal(
            "taken-by-another",
            Said("本轮由他人受理，意见由受理人出具", "another reviewer has this round and gives its opinion"),
        )
    return refused


def may_answer(each: Round, number: int, who: Who, involved: Involved) -> Refusal | None:
    """Handlers answer, each problem once."""
    if who.officer not in involved.handlers:
        return Refusal("not-handler", Said("由承办人逐项答复", "the handlers answer"))
    problem = next((problem for problem in each.problems if problem.number == number), None)
    if problem is None:
        return Refusal("no-problem", Said("没有这个问题", "there is no such problem"))
    if problem.answered:
        return Refusal("answered", Said("这个问题已有答复，答复不能修改", "this problem has its answer, which stays"))
    return None


def may_withdraw(each: Round, who: Who, involved: Involved) -> Refusal | None:
    """The handlers take back what they submitted, before its opinion."""
    if not same(each.submitted_by, who) and who.officer not in involved.handlers:
        return Refusal("not-handler", Said("由承办人撤回", "the handlers withdraw it"))
    return _stands(each, Step.WITHDRAW)


def may_extend(each: Round, head: Who, involved: Involved, *, extended: bool, overdue: bool) -> Refusal | None:
    """Once, while the round is under way and its term is not over; a head who handled the case allows nothing in it."""
    if not each.is_open:
        return _stands(each, Step.WITHDRAW)
    if involved.has(head):
        return Refusal(
            "extends-own", Said("承办人不能批准延长自己承办案件的审核", "a handler extends nothing of his own case")
        )
    if each.taken_by is not None and same(each.taken_by, head):
        return Refusal(
            "extends-own-review", Said("审核人不能批准延长自己的审核", "a reviewer does not extend his own review")
        )
    if extended:
        return Refusal("extended", Said("本轮已批准延长一次", "this round was extended already"))
    if overdue:
        return Refusal("overdue", Said("期限已过，不能再延长", "its term is over: it cannot be extended any more"))
    return None


def may_ask(each: Round, kind: str, who: Who, involved: Involved) -> Refusal | None:
    """Pre-review and counsel while the round is under way, by who has it; coordination also of an opinion that found problems."""
    if kind not in CONSULTATIONS:
        return Refusal("no-such-kind", Said("没有这种咨询", "there is no such consultation"))
    if involved.has(who):
        return Refusal("asks-own", Said("承办人不能以审核人身份提请", "a handler does not ask as a reviewer"))
    if kind == COORDINATION and each.state is State.PROBLEMS:
        return None
    if each.state is State.TAKEN:
        return None
    return _stands(each, Step.AGREE)


def _stands(each: Round, step: Step) -> Refusal | None:
    if (each.state, step) in STEPS:
        return None
    if each.state is State.WITHDRAWN:
        return Refusal("withdrawn", Said("本轮已撤回", "this round was withdrawn"))
    if each.state is State.SUBMITTED:
        return Refusal("not-taken", Said("请先受理本轮审核", "take the round first"))
    return Refusal("has-opinion", Said("本轮已出具意见，意见不能修改", "this round has its opinion, which stays"))


# ---- what a round is after each step: the same for the acts and for whoever plays them


def after_submission(review_id: int, draft: Drafted, reviews: Sequence[Round], by: Who, day: str) -> Round:
    """Raises Wrong as `may_submit` refuses."""
    demand(may_submit(draft, reviews))
    return Round(review_id, draft.id, len(reviews) + 1, State.SUBMITTED, by, day)


def after_take(each: Round, who: Who, involved: Involved, heads: Iterable[Who] = ()) -> Round:
    demand(may_take(each, who, involved, heads))
    return replace(each, state=STEPS[each.state, Step.TAKE], taken_by=who)


def after_opinion(
    each: Round, who: Who, involved: Involved, day: str, problems: Sequence[str] = (), heads: Iterable[Who] = ()
) -> Round:
    """`problems`: items of the checklist, one for each problem; none: agreed. Raises Wrong."""
    demand(may_give_opinion(each, who, involved, heads))
    if day < each.submitted_day:
        raise Wrong("意见日期不能早于送审日期", "an opinion is not dated before the submission", "day")
    step = Step.FIND_PROBLEMS if problems else Step.AGREE
    found = tuple(Problem(number, item) for number, item in enumerate(problems, 1))
    return replace(
        each, state=STEPS[each.state, step], opinion_by=who, opinion_day=day, problems=found, stated=len(found)
    )


def after_answer(each: Round, number: int, who: Who, involved: Involved) -> Round:
    demand(may_answer(each, number, who, involved))
    answered = tuple(
        replace(problem, answered=True) if problem.number == number else problem for problem in each.problems
    )
    return replace(each, problems=answered)


def after_withdrawal(each: Round, who: Who, involved: Involved) -> Round:
    demand(may_withdraw(each, who, involved))
    return replace(each, state=STEPS[each.state, Step.WITHDRAW])
