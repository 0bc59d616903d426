"""A review as people do it, on a real archive: each step one act, each refusal with nothing left behind."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from liuhen_protocol.review_events import ReviewConsulted, ReviewOpinion, ReviewSubmitted
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.record import Changes, change_case
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import cases
from liuhen_server.decisions.reading import draft_of, newest_draft
from liuhen_server.decisions.schema import decisions
from liuhen_server.merging import acts as merging
from liuhen_server.review.checklist import CHECKLIST, Found, Opinion
from liuhen_server.review.details import details_of, texts_of
from liuhen_server.review.parts import Material, missing_parts
from liuhen_server.review.reading import rounds_of
from liuhen_server.review.rounds import (
    OF_HEADS,
    OF_JUSTICE,
    OF_REVIEWERS,
    Submission,
    answer_consultation,
    answer_problem,
    ask,
    extend_review,
    give_opinion,
    submit_review,
    take_review,
    withdraw_review,
)
from liuhen_server.review.rules import Refusal, may_be_decided
from liuhen_server.review.schema import review_problems, reviews
from liuhen_server.review.splitting import earlier_against
from support.case_office import TODAY, Somebody
from support.review_office import ReviewOffice, agreed, objected


async def decided(office: ReviewOffice, case_id: int, draft_id: int) -> Refusal | None:
    async with office.office.archive.database.read() as conn:
        draft = await draft_of(conn, draft_id)
        assert draft is not None
        drafted = draft.drafted("penalty", await newest_draft(conn, case_id))
        return may_be_decided(drafted, await rounds_of(conn, case_id))


async def test_a_review_from_submission_to_agreement(office: ReviewOffice) -> None:
    case = await office.case()
    draft = await office.draft(case)
    refused = await decided(office, case.id, draft)
    assert refused is not None and refused.key == "not-reviewed"
    first = await office.judged(case, draft, objected())
    acts, handler = office.office.acts, office.people["handler"]
    await answer_problem(acts, handler, case.id, first, 1, "已补充进货台账")
    await answer_problem(acts, handler, case.id, first, 2, "已按裁量基准调整")
    second = await office.draft(case, 1_500_000)
    await office.judged(case, second)
    assert await decided(office, case.id, second) is None
    async with office.office.archive.database.read() as conn:
        newest, oldest = await details_of(conn, case.id)
        words = await texts_of(conn, oldest.words | newest.words)
    assert newest.round.number == 2 and newest.round.passed and set(newest.checks) == set(CHECKLIST)
    assert [words[each.problem] for each in oldest.problems] == ["进货时间不清", "裁量过重"]
    assert [words[each.answer or 0] for each in oldest.problems] == ["已补充进货台账", "已按裁量基准调整"]
    submitted = [each.event for each in await office.office.stated("review.submitted")]
    opinions = [each.event for each in await office.office.stated("review.opinion")]
    assert isinstance(submitted[0], ReviewSubmitted) and submitted[0].round == 1
    assert isinstance(opinions[0], ReviewOpinion) and (opinions[0].outcome, opinions[0].problems) == ("problems", 2)
    assert "进货" not in str(opinions[0])


async def test_what_is_missing_is_said_and_nothing_is_submitted(office: ReviewOffice) -> None:
    case = await office.case()
    draft, acts, handler = await office.draft(case), office.office.acts, office.people["handler"]
    with pytest.raises(Wrong, match=r"缺证据.*缺调查取证"):
        await submit_review(acts, handler, case.id, Submission(draft, "报告"), TODAY)
    with pytest.raises(Wrong):
        await submit_review(acts, handler, case.id, Submission(draft, "  "), TODAY)
    with pytest.raises(Wrong, match="不是本案"):
        await submit_review(acts, handler, case.id, Submission(draft, "报告", {"evidence": (999,)}), TODAY)
    assert await office.office.stated("review.submitted") == []


def test_a_hearing_that_was_held_is_submitted_with_its_record() -> None:
    given = Material("报告", "事实", "裁量", {"investigation": ("report",)}, frozenset({"hearing-record"}), 1)
    assert [each.zh for each in missing_parts(given)] == ["缺听证笔录：本案举行过听证"]
    uncertified = Material("报告", "事实", "裁量", {"investigation": ("report",)}, frozenset(), 1, ("王磊",))
    assert ["王磊" in each.zh for each in missing_parts(uncertified)] == [True]


async def test_a_stranger_to_the_case_submits_nothing(office: ReviewOffice) -> None:
    case = await office.case()
    given = await office.submission(case, await office.draft(case))
    for name in ("stranger", "reviewer", "head"):
        with pytest.raises(Wrong, match="承办人"):
            await submit_review(office.office.acts, office.people[name], case.id, given, TODAY)


async def test_opinion_by_a_handler_or_by_his_second_account_is_refused(office: ReviewOffice) -> None:
    case = await office.case()
    review = await office.submitted(case, await office.draft(case))
    for name in ("handler", "second"):
        with pytest.raises(Wrong, match="承办过本案"):
            await take_review(office.office.acts, office.people[name], case.id, review)
    async with office.office.archive.database.write() as conn:  # by hand, beside every page
        second = office.people["second"].number
        await conn.execute(update(reviews).where(reviews.c.id == review).values(taken_by=second, taken_time="t"))
    with pytest.raises(Wrong, match="承办过本案"):
        await give_opinion(office.office.acts, office.people["second"], case.id, review, agreed(), TODAY)
    assert await office.office.stated("review.opinion") == []


async def test_whoever_handled_the_case_once_reviews_it_never(office: ReviewOffice) -> None:
    case = await office.case()
    fa = office.people["reviewer"].officer
    assert fa is not None
    acts, handlers = office.office.acts, (office.office.officers["王磊"], office.office.officers["李静"])
    case = await change_case(acts, office.people["head"], case.id, 1, Changes(handlers=(*handlers, fa)), TODAY)
    await change_case(acts, office.people["head"], case.id, case.version, Changes(handlers=handlers), TODAY)
    review = await office.submitted(case, await office.draft(case))
    with pytest.raises(Wrong, match="承办过本案"):
        await take_review(acts, office.people["reviewer"], case.id, review)
    await take_review(acts, office.people["other"], case.id, review)


async def test_opinion_after_withdrawal_is_refused_by_the_act_and_by_the_database(office: ReviewOffice) -> None:
    case = await office.case()
    review = await office.taken(case, await office.draft(case))
    acts, reviewer = office.office.acts, office.people["reviewer"]
    await withdraw_review(acts, office.people["handler"], case.id, review, "补充证据")
    with pytest.raises(Wrong, match="已撤回"):
        await give_opinion(acts, reviewer, case.id, review, agreed(), TODAY)
    late = {"opinion_by": reviewer.number, "opinion_day": "2026-11-20", "opinion": 1, "opinion_index": 1}
    with pytest.raises(DBAPIError):
        async with office.office.archive.database.write() as conn:
            await conn.execute(update(reviews).where(reviews.c.id == review).values(**late))


async def test_submitting_with_unanswered_problems_is_refused(office: ReviewOffice) -> None:
    case = await office.case()
    first = await office.judged(case, await office.draft(case), objected())
    draft = await office.draft(case)
    with pytest.raises(Wrong, match="问题 1、2 尚未答复"):
        await office.submitted(case, draft)
    await answer_problem(office.office.acts, office.people["handler"], case.id, first, 2, "已改")
    with pytest.raises(Wrong, match="问题 1 尚未答复"):
        await office.submitted(case, draft)
    with pytest.raises(Wrong, match="已有答复"):
        await answer_problem(office.office.acts, office.people["handler"], case.id, first, 2, "再改")
    with pytest.raises(Wrong, match="承办人"):
        await answer_problem(office.office.acts, office.people["reviewer"], case.id, first, 1, "没问题")


async def test_deleting_a_problem_from_an_opinion_stops_the_next_round(office: ReviewOffice) -> None:
    case = await office.case()
    first = await office.judged(case, await office.draft(case), objected())
    async with office.office.archive.database.write() as conn:
        await conn.execute(delete(review_problems).where(review_problems.c.review_id == first))
    with pytest.raises(Wrong, match="记录被改动"):
        await office.submitted(case, await office.draft(case))
    with pytest.raises(DBAPIError):
        async with office.office.archive.database.write() as conn:
            await conn.execute(update(reviews).where(reviews.c.id == first).values(stated=0))


async def test_review_of_another_draft_lets_nothing_through(office: ReviewOffice) -> None:
    case = await office.case()
    first = await office.draft(case)
    review = await office.judged(case, first)
    second = await office.draft(case, 9_000_000)
    refused = await decided(office, case.id, second)
    assert refused is not None and refused.key == "review-of-another"
    older = await decided(office, case.id, first)
    assert older is not None and older.key == "older-draft"
    with pytest.raises(DBAPIError):  # nor by hand
        await by_hand(office, case.id, second, review)


async def by_hand(
    office: ReviewOffice, case_id: int, draft_id: int, review_id: int, more: dict[str, object] | None = None
) -> None:
    row: dict[str, object] = {
        "case_id": case_id,
        "agency": "scjg",
        "enforcement": "penalty",
        "draft_id": draft_id,
        "needs_review": True,
        "review_id": review_id,
        "review_passed": True,
        "review_day": "2026-11-20",
        "review_by": office.people["reviewer"].number,
        "number": "1",
        "number_key": "1",
        "kind": "fine",
        "fine_fen": 1,
        "confiscated_fen": 0,
        "dated": "2026-11-20",
        "decided_by": office.people["head"].number,
        "decided_time": "t",
        "log_index": 1,
    }
    async with office.office.archive.database.write() as conn:
        await conn.execute(insert(decisions).values(**row | (more or {})))


async def test_the_database_itself_takes_no_decision_without_its_review(office: ReviewOffice) -> None:
    case = await office.case()
    draft = await office.draft(case)
    review = await office.judged(case, draft)
    none: dict[str, object] = dict.fromkeys(("review_id", "review_passed", "review_day", "review_by"))
    several: tuple[dict[str, object], ...] = (
        none,
        none | {"needs_review": False},
        {"dated": "2026-11-19"},
        {"review_day": "2026-11-01"},
        {"decided_by": office.people["reviewer"].number},
        {"review_passed": False},
        {"review_by": office.people["other"].number},
    )
    for wrong in several:
        with pytest.raises(DBAPIError):
            await by_hand(office, case.id, draft, review, wrong)
    await by_hand(office, case.id, draft, review)


@pytest.mark.parametrize(
    "wrong",
    [
        {"passed": True},
        {"outcome": "agree"},
        {"outcome": "fine"},
        {"outcome": "problems", "stated": 0},
        {"outcome": "agree", "passed": True, "opinion_day": "2026-11-19"},
        {"outcome": "agree", "passed": True, "opinion_by": "person-999"},
        {"stated": 3},
        {"extended_by": "person-4"},
    ],
    ids=["passed", "no opinion", "word", "no problem", "before", "not taken", "stated", "no reason"],
)
async def test_the_database_itself_takes_no_opinion_that_is_none(
    office: ReviewOffice, wrong: dict[str, object]
) -> None:
    case = await office.case()
    review = await office.taken(case, await office.draft(case))
    whole = {"opinion_by": office.people["reviewer"].number, "opinion_day": "2026-11-20", "opinion": 1}
    given = wrong if "outcome" not in wrong or len(wrong) == 1 else whole | {"opinion_index": 1} | wrong
    with pytest.raises(DBAPIError):
        async with office.office.archive.database.write() as conn:
            await conn.execute(update(reviews).where(reviews.c.id == review).values(**given))


async def test_of_two_people_at_once_the_second_is_told(office: ReviewOffice) -> None:
    case = await office.case()
    draft = await office.draft(case)
    both = await asyncio.gather(office.submitted(case, draft), office.submitted(case, draft), return_exceptions=True)
    (refused,) = [each for each in both if isinstance(each, Wrong)]
    assert "正在进行" in refused.said.zh
    (review,) = [each for each in both if isinstance(each, int)]
    acts = office.office.acts
    await take_review(acts, office.people["reviewer"], case.id, review)
    ends = await asyncio.gather(
        give_opinion(acts, office.people["reviewer"], case.id, review, agreed(), TODAY),
        withdraw_review(acts, office.people["handler"], case.id, review, "补充"),
        return_exceptions=True,
    )
    (late,) = [each for each in ends if isinstance(each, Wrong)]
    assert "已撤回" in late.said.zh or "已出具意见" in late.said.zh
    stated = await office.office.stated("review.opinion") + await office.office.stated("review.withdrawn")
    assert len(stated) == 1


async def test_two_rounds_under_way_are_refused_by_the_database(office: ReviewOffice) -> None:
    case = await office.case()
    draft = await office.draft(case)
    await office.submitted(case, draft)
    row = {"case_id": case.id, "agency": "scjg", "draft_id": draft, "round": 2, "submitted_by": "person-1", "report": 1}
    row |= {"submitted_time": "t", "submitted_day": "2026-11-20", "passed": False, "stated": 0, "submitted_index": 1}
    with pytest.raises(DBAPIError):
        async with office.office.archive.database.write() as conn:
            await conn.execute(insert(reviews).values(**row))


async def test_a_case_that_changes_its_class_needs_a_new_draft(office: ReviewOffice) -> None:
    case = await office.case()
    draft = await office.draft(case)
    async with office.office.archive.database.write() as conn:
        await conn.execute(update(cases).where(cases.c.id == case.id).values(enforcement="coercion"))
    with pytest.raises(Wrong, match="执法类别已变更"):
        await office.submitted(case, draft)


@pytest.mark.parametrize(
    "wrong",
    [
        Opinion("同意", dict.fromkeys(CHECKLIST, "well") | {"facts": "maybe"}),
        Opinion("同意", {"facts": "well"}),
        Opinion("不同意", dict.fromkeys(CHECKLIST, "well") | {"facts": "problem"}),
        Opinion("不同意", dict.fromkeys(CHECKLIST, "well"), (Found("facts", "不清"),)),
        Opinion("不同意", dict.fromkeys(CHECKLIST, "well"), (Found("weather", "不好"),)),
        Opinion(" ", dict.fromkeys(CHECKLIST, "well")),
    ],
    ids=["answer", "left out", "not described", "not marked", "no item", "no words"],
)
async def test_an_opinion_that_is_not_whole_is_refused(office: ReviewOffice, wrong: Opinion) -> None:
    case = await office.case()
    review = await office.taken(case, await office.draft(case))
    with pytest.raises(Wrong):
        await give_opinion(office.office.acts, office.people["reviewer"], case.id, review, wrong, TODAY)
    async with office.office.archive.database.read() as conn:
        assert (await conn.execute(select(review_problems))).all() == []


async def test_the_head_allows_three_days_more_once_and_in_time(office: ReviewOffice) -> None:
    case = await office.case()
    review = await office.taken(case, await office.draft(case))
    acts, head = office.office.acts, office.people["head"]
    with pytest.raises(Wrong, match="期限已过"):
        await extend_review(acts, head, case.id, review, "复杂", TODAY + timedelta(days=30))
    await extend_review(acts, head, case.id, review, "案情复杂", TODAY)
    with pytest.raises(Wrong, match="已批准延长一次"):
        await extend_review(acts, head, case.id, review, "再延", TODAY)
    with pytest.raises(Wrong, match="承办人"):
        await extend_review(acts, office.people["second"], case.id, review, "再延", TODAY)
    async with office.office.archive.database.read() as conn:
        (detail,) = await details_of(conn, case.id)
    assert (detail.extended_by, detail.round.is_open) == (head.number, True)
    with pytest.raises(Wrong, match="负责人不能审核"):
        await take_review(acts, head, case.id, review)


async def test_justice_department_counsel_and_coordination_answer_and_pass_nothing(office: ReviewOffice) -> None:
    case = await office.case()
    draft = await office.draft(case)
    review = await office.taken(case, draft)
    acts, reviewer = office.office.acts, office.people["reviewer"]
    asked = await ask(acts, reviewer, case.id, review, "prereview", "是否属于重大公共利益")
    advice = await ask(acts, reviewer, case.id, review, "counsel", "法律关系", "某律师事务所")
    with pytest.raises(Wrong):
        await ask(acts, reviewer, case.id, review, "counsel", "法律关系", "")
    with pytest.raises(Wrong):
        await ask(acts, reviewer, case.id, review, "oracle", "？")
    justice = office.people["justice"]
    with pytest.raises(
        Wrong, match="没有这项咨询"
    ):  # the justice department answers what it is asked, and nothing else
        await answer_consultation(acts, justice, case.id, advice, OF_JUSTICE, "可以")
    await answer_consultation(acts, justice, case.id, asked, OF_JUSTICE, "属于")
    with pytest.raises(Wrong, match="已有答复"):
        await answer_consultation(acts, justice, case.id, asked, OF_JUSTICE, "不属于")
    with pytest.raises(Wrong, match="承办人"):
        await answer_consultation(acts, office.people["second"], case.id, advice, OF_REVIEWERS, "可以")
    await answer_consultation(acts, reviewer, case.id, advice, OF_REVIEWERS, "可以")
    refused = await decided(office, case.id, draft)
    assert refused is not None and refused.key == "review-open"
    await give_opinion(acts, reviewer, case.id, review, objected(), TODAY)
    dispute = await ask(acts, office.people["head"], case.id, review, "coordination", "承办人不同意第2项", "局长办公会")
    await answer_consultation(acts, office.people["head"], case.id, dispute, OF_HEADS, "按审核意见修改")
    still = await decided(office, case.id, draft)
    assert still is not None and still.key == "review-not-passed"
    events = [each.event for each in await office.office.stated("review.consulted")]
    assert [(each.kind, each.step) for each in events if isinstance(each, ReviewConsulted)] == [
        ("prereview", "asked"),
        ("counsel", "asked"),
        ("prereview", "answered"),
        ("counsel", "answered"),
        ("coordination", "asked"),
        ("coordination", "answered"),
    ]


async def test_a_round_of_another_case_is_not_reached_through_this_one(office: ReviewOffice) -> None:
    case, other = await office.case(), await office.case()
    review = await office.submitted(case, await office.draft(case))
    for step in (
        take_review(office.office.acts, office.people["reviewer"], other.id, review),
        withdraw_review(office.office.acts, office.people["handler"], other.id, review, "撤"),
    ):
        with pytest.raises(Wrong, match="没有这一轮"):
            await step


async def test_fines_against_one_party_are_found_across_the_cases_of_the_agency(office: ReviewOffice) -> None:
    first, second = await office.case(), await office.case()
    stranger = await office.case(parties=())
    await office.draft(first, 600_000)
    own = await office.draft(second, 500_000)
    await office.draft(stranger, 700_000)
    async with office.office.archive.database.read() as conn:
        found = await earlier_against(conn, await office.office.whole(second), own, TODAY)
        late = await earlier_against(conn, await office.office.whole(second), own, date(2027, 11, 20))
    assert [(each.number, each.proposed.results[0].fen) for each in found] == [(first.number, 600_000)]
    assert late == ()


async def test_a_fine_that_was_split_over_a_merger_is_found_by_the_successor(office: ReviewOffice) -> None:
    first, second = await office.case(), await office.case()
    await office.draft(first, 600_000)
    own = await office.draft(second, 500_000)
    async with office.office.archive.database.write() as conn:
        ended = {"stage": Stage.ARCHIVED.value, "archived_time": "2026-11-20T00:00:00.000Z"}
        await conn.execute(update(cases).where(cases.c.id == first.id).values(**ended))
    acts, given = office.office.acts, (office.office.agency, office.office.other)
    waiting = await merging.propose(acts, Somebody(91), *given, TODAY, "朝编发〔2026〕3号", "机构改革", TODAY)
    await merging.decide(acts, Somebody(92), waiting.id, waiting.version, merging.Answer.CONFIRM, TODAY)
    whole, before = await office.office.whole(second), await office.office.whole(first)
    assert (whole.case.agency, before.case.agency) == (office.office.other, office.office.agency)
    async with office.office.archive.database.read() as conn:
        found = await earlier_against(conn, whole, own, TODAY)
    assert [(each.number, each.proposed.results[0].fen) for each in found] == [(first.number, 600_000)]
