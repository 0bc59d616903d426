"""A draft, its decision, service, execution and end: acts that the log holds, each refusal with its entry."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select

from liuhen_protocol.decision_events import (
    DecisionDrafted,
    DecisionEnded,
    DecisionExecuted,
    DecisionMade,
    DecisionRefused,
    DecisionServed,
)
from liuhen_server.acts import said
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.reading import Case, Party
from liuhen_server.cases.record import move_case
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import case_stages
from liuhen_server.decisions.deciding import (
    Given,
    NumberOfDecisionTaken,
    decide,
    end_decision,
    wanted_decision_number,
)
from liuhen_server.decisions.draft import Draft, Proposal, Result, text_of
from liuhen_server.decisions.drafting import OutdatedDraft, write_draft
from liuhen_server.decisions.gates import lacks
from liuhen_server.decisions.reading import decisions_of, drafts_of
from liuhen_server.decisions.refused import NotDecided
from liuhen_server.decisions.serving import Performed, Served, execute, serve
from liuhen_server.decisions.standing import lacks_of, standing_of
from liuhen_server.merging import acts as merging
from liuhen_server.review.criteria import MajorRow
from liuhen_server.review.lists import approve_major_list, draft_major_list, save_major_rows
from support.case_office import COLLEAGUE, HANDLER, HEAD, TODAY, Office, Somebody
from support.deciding import (
    FINED,
    SHOP,
    WARNED,
    brought_to_decision,
    brought_to_review,
    decided,
    drafted,
    file,
    named,
)
from support.decision_room import Room

OTHER_HEAD = Somebody(5)


async def refused_as(office: Office, why: str, case: Case, draft: Draft, **given: object) -> None:
    """The head is refused for this reason, nothing of it stays, and the log says that he tried."""
    before = len(await office.stated("decision.refused"))
    values: dict[str, object] = {"draft_id": draft.id, "number": "", "dated": TODAY, **given}
    with pytest.raises(NotDecided) as error:
        await decide(office.acts, HEAD, case.id, Given(**values), TODAY)  # type: ignore[arg-type]
    assert why in [each.key for each in error.value.refusals]
    entry = (await office.stated("decision.refused"))[before:]
    first = error.value.refusals[0].key
    assert [each.event for each in entry] == [DecisionRefused(case.name, draft.name, "decide", first, HEAD.number)]
    assert await office.stated("decision.made") == []


async def test_a_draft_is_kept_with_the_reasons_for_its_review_and_bound_to_the_log(office: Office) -> None:
    case = await brought_to_review(office)
    first = await drafted(office.acts, case)
    second = await drafted(office.acts, case, FINED, version=1)
    assert (first.needs_review, first.why) == (False, ())
    assert second.needs_review and [each.key for each in second.why] == ["row:处罚-2"]
    async with office.archive.database.read() as conn:
        assert await drafts_of(conn, case.id) == (first, second)
        texts = {row.sha256: row.text for row in await conn.execute(select(said.c.sha256, said.c.text))}
    stated = [each.event for each in await office.stated("decision.drafted")]
    assert stated == [
        DecisionDrafted(case.name, each.name, each.version, each.needs_review, HANDLER.number, each.sha256)
        for each in (first, second)
    ]
    assert texts[second.sha256] == text_of(case.name, 2, second.proposal, None, second.why)


async def test_who_writes_a_draft_second_is_told_and_nothing_is_saved(office: Office) -> None:
    case = await brought_to_review(office)
    await drafted(office.acts, case)
    with pytest.raises(OutdatedDraft) as error:
        await drafted(office.acts, case, FINED, by=COLLEAGUE)
    assert error.value.newest is not None and error.value.newest.version == 1
    assert len(await office.stated("decision.drafted")) == 1


SUMMARY = replace(WARNED, procedure="summary")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(WARNED, facts=" "), "facts"),
        (replace(WARNED, basis=""), "basis"),
        (replace(WARNED, discretion=""), "discretion"),
        (replace(WARNED, facts="长" * 4001), "facts"),
        (replace(WARNED, facts="a\u202eb"), "facts"),
        (replace(WARNED, results=()), "results"),
        (replace(WARNED, results=(Result("granted", "准予"),)), "results"),
        (replace(WARNED, results=(Result("fine", "罚款"),)), "results"),
        (replace(WARNED, results=(Result("warning", "警告", 5),)), "results"),
        (replace(WARNED, results=(Result("fine", "罚款", -5),)), "results"),
        (replace(WARNED, results=(Result("no-penalty", "不予"), Result("warning", "警告"))), "results"),
        (replace(WARNED, results=(Result("licence-suspended", "暂扣", 0, "2026-13-01"),)), "results"),
        (replace(WARNED, grounds=frozenset({"whim"})), "grounds"),
        (replace(WARNED, procedure="short"), "procedure"),
        (replace(WARNED, enforcement="licence"), "enforcement"),
        # a limit that is another one's: the party of the case is an organisation
        (replace(WARNED, party_kind="person"), "party_kind"),
        # the short way is for what is small (行政处罚法 art. 51)
        (replace(SUMMARY, results=(Result("fine", "罚款", 300_001),)), "procedure"),
        (replace(SUMMARY, results=(Result("confiscation", "没收", 1),)), "procedure"),
    ],
)
async def test_what_a_draft_cannot_say_is_told_at_its_field(office: Office, wrong: Proposal, field: str) -> None:
    case = await brought_to_review(office)
    with pytest.raises(Wrong) as error:
        await drafted(office.acts, case, wrong)
    assert error.value.field == field
    assert await office.stated("decision.drafted") == []


async def test_a_hearing_that_was_held_asks_for_the_review_whether_or_not_it_is_ticked(office: Office) -> None:
    case = await brought_to_review(office)
    await file(office, case, Stage.REVIEW, "hearing-record")
    draft = await drafted(office.acts, case)
    assert draft.needs_review and [each.key for each in draft.why] == ["ground:hearing"]


async def test_a_complex_case_is_discussed_collectively_and_the_record_is_a_document_of_the_case(
    office: Office,
) -> None:
    case = await brought_to_review(office)
    draft = await drafted(office.acts, case, replace(WARNED, collective=True))
    other = await brought_to_review(office)
    foreign = await file(office, other, Stage.REVIEW, "collective")
    await move_case(office.acts, HANDLER, case.id, Stage.REVIEW, Stage.DECISION, "", TODAY)
    await refused_as(office, "no-collective", case, draft)
    await refused_as(office, "no-such-record", case, draft, collective_document=foreign.id)
    record = await file(office, case, Stage.REVIEW, "collective")
    made = await decide(office.acts, HEAD, case.id, Given(draft.id, "", TODAY, record.id), TODAY)
    assert made.collective_document == record.id
    (entry,) = await office.stated("decision.made")
    assert isinstance(entry.event, DecisionMade) and entry.event.collective == f"document-{record.id}"


async def test_a_decision_has_number_day_money_and_its_entry(office: Office) -> None:
    case, draft = await brought_to_decision(
        office, replace(WARNED, results=(Result("warning", "警告"), Result("fine", "罚款五千元", 500_000)))
    )
    made = await decided(office, case, draft)
    assert (made.number, made.dated, made.kind, made.fine_fen) == (case.number, "2026-11-20", "fine", 500_000)
    assert (made.needs_review, made.review_id, made.decided_by) == (False, None, HEAD.number)
    (entry,) = await office.stated("decision.made")
    assert entry.event == DecisionMade(
        case.name, made.name, draft.name, None, case.number, "2026-11-20", None, HEAD.number
    )
    whole = await office.whole(case)
    assert [each.what for each in whole.acts][:2] == ["decided", "stage"]


async def test_numbers_of_decisions_follow_the_form_of_the_last_one_and_are_given_once(office: Office) -> None:
    case, draft = await brought_to_decision(office)
    given = Given(draft.id, "朝县市监罚决[2026]第 7 号", TODAY)
    made = await decide(office.acts, HEAD, case.id, given, TODAY)
    assert made.number == "朝县市监罚决〔2026〕7号"
    other, next_draft = await brought_to_decision(office)
    async with office.archive.database.read() as conn:
        assert str(await wanted_decision_number(conn, other, 2026)) == "朝县市监罚决〔2026〕8号"
        assert str(await wanted_decision_number(conn, other, 2027)) == "朝县市监罚决〔2027〕1号"
    with pytest.raises(NumberOfDecisionTaken):
        await decide(office.acts, HEAD, other.id, Given(next_draft.id, "朝县市监罚决〔2026〕7号", TODAY), TODAY)


async def test_of_two_heads_at_once_the_second_is_told(office: Office) -> None:
    case, draft = await brought_to_decision(office)
    results = await asyncio.gather(
        *(decide(office.acts, head, case.id, Given(draft.id, "", TODAY), TODAY) for head in (HEAD, OTHER_HEAD)),
        return_exceptions=True,
    )
    (refused,) = [each for each in results if isinstance(each, BaseException)]
    assert isinstance(refused, NotDecided) and "decided-already" in [each.key for each in refused.refusals]
    assert len(await office.stated("decision.made")) == 1
    assert len(await office.stated("decision.refused")) == 1


async def test_a_day_is_neither_ahead_nor_before_the_case(office: Office) -> None:
    case, draft = await brought_to_decision(office)
    await refused_as(office, "future-day", case, draft, dated=TODAY + timedelta(days=1))
    await refused_as(office, "before-case", case, draft, dated=TODAY - timedelta(days=1))


async def test_the_party_is_told_before_a_penalty_and_may_ask_for_a_hearing_until_its_term_is_over(
    office: Office,
) -> None:
    case, draft = await brought_to_decision(office, notice=False)
    await refused_as(office, "no-notice", case, draft)
    await file(office, case, Stage.REVIEW, "notice", TODAY + timedelta(days=3))
    await refused_as(office, "no-notice", case, draft)
    await file(office, case, Stage.REVIEW, "notice")
    await file(office, case, Stage.REVIEW, "hearing-notice")
    await refused_as(office, "hearing-term", case, draft)
    # five working days after Friday the 20th end on Friday the 27th
    last = date(2026, 11, 27)
    with pytest.raises(NotDecided) as error:
        await decide(office.acts, HEAD, case.id, Given(draft.id, "", last), last)
    assert [each.key for each in error.value.refusals] == ["hearing-term"]
    await file(office, case, Stage.REVIEW, "hearing-request")
    after = last + timedelta(days=1)
    with pytest.raises(NotDecided) as error:
        await decide(office.acts, HEAD, case.id, Given(draft.id, "", after), after)
    assert [each.key for each in error.value.refusals] == ["not-heard"]


async def test_a_year_whose_days_off_nobody_announced_is_counted_by_its_weeks(office: Office) -> None:
    case, draft = await brought_to_decision(office)
    # nobody has announced the days off of 2031: five days from Monday to Friday after Wednesday the 1st end on the 8th
    await file(office, case, Stage.REVIEW, "hearing-notice", date(2031, 1, 1))
    for day, why in ((date(2031, 1, 8), ["hearing-term"]), (date(2031, 1, 9), [])):
        given = Given(draft.id, "", day)
        if why:
            with pytest.raises(NotDecided) as error:
                await decide(office.acts, HEAD, case.id, given, day)
            assert [each.key for each in error.value.refusals] == why
        else:
            assert (await decide(office.acts, HEAD, case.id, given, day)).dated == "2031-01-09"


async def test_what_a_decision_must_say_is_asked_for(office: Office) -> None:
    case, draft = await brought_to_decision(office, replace(WARNED, performance="", remedies=""))
    await refused_as(office, "no-performance", case, draft)
    await refused_as(office, "no-remedies", case, draft)


async def test_parties_that_changed_after_the_draft_need_a_new_one(office: Office) -> None:
    case, draft = await brought_to_decision(office)
    await named(office, case, Party("person", "张大华"))
    await refused_as(office, "other-party", case, draft)
    await named(office, case)
    await refused_as(office, "no-party", case, draft)


async def test_a_draft_of_another_case_decides_nothing(office: Office) -> None:
    case, _ = await brought_to_decision(office)
    _, foreign = await brought_to_decision(office)
    with pytest.raises(Wrong, match="no such draft"):
        await decide(office.acts, HEAD, case.id, Given(foreign.id, "", TODAY), TODAY)


async def test_a_case_that_has_not_come_to_its_decision_is_not_decided(office: Office) -> None:
    case = await brought_to_review(office)
    draft = await drafted(office.acts, case)
    await refused_as(office, "not-in-decision", case, draft)


async def made_penalty(office: Office) -> tuple[Case, int]:
    case, draft = await brought_to_decision(office)
    return case, (await decided(office, case, draft)).id


async def test_service_is_proved_by_a_document_of_the_case_or_a_linked_clip(office: Office) -> None:
    case, decision = await made_penalty(office)
    receipt = await file(office, case, Stage.REVIEW, "other")
    clip = await office.clip("a")
    for given, field in (
        (Served("direct", "张大华", TODAY), "document"),
        (Served("direct", " ", TODAY, receipt.id), "receiver"),
        (Served("pigeon", "张大华", TODAY, receipt.id), "how"),
        (Served("direct", "张大华", TODAY, 999), "document"),
        (Served("direct", "张大华", TODAY, None, clip), "clip"),
        (Served("direct", "张大华", TODAY + timedelta(days=1), receipt.id), "day"),
        (Served("direct", "张大华", TODAY - timedelta(days=1), receipt.id), "day"),
    ):
        with pytest.raises(Wrong) as error:
            await serve(office.acts, HANDLER, case.id, decision, given, TODAY)
        assert error.value.field == field
    served = await serve(office.acts, HANDLER, case.id, decision, Served("left", "张大华", TODAY, receipt.id), TODAY)
    (kept,) = served.services
    assert (kept.how, kept.receiver, kept.document_id) == ("left", "张大华", receipt.id)
    (entry,) = await office.stated("decision.served")
    assert isinstance(entry.event, DecisionServed) and "张大华" not in str(entry.event)
    assert (entry.event.service, entry.event.document) == (f"service-{kept.id}", f"document-{receipt.id}")


async def test_execution_is_added_until_nothing_is_left(office: Office) -> None:
    case, decision = await made_penalty(office)
    for how, fen in (("partly", 200_000), ("performed", 300_000)):
        given = Performed(how, TODAY, fen, note="银行回单")
        done = await execute(office.acts, HANDLER, case.id, decision, given, TODAY)
    assert sum(each.fen for each in done.executions) == 500_000
    assert [
        (each.event.how, each.event.fen)
        for each in await office.stated("decision.executed")
        if isinstance(each.event, DecisionExecuted)
    ] == [("partly", 200_000), ("performed", 300_000)]
    for wrong in (Performed("somehow", TODAY), Performed("performed", TODAY, -1), Performed("performed", TODAY, 0, 77)):
        with pytest.raises(Wrong):
            await execute(office.acts, HANDLER, case.id, decision, wrong, TODAY)


async def test_a_decision_that_ended_has_a_reason_and_nothing_more_happens_to_it(office: Office) -> None:
    case, decision = await made_penalty(office)
    with pytest.raises(Wrong, match="say why"):
        await end_decision(office.acts, HEAD, case.id, decision, "revoked", TODAY, " ", TODAY)
    for how, replaced_by in (("forgotten", None), ("revoked", decision), ("changed", decision)):
        with pytest.raises(Wrong):
            await end_decision(office.acts, HEAD, case.id, decision, how, TODAY, "因故", TODAY, replaced_by)
    ended = await end_decision(office.acts, HEAD, case.id, decision, "revoked", TODAY, "复议机关撤销", TODAY)
    assert ended.ended is not None and not ended.in_force
    (entry,) = await office.stated("decision.ended")
    assert isinstance(entry.event, DecisionEnded) and entry.event.how == "revoked"
    with pytest.raises(Wrong, match="ended on"):
        await execute(office.acts, HANDLER, case.id, decision, Performed("performed", TODAY), TODAY)
    with pytest.raises(Wrong, match="ended on"):
        await end_decision(office.acts, HEAD, case.id, decision, "void", TODAY, "再一次", TODAY)


async def test_what_is_changed_is_replaced_by_another_decision_of_the_case(office: Office) -> None:
    case, first = await made_penalty(office)
    draft = await drafted(office.acts, case, replace(WARNED, discretion="更正裁量理由"), version=1)
    second = await decide(office.acts, HEAD, case.id, Given(draft.id, "", TODAY), TODAY)
    assert second.number == "朝县市监罚〔2026〕2号"
    changed = await end_decision(office.acts, HEAD, case.id, first, "changed", TODAY, "裁量有误", TODAY, second.id)
    assert changed.ended is not None and changed.ended.replaced_by == second.id
    async with office.archive.database.read() as conn:
        assert [each.in_force for each in await decisions_of(conn, case.id)] == [False, True]


async def test_nothing_is_drafted_in_an_archived_or_unknown_case(office: Office) -> None:
    with pytest.raises(LookupError):
        await write_draft(office.acts, HANDLER, 999, 0, WARNED, TODAY)
    assert SHOP.kind == "organisation"


async def test_the_list_of_cases_counts_what_decision_service_and_execution_lack_as_the_case_itself_does(
    room: Room,
) -> None:
    office = room.people.office
    draft = await room.ready()
    counted = []
    for step in ("drafted", "decided", "served"):
        if step == "decided":
            await decide(office.acts, room.who("head"), room.case.id, Given(draft.id, "", TODAY), TODAY)
        if step == "served":
            stages = {"case_id": room.case.id, "entered_time": "t", "entered_day": "2026-11-20", "by": "person-1"}
            async with office.archive.database.write() as conn:
                for stage in (Stage.SERVICE, Stage.EXECUTION):
                    await conn.execute(insert(case_stages).values(**stages, stage=stage.value, log_index=1))
        case = (await office.whole(room.case)).case
        async with office.archive.database.read() as conn:
            alone = lacks(await standing_of(conn, case))
            assert (await lacks_of(conn, [case]))[case.id] == alone, step
        counted.append(len(alone))
    assert counted == [1, 0, 2]


async def listed(office: Office, agency: str, *rows: MajorRow) -> None:
    """A major-decision list of the agency, in force today."""
    draft = await draft_major_list(office.acts, HANDLER, agency)
    saved = await save_major_rows(office.acts, HANDLER, draft.id, draft.edit, rows)
    await approve_major_list(office.acts, HEAD, saved.id, saved.edit, TODAY, TODAY)


async def merged(office: Office) -> None:
    given = (office.agency, office.other, TODAY, "朝编发〔2026〕3号", "机构改革", TODAY)
    waiting = await merging.propose(office.acts, Somebody(91), *given)
    await merging.decide(office.acts, Somebody(92), waiting.id, waiting.version, merging.Answer.CONFIRM, TODAY)


LAX = MajorRow("1", "penalty", "罚款 1000 万元以上", ("fine",), least_fen=1_000_000_000)
STRICT = MajorRow("1", "penalty", "罚款 1 万元以上", ("fine",), least_fen=1_000_000)


async def test_a_successor_decides_nothing_by_the_lax_list_of_an_agency_that_was_merged(office: Office) -> None:
    await listed(office, office.agency, LAX)
    await listed(office, office.other, STRICT)
    case, fined = await brought_to_decision(office, FINED)
    other_case, warned = await brought_to_decision(office)
    assert not fined.needs_review
    await merged(office)
    await refused_as(office, "agency-changed", case, fined)
    anew = await drafted(office.acts, case, FINED, version=1)
    assert anew.needs_review
    await refused_as(office, "not-reviewed", case, anew)
    assert (await decided(office, other_case, warned)).agency == office.other, "neither list asks for it"


async def test_a_list_that_an_agency_approves_later_asks_nothing_of_what_it_drafted_before(office: Office) -> None:
    await listed(office, office.agency, LAX)
    case, fined = await brought_to_decision(office, FINED)
    await listed(office, office.agency, STRICT)
    assert (await decided(office, case, fined)).draft_id == fined.id
