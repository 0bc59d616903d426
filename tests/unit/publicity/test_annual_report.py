"""A signed annual report becomes public by the same three people as everything else, and is due by 31 January."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from liuhen_server.cases.calendar import OFFICIAL
from liuhen_server.cases.said import Wrong
from liuhen_server.deadlines.deadline import Within
from liuhen_server.deadlines.sources import everything_due
from liuhen_server.operations.verify import verify_archive
from liuhen_server.publicity.annual import collect_report, public_version_of
from liuhen_server.publicity.content import read_content, write_content
from liuhen_server.publicity.items import Version, collect, find_version, give_back, publish, review, save
from liuhen_server.publicity.masking import Choice
from liuhen_server.publicity.reading import said_of
from liuhen_server.publicity.rules import State
from liuhen_server.statistics.reports import Report, draft_report, find_report, save_words, sign_report
from liuhen_server.supervision.matrix import matrix
from support.case_office import COLLEAGUE, HEAD
from support.publicity import COLLECTOR, PUBLISHER, REVIEWER, SECOND_ACCOUNT, Publicity, made_decision

JANUARY = date(2027, 1, 12)


async def drafted(room: Publicity) -> Report:
    case = await room.office.open()
    async with room.office.archive.database.write() as conn:
        await made_decision(conn, case.id, room.office.agency, "朝县市监罚〔2026〕1号")
    draft = await draft_report(room.office.acts, COLLEAGUE, room.office.agency, 2026, JANUARY)
    return await save_words(room.office.acts, COLLEAGUE, draft.id, draft.edit, "全年总体情况平稳。")


async def signed(room: Publicity) -> Report:
    draft = await drafted(room)
    return await sign_report(room.office.acts, HEAD, draft.id, draft.edit, JANUARY)


async def collected(room: Publicity, report: Report) -> Version:
    async with room.office.archive.database.read() as conn:
        return await collect_report(conn, room.office.acts, COLLECTOR, report)


async def due(room: Publicity) -> list[str]:
    async with room.office.archive.database.read() as conn:
        found = await everything_due(conn, JANUARY, Within(OFFICIAL, room.office.agency))
    return [each.url for each in found if each.rule.key == "statistics" and each.due == date(2027, 1, 31)]


async def test_a_signed_report_is_made_public_by_three_people_and_is_due_until_then(room: Publicity) -> None:
    report = await signed(room)
    assert await due(room) == [f"/statistics?year=2026&agency={room.office.agency}"]
    version = await collected(room, report)
    content = read_content(version.content)
    assert content.title == "朝阳县市场监督管理局2026年行政执法统计年报" and len(content.sheets) > 3
    assert ("罚款", "1", "0.35") in content.sheets[0].rows and content.text.startswith("全年总体情况平稳。")
    assert version.found == (), "figures are nobody's private data"
    assert await due(room) == [f"/publicity/{version.id}"], "whoever's turn it is opens the version in hand"
    for who in (COLLECTOR, SECOND_ACCOUNT):
        with pytest.raises(Wrong, match="different people"):
            await review(room.office.acts, who, version.id, version.edit)
    await review(room.office.acts, REVIEWER, version.id, version.edit)
    with pytest.raises(Wrong, match="different people"):
        await publish(room.office.acts, REVIEWER, version.id, version.edit + 1, JANUARY)
    await publish(room.office.acts, PUBLISHER, version.id, version.edit + 1, JANUARY)
    assert await due(room) == []
    async with room.office.archive.database.read() as conn:
        found = await find_report(conn, report.id)
        assert found is not None
        public = await public_version_of(conn, found)
    assert public is not None and (public.state, public.published_day) == (State.PUBLISHED, JANUARY.isoformat())


async def test_a_draft_is_not_made_public_nor_a_report_twice(room: Publicity) -> None:
    draft = await drafted(room)
    with pytest.raises(Wrong, match="signed first"):
        await collected(room, draft)
    report = await sign_report(room.office.acts, HEAD, draft.id, draft.edit, JANUARY)
    version = await collected(room, report)
    with pytest.raises(Wrong, match="in hand already"):
        await collected(room, report)
    await room.public(version, JANUARY)
    with pytest.raises(Wrong, match="public already"):
        await collected(room, report)


async def test_nobody_types_a_figure_into_a_report_on_its_way_to_the_public(room: Publicity) -> None:
    version = await collected(room, await signed(room))
    content = read_content(version.raw or "")
    sheet = content.sheets[0]
    figure = replace(sheet, rows=((sheet.rows[0][0], "999", *sheet.rows[0][2:]), *sheet.rows[1:]))
    for changed in (
        replace(content, title=content.title + "（摘要）"),
        replace(content, text="全年无行政处罚。"),
        replace(content, sheets=(figure, *content.sheets[1:])),
    ):
        with pytest.raises(Wrong, match="as it was signed"):
            await save(room.office.acts, COLLECTOR, version.id, version.edit, changed, {})
        with pytest.raises(Wrong, match="as it was signed"):
            await collect(room.office.acts, COLLECTOR, room.office.agency, "statistics", version.about, changed)
    public = await room.public(version, JANUARY)
    with pytest.raises(Wrong, match="as it was signed"):
        await collect(room.office.acts, COLLECTOR, room.office.agency, "statistics", public.about, content)


async def test_a_name_in_the_words_of_a_report_is_masked_and_the_rest_stays_as_it_was_signed(room: Publicity) -> None:
    draft = await drafted(room)
    worded = await save_words(room.office.acts, COLLEAGUE, draft.id, draft.edit, "联系电话13812345678。")
    version = await collected(room, await sign_report(room.office.acts, HEAD, draft.id, worded.edit, JANUARY))
    assert version.found
    choices = {each.key: Choice.MASK for each in version.found}
    kept = read_content(version.raw or "")
    saved = await save(room.office.acts, COLLECTOR, version.id, version.edit, kept, choices)
    public = await room.public(saved, JANUARY)
    assert "13812345678" not in public.content and public.state is State.PUBLISHED


async def test_a_report_whose_row_was_changed_in_the_database_is_not_published(room: Publicity) -> None:
    version = await collected(room, await signed(room))
    content = read_content(version.content)
    changed = write_content(replace(content, text="全年无行政处罚。"))
    await review(room.office.acts, REVIEWER, version.id, version.edit)
    await room.sql(f"UPDATE public_versions SET content = '{changed}', raw = '{changed}' WHERE id = {version.id}")
    with pytest.raises(Wrong, match="not the report as it was signed"):
        await publish(room.office.acts, PUBLISHER, version.id, version.edit + 1, JANUARY)


async def test_words_that_begin_with_wide_blanks_are_signed_and_made_public_as_they_are(room: Publicity) -> None:
    words = "全年总体情况平稳。\n\u3000\u3000较上年\u00a0下降。\n一\t二"
    draft = await drafted(room)
    worded = await save_words(room.office.acts, COLLEAGUE, draft.id, draft.edit, words)
    version = await collected(room, await sign_report(room.office.acts, HEAD, draft.id, worded.edit, JANUARY))
    public = await room.public(version, JANUARY)
    assert read_content(public.content).text.startswith(words + "\n")


async def test_words_that_could_not_be_made_public_are_not_signed_either(room: Publicity) -> None:
    draft = await drafted(room)
    with pytest.raises(Wrong, match="invisible"):
        await save_words(room.office.acts, COLLEAGUE, draft.id, draft.edit, "全年\u200b总体情况平稳。")


async def corrected(room: Publicity) -> Report:
    draft = await draft_report(room.office.acts, COLLEAGUE, room.office.agency, 2026, JANUARY)
    worded = await save_words(room.office.acts, COLLEAGUE, draft.id, draft.edit, "更正：全年总体情况平稳。")
    return await sign_report(room.office.acts, HEAD, draft.id, worded.edit, JANUARY)


async def test_publishing_a_correction_withdraws_the_report_that_was_wrong_and_says_why(room: Publicity) -> None:
    wrong = await room.public(await collected(room, await signed(room)), JANUARY)
    right = await room.public(await collected(room, await corrected(room)), JANUARY)
    async with room.office.archive.database.read() as conn:
        before = await find_version(conn, wrong.id)
        assert before is not None and before.state is State.WITHDRAWN
        words = await said_of(conn, [before.reason])
    assert right.state is State.PUBLISHED and "更正第 2 版" in words[before.reason or 0]
    assert await due(room) == []
    found = {each.code for each in (await verify_archive(room.office.archive)).findings}
    assert not [each for each in found if each.startswith("publication")], "the log says the same"


async def test_a_report_that_was_corrected_meanwhile_is_neither_collected_nor_published(room: Publicity) -> None:
    first = await signed(room)
    version = await collected(room, first)
    await review(room.office.acts, REVIEWER, version.id, version.edit)
    second = await corrected(room)
    with pytest.raises(Wrong, match="a correction of this report is signed"):
        await publish(room.office.acts, PUBLISHER, version.id, version.edit + 1, JANUARY)
    await give_back(room.office.acts, REVIEWER, version.id, version.edit + 1, "已更正")
    with pytest.raises(Wrong, match="a correction of this report is signed"):
        await collected(room, first)
    assert (await room.public(await collected(room, second), JANUARY)).state is State.PUBLISHED


async def test_a_report_that_was_withdrawn_is_due_again(room: Publicity) -> None:
    public = await room.public(await collected(room, await signed(room)), JANUARY)
    assert await due(room) == []
    await room.withdrawn(public, "文字有误", JANUARY)
    assert await due(room) == [f"/statistics?year=2026&agency={room.office.agency}"]


async def test_the_county_sees_a_report_as_done_only_while_it_is_public(room: Publicity) -> None:
    async def state(today: date = JANUARY) -> tuple[str, str]:
        async with room.office.archive.database.read() as conn:
            (row,) = await matrix(conn, today, room.office.agency)
        return row.cells["statistics"].state, row.cells["statistics"].text

    assert await state() == ("undecided", "")
    report = await signed(room)
    assert await state() == ("undecided", "2026")
    assert await state(date(2027, 2, 1)) == ("broken", "2026"), "the law asks for a public report, not for a signed one"
    public = await room.public(await collected(room, report), JANUARY)
    assert await state() == ("holds", "2026")
    await room.withdrawn(public, "文字有误", JANUARY)
    assert await state() == ("undecided", "2026")
