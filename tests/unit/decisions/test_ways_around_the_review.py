"""Each way around the review that somebody might try, and what stops it: the rules, and beneath them the database's own constraints."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from liuhen_protocol.decision_events import DecisionRefused
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.documents import Paper, add_document
from liuhen_server.cases.record import Changes, change_case
from liuhen_server.cases.schema import cases
from liuhen_server.decisions.deciding import Given, decide
from liuhen_server.decisions.refused import NotDecided
from liuhen_server.decisions.schema import decisions, drafts
from liuhen_server.people.accounts import add_person
from liuhen_server.people.roles import Role
from liuhen_server.registry.schema import officers
from liuhen_server.review.rounds import Submission, submit_review
from liuhen_server.review.schema import reviews
from support.case_office import PDF, TODAY
from support.deciding import SHOP, WARNED, drafted, file
from support.decision_room import Room


async def test_a_case_whose_draft_passed_its_review_is_decided_and_the_decision_names_it(room: Room) -> None:
    draft = await room.ready()
    made = await decide(room.people.office.acts, room.who("head"), room.case.id, Given(draft.id, "", TODAY), TODAY)
    assert (made.needs_review, made.review_passed, made.review_day) == (True, True, TODAY.isoformat())
    assert made.review_by == room.who("reviewer").number
    (entry,) = await room.people.office.stated("decision.made")
    assert getattr(entry.event, "review", None) == f"review-{made.review_id}"


async def test_without_its_review_a_case_neither_comes_to_its_decision_nor_past_it(room: Room) -> None:
    office = room.people.office
    draft = await room.draft()
    await room.refused("not-reviewed", draft)
    with pytest.raises(NotDecided, match="未经法制审核"):
        await room.moved(Stage.DECISION)
    # discontinued, and opened again for its execution
    await room.moved(Stage.ARCHIVING)
    with pytest.raises(NotDecided, match="没有生效的决定"):
        await room.moved(Stage.EXECUTION, Stage.ARCHIVING)
    stated = [each.event for each in await office.stated("decision.refused")]
    assert [(each.what, each.why) for each in stated if isinstance(each, DecisionRefused)] == [
        ("decide", "not-reviewed"),
        ("stage", "not-reviewed"),
        ("stage", "no-decision"),
    ]


async def test_a_document_that_says_a_decision_nobody_made_is_not_taken(room: Room) -> None:
    office = room.people.office
    draft = await room.ready()
    paper = Paper(Stage.DECISION, "decision", TODAY.isoformat())
    with pytest.raises(NotDecided, match="还没有作出决定"):
        await add_document(office.acts, room.who("handler"), room.case.id, await office.file(PDF), paper)
    entry = (await office.stated("decision.refused"))[-1].event
    assert isinstance(entry, DecisionRefused) and entry.what == "document"
    await decide(office.acts, room.who("head"), room.case.id, Given(draft.id, "", TODAY), TODAY)
    with pytest.raises(NotDecided, match="决定日期一致"):
        earlier = replace(paper, dated="2026-11-19")
        await add_document(office.acts, room.who("handler"), room.case.id, await office.file(PDF), earlier)
    await add_document(office.acts, room.who("handler"), room.case.id, await office.file(PDF), paper)


async def test_a_review_that_found_problems_lets_nothing_through(room: Room) -> None:
    draft = await room.draft()
    await room.reviewed(draft, agrees=False)
    await room.refused("review-not-passed", draft)


async def test_a_decision_is_not_dated_before_its_review(room: Room) -> None:
    await room.refused("before-review", await room.ready(), dated=-1)


async def test_neither_a_handler_nor_the_reviewer_nor_a_second_account_of_the_handler_decides(room: Room) -> None:
    draft = await room.ready()
    await room.refused("decides-own", draft, by="handler")
    await room.refused("decides-own", draft, by="second")
    await room.refused("decides-reviewed", draft, by="reviewer")
    office = room.people.office
    async with office.archive.database.write() as conn:
        lawyer = room.people.people["reviewer"].officer
        second = await add_person(
            conn, name="lawyer-2", display_name="x", roles=frozenset({Role.HEAD}), one_time_hash="x", now=1,
            agency=office.agency, officer=lawyer,
        )  # fmt: skip
    room.people.people["lawyer-2"] = second
    await room.refused("decides-reviewed", draft, by="lawyer-2")


async def test_who_handled_the_case_once_does_not_decide_it_when_he_has_left_it(room: Room) -> None:
    office = room.people.office
    draft = await room.ready()
    whole = await office.whole(room.case)
    head = room.people.people["head"].officer
    assert head is not None
    joined = Changes(handlers=(office.officers["王磊"], office.officers["李静"], head))
    case = await change_case(office.acts, room.who("handler"), room.case.id, whole.case.version, joined, TODAY)
    left = Changes(handlers=(office.officers["王磊"], office.officers["李静"]))
    await change_case(office.acts, room.who("handler"), room.case.id, case.version, left, TODAY)
    await room.refused("decides-own", draft)


async def test_a_draft_that_was_changed_after_its_review_is_another_draft(room: Room) -> None:
    reviewed = await room.ready()
    changed = await room.draft(version=1, discretion="从轻")
    await room.refused("older-draft", reviewed)
    await room.refused("review-of-another", changed)
    smaller = await drafted(room.people.office.acts, room.case, WARNED, version=2, by=room.who("handler"))
    assert not smaller.needs_review
    made = await decide(room.people.office.acts, room.who("head"), room.case.id, Given(smaller.id, "", TODAY), TODAY)
    assert made.review_id is None and made.fine_fen == 0


async def test_a_case_that_changes_its_class_after_the_draft_needs_a_new_one(room: Room) -> None:
    office = room.people.office
    draft = await room.ready()

    async def become(enforcement: str) -> None:
        version = (await office.whole(room.case)).case.version
        changes = Changes(enforcement=enforcement)
        await change_case(office.acts, room.who("handler"), room.case.id, version, changes, TODAY)

    with pytest.raises(NotDecided, match="没有“审核”环节"):
        await become("inspection")
    with pytest.raises(ValueError, match="does not cover"):
        await become("coercion")
    async with office.archive.database.write() as conn:
        await conn.execute(update(officers).values(classes=""))
    await become("coercion")
    assert (await office.whole(room.case)).case.enforcement == "coercion"
    await room.refused("class-changed", draft)
    await become("penalty")
    await decide(office.acts, room.who("head"), room.case.id, Given(draft.id, "", TODAY), TODAY)
    with pytest.raises(NotDecided, match="不能变更执法类别"):
        await become("coercion")


async def test_while_a_review_is_under_way_nothing_is_drafted_behind_it(room: Room) -> None:
    draft = await room.draft()
    paper = (await room.people.office.whole(room.case)).documents[0].id
    given = Submission(draft.id, "提请审核", {"investigation": (paper,), "evidence": (paper,)})
    await submit_review(room.people.office.acts, room.who("handler"), room.case.id, given, TODAY)
    with pytest.raises(ValueError, match="under way"):
        await room.draft(version=1)


async def test_cases_that_were_past_it_when_decisions_came_in_go_on_as_they_were(room: Room) -> None:
    office = room.people.office
    async with office.archive.database.write() as conn:
        await conn.execute(update(cases).where(cases.c.id == room.case.id).values(decided_before=True))
    await room.moved(Stage.DECISION)
    paper = Paper(Stage.DECISION, "decision", "2026-11-19")
    await add_document(office.acts, room.who("handler"), room.case.id, await office.file(PDF), paper)
    await room.moved(Stage.SERVICE, Stage.DECISION)


async def test_sql_cannot_write_a_decision_around_its_review(room: Room) -> None:
    """Whoever writes into the database by hand meets its keys and checks, on both kinds of database."""
    failed = await room.draft()
    bad = await room.reviewed(failed, agrees=False)
    office, head, lawyer = room.people.office, room.who("head").number, room.who("reviewer").number
    other = Room(room.people, await office.open(parties=(SHOP,)))
    await other.moved(Stage.INVESTIGATION, Stage.INITIATION)
    await other.moved(Stage.REVIEW, Stage.INVESTIGATION)
    await file(office, other.case, Stage.REVIEW, "notice")
    passed = await other.draft()
    good = await other.reviewed(passed)
    day = TODAY.isoformat()
    row: dict[str, object] = {
        "case_id": other.case.id,
        "agency": office.agency,
        "enforcement": "penalty",
        "draft_id": passed.id,
        "needs_review": True,
        "review_id": good,
        "review_passed": True,
        "review_day": day,
        "review_by": lawyer,
        "number": "9号",
        "number_key": "9号",
        "kind": "fine",
        "fine_fen": 1,
        "confiscated_fen": 0,
        "dated": day,
        "decided_by": head,
        "decided_time": "2026-11-20T08:00:00.000Z",
        "log_index": 1,
    }
    none: dict[str, object] = {"review_id": None, "review_passed": None, "review_day": None, "review_by": None}
    lies: dict[str, dict[str, object]] = {
        "no review": none,
        "a draft that says it needs none": {**none, "needs_review": False},
        "a review of another draft": {"review_id": bad},
        "a review that did not pass": {"case_id": room.case.id, "draft_id": failed.id, "review_id": bad},
        "and says so": {
            "case_id": room.case.id,
            "draft_id": failed.id,
            "review_id": bad,
            "review_passed": False,
        },
        "a day before the opinion": {"dated": "2026-11-19"},
        "an opinion of an earlier day": {"dated": "2026-11-19", "review_day": "2026-11-19"},
        "the reviewer decides": {"decided_by": lawyer},
        "the opinion of somebody else": {"review_by": "person-999"},
        "another case's draft": {"case_id": room.case.id},
        "half a review": {"review_by": None},
    }
    for lie, values in lies.items():
        with pytest.raises(IntegrityError):
            async with office.archive.database.write() as conn:
                await conn.execute(insert(decisions).values(**{**row, **values}))
        assert lie
    async with office.archive.database.write() as conn:
        await conn.execute(insert(decisions).values(**row))
    after = {
        "what it decided of needed no review after all": update(drafts)
        .where(drafts.c.id == passed.id)
        .values(needs_review=False),
        "its review did not pass after all": update(reviews)
        .where(reviews.c.id == good)
        .values(passed=False, outcome="problems", stated=1),
        "its review was of another day": update(reviews).where(reviews.c.id == good).values(opinion_day="2026-11-21"),
        "a second decision of one draft": insert(decisions).values(**{**row, "number": "8号", "number_key": "8号"}),
    }
    for lie, statement in after.items():
        with pytest.raises(IntegrityError):
            async with office.archive.database.write() as conn:
                await conn.execute(statement)
        assert lie
