"""A report is frozen as it was counted, signed by another than who drafted it, and never changes after."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from liuhen_protocol.oversight_events import StatisticsSigned
from liuhen_server.cases.said import Wrong
from liuhen_server.statistics.figures import FIGURES, Value
from liuhen_server.statistics.reports import (
    Counted,
    draft_report,
    due_day,
    find_report,
    publication,
    recount,
    report_digest,
    reports_of,
    save_words,
    sign_report,
)
from liuhen_server.statistics.schema import statistics_reports
from liuhen_server.statistics.sheet import write_report
from support.case_office import COLLEAGUE, HEAD, Office, office_in
from support.decided import a_case, a_decision

TODAY = date(2026, 1, 12)


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with office_in(tmp_path / "archive", database_url) as office:
        yield office


async def decided(office: Office, number: int, day: str, fen: int) -> None:
    async with office.archive.database.write() as conn:
        case = await a_case(conn, number, office.agency, "penalty")
        await a_decision(conn, case, office.agency, "penalty", day, [("fine", fen)])


async def test_the_figures_of_a_draft_stay_until_they_are_counted_anew_and_the_signature_states_their_digest(
    office: Office,
) -> None:
    await decided(office, 1, "2025-05-01", 100)
    draft = await draft_report(office.acts, COLLEAGUE, office.agency, 2025, TODAY)
    await decided(office, 2, "2025-06-01", 200)
    assert (await draft_report(office.acts, HEAD, office.agency, 2025, TODAY)).counted == draft.counted, (
        "one draft a year"
    )
    assert draft.counted.values["penalty.fine"] == Value(1, 100)
    again = await recount(office.acts, COLLEAGUE, draft.id, draft.edit)
    assert again.counted.values["penalty.fine"] == Value(2, 300)
    assert again.counted.months["penalty"][4:6] == (1, 1)
    written = await save_words(office.acts, COLLEAGUE, draft.id, again.edit, "全年总体情况平稳。")
    signed = await sign_report(office.acts, HEAD, draft.id, written.edit, TODAY)
    digest = report_digest(office.agency, 2025, 1, signed.counted.text(), "全年总体情况平稳。")
    assert signed.sha256 == digest
    assert [each.event for each in await office.stated("statistics.signed")] == [
        StatisticsSigned(f"statistics-{draft.id}", office.agency, 2025, 1, digest, HEAD.number)
    ]
    public = publication(signed)
    assert {"item": "罚款", "count": 2, "fen": 300} in public["tables"][0]["rows"]
    with pytest.raises(ValueError, match="draft"):
        publication(written)
    correction = await draft_report(office.acts, COLLEAGUE, office.agency, 2025, TODAY)
    assert (correction.version, correction.words) == (2, "全年总体情况平稳。")
    async with office.archive.database.read() as conn:
        assert len(await reports_of(conn, office.agency)) == 2


async def test_nobody_signs_his_own_nor_too_early_nor_what_another_saved_meanwhile(office: Office) -> None:
    draft = await draft_report(office.acts, HEAD, office.agency, 2025, TODAY)
    with pytest.raises(Wrong, match="part in words"):
        await sign_report(office.acts, COLLEAGUE, draft.id, draft.edit, TODAY)
    saved = await save_words(office.acts, HEAD, draft.id, draft.edit, "总体情况")
    with pytest.raises(Wrong, match="another person does"):
        await sign_report(office.acts, HEAD, draft.id, saved.edit, TODAY)
    with pytest.raises(Wrong, match="saved since"):
        await sign_report(office.acts, COLLEAGUE, draft.id, draft.edit, TODAY)
    with pytest.raises(Wrong, match="not over"):
        await sign_report(office.acts, COLLEAGUE, draft.id, saved.edit, date(2025, 12, 31))
    with pytest.raises(Wrong, match="a year from"):
        await draft_report(office.acts, HEAD, office.agency, 2027, TODAY)
    assert await office.stated("statistics.signed") == []


async def test_two_people_who_sign_one_report_sign_it_once_and_what_is_signed_stays(office: Office) -> None:
    draft = await draft_report(office.acts, COLLEAGUE, office.agency, 2025, TODAY)
    saved = await save_words(office.acts, COLLEAGUE, draft.id, draft.edit, "总体情况")
    await sign_report(office.acts, HEAD, draft.id, saved.edit, TODAY)
    for act in (
        sign_report(office.acts, HEAD, draft.id, saved.edit, TODAY),
        save_words(office.acts, COLLEAGUE, draft.id, saved.edit, "改过的"),
        recount(office.acts, COLLEAGUE, draft.id, saved.edit),
    ):
        with pytest.raises(Wrong, match="never changed"):
            await act
    assert len(await office.stated("statistics.signed")) == 1


async def test_the_database_takes_no_signature_of_the_drafter(office: Office) -> None:
    draft = await draft_report(office.acts, HEAD, office.agency, 2025, TODAY)
    forged = {"signed_by": HEAD.number, "signed_time": "t", "sha256": "0" * 64, "log_index": 1}
    with pytest.raises(IntegrityError):
        async with office.archive.database.write() as conn:
            await conn.execute(update(statistics_reports).where(statistics_reports.c.id == draft.id).values(**forged))
    async with office.archive.database.read() as conn:
        now = await find_report(conn, draft.id)
    assert now is not None and now.signed_by is None


def test_a_report_is_due_on_the_last_day_of_january() -> None:
    assert due_day(2025) == date(2026, 1, 31)


def test_a_figure_that_came_later_is_zero_in_an_older_report() -> None:
    held = Counted.read('{"figures":{"penalty":[3,500]},"months":{}}')
    assert held.values["penalty"] == Value(3, 500) and held.values["inspection"] == Value()
    assert Counted.read(held.text()) == held


def test_the_workbook_has_the_printed_tables_numbers_as_numbers_and_runs_nothing() -> None:
    values = dict.fromkeys(FIGURES, Value(0, 0)) | {"penalty.fine": Value(2, 123_456_789)}
    out = io.BytesIO()
    write_report("=1+1", 2025, values, '=HYPERLINK("x")\n第二段', "草稿", out)
    book = load_workbook(out)
    assert book.sheetnames == ["表1", "表2", "表3", "表4", "文字说明"]
    rows = {row[1].value: row for row in book["表1"].iter_rows(min_row=5) if row[1].value}
    assert rows["罚款"][2].value == 2 and rows["罚款"][3].value == pytest.approx(123.456789)
    assert not [cell.coordinate for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert "种类未录入（系统启用拟处理意见前已决定）" not in rows, (
        "a rare line is printed only where it holds something"
    )


def test_the_digest_covers_figures_and_words() -> None:
    figures = Counted({key: Value() for key in FIGURES}, {}).text()
    one = report_digest("scjg", 2025, 1, figures, "甲")
    other = replace(Counted({key: Value() for key in FIGURES}, {}), values={key: Value(1) for key in FIGURES}).text()
    assert len({one, report_digest("scjg", 2025, 1, other, "甲"), report_digest("scjg", 2025, 1, figures, "乙")}) == 3
