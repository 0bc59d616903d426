"""No decision without its review; and who may do what in a round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from liuhen_server.cases.said import Wrong
from liuhen_server.review.rules import (
    STEPS,
    Drafted,
    Involved,
    Round,
    State,
    Step,
    Who,
    after_answer,
    after_opinion,
    after_submission,
    after_take,
    after_withdrawal,
    may_answer,
    may_be_decided,
    may_decide,
    may_give_opinion,
    may_submit,
    may_take,
    may_withdraw,
)

HANDLER, SECOND_ACCOUNT = Who("person-1", 11), Who("person-9", 11)
FORMER = Who("person-4", 14)
REVIEWER, OTHER_REVIEWER, HEAD = Who("person-2", 12), Who("person-5"), Who("person-3", 13)
CASE = Involved(frozenset({11, 14}), (HANDLER,))
DRAFT = Drafted(1, True, "penalty", "penalty")
DAY = "2026-11-20"


def submitted(draft: Drafted = DRAFT, reviews: tuple[Round, ...] = ()) -> Round:
    return after_submission(len(reviews) + 1, draft, reviews, HANDLER, DAY)


def taken() -> Round:
    return after_take(submitted(), REVIEWER, CASE, [HEAD])


def agreed() -> Round:
    return after_opinion(taken(), REVIEWER, CASE, DAY)


def objected() -> Round:
    return after_opinion(taken(), REVIEWER, CASE, DAY, ["facts", "law"])


def key(refusal: object) -> str | None:
    return getattr(refusal, "key", None)


def test_without_a_review_that_passed_nothing_is_decided() -> None:
    assert key(may_be_decided(DRAFT, ())) == "not-reviewed"
    assert key(may_be_decided(DRAFT, [submitted()])) == "review-open"
    assert key(may_be_decided(DRAFT, [taken()])) == "review-open"
    assert key(may_be_decided(DRAFT, [objected()])) == "review-not-passed"
    assert key(may_be_decided(DRAFT, [after_withdrawal(taken(), HANDLER, CASE)])) == "not-reviewed"
    assert may_be_decided(DRAFT, [agreed()]) is None


def test_review_of_another_draft_lets_nothing_through() -> None:
    assert key(may_be_decided(replace(DRAFT, id=2), [agreed()])) == "review-of-another"


def test_only_the_newest_draft_is_decided() -> None:
    assert key(may_be_decided(replace(DRAFT, newest=False), [agreed()])) == "older-draft"
    assert key(may_submit(replace(DRAFT, newest=False), [])) == "older-draft"


def test_a_case_that_changed_its_class_needs_a_new_draft() -> None:
    moved = replace(DRAFT, case_enforcement="coercion")
    assert key(may_be_decided(moved, [agreed()])) == "class-changed"
    assert key(may_submit(moved, [])) == "class-changed"


def test_dating_a_decision_before_the_review_is_refused() -> None:
    assert key(may_be_decided(DRAFT, [agreed()], date(2026, 11, 19))) == "before-review"
    assert may_be_decided(DRAFT, [agreed()], date(2026, 11, 20)) is None


def test_no_review_needed_none_asked_for_but_an_opinion_binds() -> None:
    free = replace(DRAFT, needs_review=False)
    assert may_be_decided(free, ()) is None
    assert key(may_be_decided(free, [objected()])) == "review-not-passed"
    assert key(may_be_decided(free, [taken()])) == "review-open"


@pytest.mark.parametrize("who", [HANDLER, SECOND_ACCOUNT, FORMER], ids=["handler", "second account", "former handler"])
def test_opinion_by_whoever_handled_the_case_under_any_account_is_refused(who: Who) -> None:
    assert key(may_take(submitted(), who, CASE)) == "reviews-own"
    assert key(may_give_opinion(replace(taken(), taken_by=who), who, CASE)) == "reviews-own"


def test_whoever_became_a_handler_after_taking_the_round_gives_no_opinion() -> None:
    now = replace(CASE, handlers=CASE.handlers | {12})
    assert key(may_give_opinion(taken(), REVIEWER, now)) == "reviews-own"


def test_the_head_who_decides_does_not_review() -> None:
    assert key(may_take(submitted(), HEAD, CASE, [HEAD])) == "reviews-as-head"
    assert key(may_decide(REVIEWER, DRAFT, [agreed()], CASE)) == "decides-reviewed"
    assert key(may_decide(SECOND_ACCOUNT, DRAFT, [agreed()], CASE)) == "decides-own"
    assert may_decide(HEAD, DRAFT, [agreed()], CASE) is None


def test_the_opinion_is_of_who_took_the_round_and_it_can_be_handed_over() -> None:
    assert key(may_give_opinion(taken(), OTHER_REVIEWER, CASE)) == "taken-by-another"
    over = after_take(taken(), OTHER_REVIEWER, CASE)
    assert after_opinion(over, OTHER_REVIEWER, CASE, DAY).passed


def test_opinion_after_withdrawal_is_refused() -> None:
    withdrawn = after_withdrawal(taken(), HANDLER, CASE)
    assert key(may_give_opinion(withdrawn, REVIEWER, CASE)) == "withdrawn"
    assert key(may_take(withdrawn, REVIEWER, CASE)) == "withdrawn"


def test_an_opinion_stays() -> None:
    for ended in (agreed(), objected()):
        assert key(may_give_opinion(ended, REVIEWER, CASE)) == "has-opinion"
        assert key(may_withdraw(ended, HANDLER, CASE)) == "has-opinion"
        assert key(may_take(ended, OTHER_REVIEWER, CASE)) == "has-opinion"


def test_an_opinion_before_the_round_was_taken_or_submitted_is_refused() -> None:
    assert key(may_give_opinion(submitted(), REVIEWER, CASE)) == "not-taken"
    with pytest.raises(Wrong):
        after_opinion(taken(), REVIEWER, CASE, "2026-11-19")


def test_submitting_with_unanswered_problems_is_refused() -> None:
    first = objected()
    newer = replace(DRAFT, id=2)
    assert key(may_submit(newer, [first])) == "unanswered"
    first = after_answer(first, 1, HANDLER, CASE)
    assert key(may_submit(newer, [first])) == "unanswered"
    first = after_answer(first, 2, FORMER, CASE)
    assert may_submit(newer, [first]) is None
    assert submitted(newer, (first,)).number == 2


def test_deleting_a_problem_from_an_opinion_stops_the_next_round() -> None:
    first = objected()
    assert key(may_submit(DRAFT, [replace(first, problems=first.problems[:1])])) == "problems-missing"
    assert key(may_submit(DRAFT, [replace(first, problems=())])) == "problems-missing"


def test_only_handlers_answer_and_each_problem_once() -> None:
    first = objected()
    assert key(may_answer(first, 1, REVIEWER, CASE)) == "not-handler"
    assert key(may_answer(first, 7, HANDLER, CASE)) == "no-problem"
    assert key(may_answer(after_answer(first, 1, HANDLER, CASE), 1, HANDLER, CASE)) == "answered"


def test_two_rounds_at_once_and_a_second_pass_are_refused() -> None:
    assert key(may_submit(DRAFT, [submitted()])) == "review-open"
    assert key(may_submit(DRAFT, [agreed()])) == "passed-already"


def test_a_stranger_withdraws_nothing() -> None:
    assert key(may_withdraw(submitted(), REVIEWER, CASE)) == "not-handler"


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("step", Step)
def test_what_is_not_in_the_table_is_refused(state: State, step: Step) -> None:
    each = replace(taken(), state=state)
    ways: dict[Step, Callable[[], Round]] = {
        Step.TAKE: lambda: after_take(each, REVIEWER, CASE),
        Step.AGREE: lambda: after_opinion(each, REVIEWER, CASE, DAY),
        Step.FIND_PROBLEMS: lambda: after_opinion(each, REVIEWER, CASE, DAY, ["facts"]),
        Step.WITHDRAW: lambda: after_withdrawal(each, HANDLER, CASE),
    }
    done = ways[step]
    if (state, step) in STEPS:
        assert done().state is STEPS[state, step]
    else:
        with pytest.raises(Wrong):
            done()
