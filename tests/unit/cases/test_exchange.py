"""A sheet of cases is carried out whole or not at all; an export says what the archive has, and the log says who took it away."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import func, select, true, update

from liuhen_protocol.decision_events import DecisionRefused
from liuhen_protocol.events import CasesExported
from liuhen_server.acts import commitment_of, said
from liuhen_server.cases import exchange
from liuhen_server.cases.case_sheet import Sheet, header, read_sheet
from liuhen_server.cases.exchange import Import, carry_out, draft_import, export_rows, state_export
from liuhen_server.cases.reading import Party
from liuhen_server.cases.schema import case_imports, cases
from liuhen_server.cases.sheets import read_rows, write_csv
from support.case_office import COLLEAGUE, HANDLER, TODAY, Office
from support.sheet_files import HEADER, case_row, csv_bytes


def read(*rows: tuple[str, ...]) -> Sheet:
    return read_sheet(read_rows(io.BytesIO(csv_bytes([HEADER, *rows]))))


async def drafted(office: Office, *rows: tuple[str, ...]) -> Import:
    draft, mistakes = await draft_import(office.acts, HANDLER, office.agency, "案件.csv", read(*rows), TODAY)
    assert draft is not None and mistakes == ()
    return draft


async def count(office: Office) -> int:
    async with office.archive.database.read() as conn:
        return int((await conn.execute(select(func.count()).select_from(cases))).scalar_one())


async def test_a_dry_run_changes_nothing_and_names_what_the_archive_knows(office: Office) -> None:
    await office.open(number="朝县市监罚〔2026〕3号")
    sheet = read(
        case_row(1),
        case_row(3, 案号="朝县市监罚字[2026]003号"),
        case_row(4, certificates="21132100、21132105"),
        case_row(5, certificates="21132100、21132103"),
        case_row(6, certificates="21132100、21132104"),
    )
    draft, mistakes = await draft_import(office.acts, HANDLER, office.agency, "案件.csv", sheet, TODAY)
    assert draft is None and await count(office) == 1
    assert [(each.row, each.column.zh) for each in mistakes] == [
        (3, "案号"),
        (4, "承办人证号"),
        (5, "承办人证号"),
        (6, "承办人证号"),
    ]
    assert mistakes[0].said.en.startswith("the number 朝县市监罚〔2026〕3号 is in the archive")
    assert "no officer with the certificate 21132105" in mistakes[1].said.en, "another agency's officer is not told of"
    assert "ended on 2026-11-19" in mistakes[2].said.en and "on duty" in mistakes[3].said.en
    assert len(await office.stated("case.opened")) == 1


async def test_an_import_opens_each_case_with_its_own_statements(office: Office) -> None:
    draft = await drafted(office, case_row(12), case_row(0, 案号="", 案由="顺编的一件"))
    assert await count(office) == 0
    opened, mistakes = await carry_out(office.acts, HANDLER, draft.id, TODAY)
    assert mistakes == () and [case.number for case in opened] == ["朝县市监罚〔2026〕12号", "朝县市监罚〔2026〕13号"]
    whole = await office.whole(opened[0])
    assert whole.parties == (Party("organisation", "大华超市"),)
    assert whole.officers == {office.officers["王磊"], office.officers["李静"]}
    assert [each.what for each in reversed(whole.acts)] == ["opened", "title", "parties", "handlers"]
    with pytest.raises(LookupError):
        await carry_out(office.acts, HANDLER, draft.id, TODAY)
    async with office.archive.database.read() as conn:
        assert (await conn.execute(select(case_imports.c.rows))).scalar_one() is None, "the words are the cases' now"


async def test_what_was_taken_meanwhile_stops_all_of_it(office: Office) -> None:
    draft = await drafted(office, case_row(1), case_row(2))
    await office.open(number="朝县市监罚〔2026〕2号")
    opened, mistakes = await carry_out(office.acts, HANDLER, draft.id, TODAY)
    assert opened == () and [(each.row, each.column.zh) for each in mistakes] == [(3, "案号")]
    assert await count(office) == 1 and len(await office.stated("case.opened")) == 1


async def test_cases_that_were_decided_are_not_imported_and_the_attempt_is_an_entry(office: Office) -> None:
    written = b"".join(
        write_csv([(*HEADER, "环节"), (*case_row(1), "启动"), (*case_row(2), "送达"), (*case_row(3), "已归档")])
    )
    sheet = read_sheet(read_rows(io.BytesIO(written)))
    draft, mistakes = await draft_import(office.acts, HANDLER, office.agency, "旧案.csv", sheet, TODAY)
    assert draft is None
    assert [(each.row, each.column.zh) for each in mistakes] == [(3, "环节"), (4, "环节")]
    assert "已作出决定的案件不能导入" in mistakes[0].said.zh
    (entry,) = await office.stated("decision.refused")
    assert entry.event == DecisionRefused(None, None, "import", "decided-elsewhere", "person-7")
    assert await count(office) == 0


async def test_nobody_carries_out_another_s_sheet_or_an_older_one(office: Office) -> None:
    older = await drafted(office, case_row(1))
    newer = await drafted(office, case_row(2))
    for person, wanted in ((COLLEAGUE, newer.id), (HANDLER, older.id), (HANDLER, 1 << 70)):
        with pytest.raises(LookupError):
            await carry_out(office.acts, person, wanted, TODAY)
    assert await count(office) == 0


async def test_the_words_of_a_sheet_that_nobody_imported_do_not_stay(office: Office) -> None:
    left = await drafted(office, case_row(1))
    async with office.archive.database.write() as conn:
        await conn.execute(update(case_imports).values(made_time="2026-01-01T00:00:00.000Z"))
    later, _ = await draft_import(office.acts, COLLEAGUE, office.agency, "乙.csv", read(case_row(2)), TODAY)
    assert later is not None
    async with office.archive.database.read() as conn:
        rows = {row.id: row.rows for row in await conn.execute(select(case_imports.c.id, case_imports.c.rows))}
    assert rows[left.id] is None and rows[later.id] is not None
    with pytest.raises(LookupError):
        await carry_out(office.acts, HANDLER, left.id, TODAY)


async def test_an_export_is_what_the_archive_has_and_an_entry_of_the_log(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "BATCH", 2)
    shop = Party("organisation", "大华；超市", "92211321MA0XX0000X", "张大华", "")
    await office.open(parties=(shop, Party("person", "=cmd", "", "", "+86 1")))
    for _ in range(2):
        await office.open()
    async with office.archive.database.read() as conn:
        rows = [row async for row in export_rows(conn, true())]
    first = dict(zip(header(), rows[-1], strict=True))
    assert [row[0] for row in rows] == [f"朝县市监罚〔2026〕{n}号" for n in (3, 2, 1)]
    assert (first["当事人"], first["当事人类型"], first["联系方式"]) == ("大华，超市；=cmd", "单位；个人", "；+86 1")
    assert (first["承办人证号"], first["承办人"], first["环节"]) == ("21132100、21132101", "王磊、李静", "启动")
    written = b"".join(write_csv([header(), *rows]))
    assert {draft.number for draft in read_sheet(read_rows(io.BytesIO(written))).drafts} == {row[0] for row in rows}
    await state_export(office.acts, HANDLER, "handler", "csv", len(rows), "class=penalty")
    (stated,) = await office.stated("cases.exported")
    assert isinstance(stated.event, CasesExported)
    assert (stated.event.person, stated.event.form, stated.event.found) == ("person-7", "csv", 3)
    async with office.archive.database.read() as conn:
        kept = (await conn.execute(select(said).where(said.c.kind == "export"))).one()
    assert commitment_of(kept.salt, "class=penalty") == stated.event.said
