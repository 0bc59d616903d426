"""A case is opened, changed and taken to the archive by acts that the log holds; two editors never overwrite each other."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest
from sqlalchemy import select

from liuhen_protocol.case_events import CaseChanged, CaseOpened, CaseStage
from liuhen_server.acts import commitment_of, said
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.coverage import ListRow, Method, NeedState
from liuhen_server.cases.documents import Paper, add_document
from liuhen_server.cases.lists import excuse
from liuhen_server.cases.reading import Case, Party
from liuhen_server.cases.record import Changes, NoSuchCase, Outdated, change_case, move_case
from liuhen_server.cases.said import Wrong
from liuhen_server.registry.officers import Officer, add_officer
from support.case_office import COLLEAGUE, HANDLER, TODAY, Office

SHOP = Party("organisation", "朝阳县大华超市", "92211321MA0XX0000X", "张大华", "")


async def test_an_opened_case_has_number_stage_handlers_and_its_entries(office: Office) -> None:
    case = await office.open(parties=(SHOP,))
    assert (case.number, case.stage, case.version) == ("朝县市监罚〔2026〕1号", Stage.INITIATION, 1)
    whole = await office.whole(case)
    assert whole.officers == {office.officers["王磊"], office.officers["李静"]}
    assert whole.parties == (SHOP,)
    assert [each.what for each in reversed(whole.acts)] == ["opened", "title", "parties", "handlers"]
    (opened,) = await office.stated("case.opened")
    assert opened.event == CaseOpened("case-1", "scjg", "penalty", "朝县市监罚〔2026〕1号", "person-7")


async def test_what_people_write_is_not_in_the_log_but_bound_to_it(office: Office) -> None:
    await office.open(title="某人涉嫌无照经营", parties=(SHOP,))
    changed = await office.stated("case.changed")
    assert "大华" not in str(changed) and "无照" not in str(changed)
    async with office.archive.database.read() as conn:
        rows = {row.sha256: row for row in await conn.execute(select(said))}
    for statement in changed:
        assert isinstance(statement.event, CaseChanged) and statement.event.said is not None
        row = rows[statement.event.said]
        assert commitment_of(row.salt, row.text) == row.sha256
        assert (row.about, row.by) == ("case-1", "person-7")


async def test_numbers_follow_one_another_per_class_and_year(office: Office) -> None:
    assert [(await office.open()).number for _ in range(2)] == ["朝县市监罚〔2026〕1号", "朝县市监罚〔2026〕2号"]
    given = await office.open(number="朝县市监罚字(2026)第 7 号")
    assert given.number == "朝县市监罚字〔2026〕7号"
    assert (await office.open()).number == "朝县市监罚〔2026〕8号"
    inspection = await office.open(enforcement="inspection")
    assert inspection.number == "朝县市监检〔2026〕1号"


async def test_a_number_is_given_once_however_it_is_written(office: Office) -> None:
    await office.open(number="朝县市监罚〔2026〕12号")
    for written in ("朝县市监罚[2026]12号", "朝县市监罚（２０２６）０１２号", "朝县市监罚字〔2026〕第12号"):
        with pytest.raises(Wrong, match="taken") as error:
            await office.open(number=written)
        assert error.value.field == "number"


async def test_two_who_open_at_once_get_two_numbers(office: Office) -> None:
    opened = await asyncio.gather(*(office.open() for _ in range(5)))
    assert sorted(case.number for case in opened) == [f"朝县市监罚〔2026〕{n}号" for n in range(1, 6)]


async def test_at_least_two_officers_who_may(office: Office) -> None:
    for names, says in (
        (("王磊",), "at least two"),
        (("王磊", "王磊"), "at least two"),
        ((), "at least two"),
        (("王磊", "钱进"), "officers of this agency"),
        (("王磊", "周平"), "on duty"),
        (("王磊", "孙强"), "ended on 2026-11-19"),
        (("王磊", "赵敏"), "does not cover"),
    ):
        with pytest.raises(Wrong, match=says) as error:
            await office.open(handlers=tuple(office.officers[name] for name in names))
        assert error.value.field == "handlers"
    assert await office.stated("case.opened") == []


async def test_what_cannot_be_taken_is_told_at_its_field(office: Office) -> None:
    wrong: tuple[tuple[str, dict[str, object]], ...] = (
        ("title", {"title": "  "}),
        ("title", {"title": "长" * 201}),
        ("title", {"title": "a\u202eb"}),
        ("class", {"enforcement": "fishing"}),
        ("agency", {"agency": "nobody"}),
        ("number", {"number": "12"}),
        ("parties", {"parties": (Party("robot", "R2"),)}),
        ("parties", {"parties": (Party("person", "", "123"),)}),
        ("parties", {"parties": (Party("person", "张三", "<b>"),)}),
        ("parties", {"parties": tuple(Party("person", f"p{n}") for n in range(51))}),
        ("handlers", {"handlers": (1, 999)}),
    )
    for field, more in wrong:
        with pytest.raises(Wrong) as error:
            await office.open(**more)
        assert error.value.field == field


async def change(office: Office, case: Case, version: int, **what: object) -> Case:
    return await change_case(office.acts, HANDLER, case.id, version, Changes(**what), TODAY)  # type: ignore[arg-type]


async def test_who_saves_second_is_told_who_changed_what(office: Office) -> None:
    case = await office.open()
    first = await change_case(office.acts, COLLEAGUE, case.id, 1, Changes(title="销售过期食品（二次检查）"), TODAY)
    assert first.version == 2
    with pytest.raises(Outdated) as error:
        await change(office, case, 1, parties=(SHOP,))
    assert [(each.what, each.by) for each in error.value.since] == [("title", "person-8")]
    assert (await office.whole(case)).parties == ()
    assert (await change(office, case, 2, parties=(SHOP,))).version == 3


async def test_what_is_as_it_was_is_not_stated(office: Office) -> None:
    case = await office.open(parties=(SHOP,))
    before = len(await office.stated("case.changed"))
    same = await change(
        office, case, 1, title=case.title, number="朝县市监罚[2026]1号", parties=(SHOP,), handlers=(1, 2)
    )
    assert same.version == 1
    assert len(await office.stated("case.changed")) == before


async def test_a_handler_leaves_and_his_time_stays(office: Office) -> None:
    case = await office.open()
    async with office.archive.database.write() as conn:
        added = await add_officer(conn, Officer("21139999", "吴刚", office.agency))
    await change(office, case, 1, handlers=(office.officers["王磊"], added.id))
    whole = await office.whole(case)
    assert whole.officers == {office.officers["王磊"], added.id}
    (gone,) = [each for each in whole.handlers if each.until_time is not None]
    assert gone.officer_id == office.officers["李静"]
    with pytest.raises(Wrong, match="at least two"):
        await change(office, case, 2, handlers=(added.id,))


async def move(office: Office, case: Case, before: Stage, after: Stage, reason: str = "") -> Case:
    return await move_case(office.acts, HANDLER, case.id, before, after, reason, TODAY)


async def test_a_step_is_one_of_the_table_and_from_where_the_case_is(office: Office) -> None:
    case = await office.open()
    with pytest.raises(Wrong, match="does not follow"):
        await move(office, case, Stage.INITIATION, Stage.DECISION)
    moved = await move(office, case, Stage.INITIATION, Stage.INVESTIGATION)
    assert moved.stage is Stage.INVESTIGATION
    with pytest.raises(Outdated):
        await move(office, case, Stage.INITIATION, Stage.ARCHIVING, "不予立案")
    (stated,) = await office.stated("case.stage")
    assert stated.event == CaseStage("case-1", "initiation", "investigation", "person-7", None)
    stages = (await office.whole(case)).stages
    assert [(each.stage, each.left_time is None) for each in stages] == [
        (Stage.INITIATION, False),
        (Stage.INVESTIGATION, True),
    ]


SCENE = ListRow("1", "penalty", "立案现场", Stage.INITIATION, Method.VIDEO, True)


async def test_nothing_is_archived_while_something_is_missing(office: Office) -> None:
    await office.approved(SCENE)
    case = await office.open()
    await move(office, case, Stage.INITIATION, Stage.ARCHIVING, "不予立案")
    with pytest.raises(Wrong) as error:
        await move(office, case, Stage.ARCHIVING, Stage.ARCHIVED)
    assert "缺立案审批表" in error.value.said.zh
    assert "缺“立案现场”的录像" in error.value.said.zh
    for kind in ("filing", "closing"):
        stage = Stage.INITIATION if kind == "filing" else Stage.ARCHIVING
        await add_document(office.acts, HANDLER, case.id, await office.file(), Paper(stage, kind, "2026-11-20"))
    with pytest.raises(Wrong, match="立案现场"):
        await move(office, case, Stage.ARCHIVING, Stage.ARCHIVED)
    await excuse(office.acts, HANDLER, case.id, Stage.INITIATION, "1", "记录仪故障，已报修")
    archived = await move(office, case, Stage.ARCHIVING, Stage.ARCHIVED)
    assert archived.stage is Stage.ARCHIVED and archived.archived_time is not None
    with pytest.raises(Wrong, match="archived"):
        await change(office, case, 1, title="另一个")
    reopened = await move(office, case, Stage.ARCHIVED, Stage.ARCHIVING, "补正卷内目录")
    assert reopened.archived_time is None


async def test_only_what_is_missing_is_excused_and_with_a_reason(office: Office) -> None:
    await office.approved(SCENE)
    case = await office.open()
    for item, reason, says in (("1", "  ", "say why"), ("2", "因故", "not missing"), ("1", "长" * 2001, "2000")):
        with pytest.raises(Wrong, match=says):
            await excuse(office.acts, HANDLER, case.id, Stage.INITIATION, item, reason)
    await excuse(office.acts, HANDLER, case.id, Stage.INITIATION, "1", "记录仪故障\n已报修")
    (need,) = [need for need in (await office.whole(case)).needs() if need.item == "1"]
    assert need.state is NeedState.EXCUSED
    with pytest.raises(Wrong, match="not missing"):
        await excuse(office.acts, HANDLER, case.id, Stage.INITIATION, "1", "再说一次")


async def test_a_case_that_is_none(office: Office) -> None:
    for case_id in (0, -1, 999, 1 << 63, 1 << 80):
        with pytest.raises(NoSuchCase):
            await change_case(office.acts, HANDLER, case_id, 1, Changes(title="x"), TODAY)
        with pytest.raises(NoSuchCase):
            await move_case(office.acts, HANDLER, case_id, Stage.INITIATION, Stage.INVESTIGATION, "", TODAY)


async def test_the_clocks_of_a_case_start_with_its_documents(office: Office) -> None:
    case = await office.open()
    await add_document(
        office.acts, HANDLER, case.id, await office.file(), Paper(Stage.INITIATION, "filing", "2026-11-02")
    )
    events = (await office.whole(case)).events()
    assert events == {"stage:initiation": TODAY, "document:filing": date(2026, 11, 2)}
