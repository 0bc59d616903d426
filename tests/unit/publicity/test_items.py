"""What is public was collected, reviewed and published by three people, in versions that are never edited."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from liuhen_protocol.publicity_events import PublicityPublished, PublicityWithdrawn
from liuhen_server.acts import said
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import case_parties
from liuhen_server.merging import acts as merging
from liuhen_server.publicity.content import digest_of_content, read_content
from liuhen_server.publicity.items import (
    collect,
    confirm,
    find_version,
    give_back,
    publish,
    review,
    save,
    versions_of,
    withdraw,
)
from liuhen_server.publicity.masking import Choice
from liuhen_server.publicity.rules import State, publish_by, withdraw_by
from support.case_office import TODAY, Somebody
from support.publicity import (
    COLLECTOR,
    DECIDER,
    HANDLER_ACCOUNT,
    LAWYER,
    PUBLISHER,
    REVIEWER,
    SECOND_ACCOUNT,
    Publicity,
    ended_decision,
)


async def now(room: Publicity, version_id: int) -> State:
    async with room.office.archive.database.read() as conn:
        found = await find_version(conn, version_id)
    assert found is not None
    return found.state


async def test_a_decision_becomes_public_in_the_fields_of_double_publicity(room: Publicity) -> None:
    number = await room.decision()
    version = await room.collected(number)
    fields = read_content(version.content).fields
    assert (fields["number"], fields["fine"], fields["kinds"]) == ("朝县市监罚〔2026〕1号", "0.35", "罚款")
    assert (fields["agency"], fields["decided"]) == ("朝阳县市场监督管理局", "2026-11-18")
    done = await room.public(version)
    assert (done.state, done.published_day, done.raw) == (State.PUBLISHED, "2026-11-20", None)
    (stated,) = await room.office.stated("publicity.published")
    assert stated.event == PublicityPublished(
        done.name, 1, "scjg", "decision", digest_of_content(done.content), "person-21", "person-22", "person-23",
        "2026-11-20", None,
    )  # fmt: skip


async def test_nothing_undecided_is_reviewed_and_nothing_private_is_public(room: Publicity) -> None:
    number = await room.decision(facts="证人张三丰（电话13912345678）看见当事人销售")
    version = await room.collected(number)
    assert "13912345678" not in version.content and "张三丰" not in version.content, "undecided is masked"
    assert {each.text for each in version.found} == {"张三丰", "13912345678"}
    with pytest.raises(Wrong, match="2 places"):
        await review(room.office.acts, REVIEWER, version.id, version.edit)
    choices = {each.key: Choice.KEEP if each.text == "张三丰" else Choice.MASK for each in version.found}
    raw = read_content(version.raw or "")
    saved = await save(room.office.acts, COLLECTOR, version.id, version.edit, raw, choices)
    assert "张三丰" in saved.content and "13912345678" not in saved.content
    done = await room.public(saved)
    async with room.office.archive.database.read() as conn:
        row = (await conn.execute(text("SELECT raw, content FROM public_versions"))).one()
    assert row.raw is None and "13912345678" not in row.content and done.state is State.PUBLISHED


async def test_people_of_the_case_are_known_by_name(room: Publicity) -> None:
    number = await room.decision(facts="货主刘大海委托当事人销售，并告知孙小美")
    async with room.office.archive.database.write() as conn:
        case = (await conn.execute(text("SELECT case_id FROM decisions"))).scalar_one()
        row = {
            "case_id": case,
            "place": 0,
            "kind": "organisation",
            "name": "朝阳县甲商行",
            "code": "91211321MA0TXXXX3K",
        }
        await conn.execute(insert(case_parties).values(**row, representative="赵一", contact="刘大海"))
    version = await room.collected(number, names=("孙小美",))
    assert {each.text for each in version.found} == {"刘大海", "孙小美"}
    assert read_content(version.content).fields["facts"] == "货主刘某某委托当事人销售，并告知孙某某"
    assert read_content(version.content).fields["party_code"] == "91211321MA0TXXXX3K"


async def test_one_person_never_makes_something_public_alone(room: Publicity) -> None:
    acts, number = room.office.acts, await room.decision()
    version = await room.collected(number)
    for who in (COLLECTOR, SECOND_ACCOUNT):
        with pytest.raises(Wrong, match="different people"):
            await review(acts, who, version.id, version.edit)
    await review(acts, REVIEWER, version.id, version.edit)
    for who in (COLLECTOR, SECOND_ACCOUNT, REVIEWER, HANDLER_ACCOUNT, DECIDER):
        with pytest.raises(Wrong, match="different people"):
            await publish(acts, who, version.id, version.edit + 1, TODAY)
    assert await now(room, version.id) is State.REVIEWED
    await publish(acts, PUBLISHER, version.id, version.edit + 1, TODAY)


async def test_the_database_itself_refuses_one_person_in_two_places(room: Publicity) -> None:
    version = await room.collected(await room.decision())
    with pytest.raises(IntegrityError):
        await room.sql("UPDATE public_versions SET reviewed_by = collected_by")
    await review(room.office.acts, REVIEWER, version.id, version.edit)
    with pytest.raises(IntegrityError):
        await room.sql("UPDATE public_versions SET published_by = reviewed_by")
    with pytest.raises(IntegrityError):
        await room.sql("UPDATE public_versions SET state = 'published'")


async def test_a_correction_is_a_new_version_and_every_version_stays(room: Publicity) -> None:
    number = await room.decision()
    first = await room.public(await room.collected(number))
    second = await room.collected(number)
    assert await now(room, first.id) is State.PUBLISHED, "public until the new one is"
    await room.public(second)
    async with room.office.archive.database.read() as conn:
        kept = await versions_of(conn, first.item_id)
    assert [(each.version, each.state) for each in kept] == [(2, State.PUBLISHED), (1, State.SUPERSEDED)]
    assert kept[1].content == first.content


async def test_two_versions_are_never_in_hand_at_once(room: Publicity) -> None:
    number = await room.decision()
    await room.collected(number)
    with pytest.raises(Wrong, match="in hand already"):
        await room.collected(number)


async def test_what_is_returned_says_why_and_begins_anew(room: Publicity) -> None:
    number = await room.decision()
    version = await room.collected(number)
    await give_back(room.office.acts, REVIEWER, version.id, version.edit, "处罚依据引用有误")
    assert await now(room, version.id) is State.RETURNED
    assert (await room.collected(number)).version == 2
    async with room.office.archive.database.read() as conn:
        reason = select(said.c.text).where(said.c.kind == "return")
        assert (await conn.execute(reason)).scalar_one() == "处罚依据引用有误"


async def test_a_withdrawal_says_why_and_when(room: Publicity) -> None:
    done = await room.public(await room.collected(await room.decision()))
    with pytest.raises(Wrong, match="say why"):
        await withdraw(room.office.acts, PUBLISHER, done.id, done.edit, " ", TODAY)
    await room.withdrawn(done)
    assert await now(room, done.id) is State.WITHDRAWN
    (stated,) = await room.office.stated("publicity.withdrawn")
    assert isinstance(stated.event, PublicityWithdrawn) and stated.event.day == "2026-11-20"


async def test_a_decision_in_force_no_longer_is_not_made_public(room: Publicity) -> None:
    number = await room.decision()
    version = await room.collected(number)
    await review(room.office.acts, REVIEWER, version.id, version.edit)
    async with room.office.archive.database.write() as conn:
        await ended_decision(conn, number)
    with pytest.raises(Wrong, match="revoked or is void"):
        await publish(room.office.acts, PUBLISHER, version.id, version.edit + 1, TODAY)


async def test_lists_are_confirmed_by_the_body_that_has_to(room: Publicity) -> None:
    row = ("1", "行政处罚", "对销售过期食品的处罚", "食品安全法", "执法大队", "经营者", "90日", "12315", "")
    version = await room.list(row, kind="item-list", title="行政执法事项清单")
    with pytest.raises(Wrong, match="justice department has to confirm"):
        await review(room.office.acts, REVIEWER, version.id, version.edit)
    with pytest.raises(Wrong, match="different people"):
        await confirm(room.office.acts, COLLECTOR, version.id, version.edit, "自认")
    await confirm(room.office.acts, Somebody(99), version.id, version.edit, "朝县司函〔2026〕8号")
    async with room.office.archive.database.read() as conn:
        confirmed = await find_version(conn, version.id)
    assert confirmed is not None
    await room.public(confirmed)


async def test_who_saves_under_an_older_page_is_told(room: Publicity) -> None:
    version = await room.collected(await room.decision())
    raw = read_content(version.raw or "")
    await save(room.office.acts, COLLECTOR, version.id, version.edit, raw, {})
    with pytest.raises(Wrong, match="changed since"):
        await save(room.office.acts, COLLECTOR, version.id, version.edit, raw, {})
    with pytest.raises(Wrong, match="only who collected"):
        await save(room.office.acts, LAWYER, version.id, version.edit + 1, raw, {})


async def test_what_is_of_no_shape_is_not_taken(room: Publicity) -> None:
    raw = read_content((await room.collected(await room.decision())).raw or "")
    for kind, about in (("decision", "decision-99"), ("decision", "../../etc"), ("gossip", "x")):
        with pytest.raises(Wrong):
            await collect(room.office.acts, COLLECTOR, "scjg", kind, about, raw)
    with pytest.raises(Wrong, match="no such decision"):
        await collect(room.office.acts, COLLECTOR, "jtys", "decision", "decision-1", raw)


def test_terms_are_counted_in_working_days_across_holidays() -> None:
    assert publish_by("penalty", date(2026, 2, 13)).day == date(2026, 3, 2), "Spring Festival and its 调休 between"
    assert publish_by("coercion", date(2026, 11, 2)).day == date(2026, 11, 30)
    assert withdraw_by(date(2026, 11, 20)).day == date(2026, 11, 25)


async def test_a_list_of_an_agency_that_was_merged_goes_no_further_and_its_decisions_do(room: Publicity) -> None:
    acts, columns = room.office.acts, ("1", "食品经营", "经营者", "检查", "食品安全法", "日常", "")
    collected, reviewed = await room.list(columns), await room.list(columns, kind="window-posts", title="窗口")
    decision = await room.masked(await room.collected(await room.decision()))
    await review(acts, REVIEWER, reviewed.id, reviewed.edit)
    given = (room.office.agency, room.office.other, TODAY, "朝编发〔2026〕3号", "机构改革", TODAY)
    waiting = await merging.propose(acts, Somebody(91), *given)
    await merging.decide(acts, Somebody(92), waiting.id, waiting.version, merging.Answer.CONFIRM, TODAY)
    with pytest.raises(Wrong, match="was merged into"):
        await review(acts, REVIEWER, collected.id, collected.edit)
    with pytest.raises(Wrong, match="was merged into"):
        await publish(acts, PUBLISHER, reviewed.id, reviewed.edit + 1, TODAY)
    await give_back(acts, REVIEWER, collected.id, collected.edit, "机构已合并")
    assert (await room.public(decision)).state is State.PUBLISHED
