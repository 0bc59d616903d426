"""The pages of working days and of what has to be done, asked over TLS as browsers ask them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy import select

from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import AccountChanged, RegistryChanged
from liuhen_protocol.statement import read_statement
from liuhen_server.acts import MACHINE, Acts
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.documents import Paper, add_document, receive
from liuhen_server.cases.record import New, move_case, open_case
from liuhen_server.database.schema import entries
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.operations.opening import opened
from liuhen_server.people.roles import Role
from liuhen_server.registry.officers import Officer, add_officer
from liuhen_server.web.context import CHINA
from support.case_office import PDF
from support.device import World, running_archive
from support.people import OTHERS, our_agency

from .test_people_listener import Reader
from .test_route_matrix import enter, person

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one archive for all of them
DAY = datetime.now(CHINA).date()
LONG_AGO = (DAY - timedelta(days=60)).isoformat()
PAPERS = (Paper(Stage.INITIATION, "filing", DAY.isoformat()), Paper(Stage.INVESTIGATION, "keeping", LONG_AGO))
TABLE = "2040-02-13 休\n2040-02-14 休\n2040-02-11 班\n2040-10-01 休\n"
HOSTILE = "国办〔2039〕7号<script>alert(1)</script>"


@dataclass
class Town:
    world: World
    readers: dict[str, Reader] = field(default_factory=dict)
    cases: list[str] = field(default_factory=list)

    async def page(self, who: str, path: str) -> str:
        status, _, body = await self.readers[who].get(path)
        assert status == 200, (who, path, status)
        return body.decode()

    async def stated(self) -> list[RegistryChanged]:
        query = select(entries.c.envelope).where(entries.c.kind == "registry.changed").order_by(entries.c.log_index)
        async with opened(self.world.config) as archive, archive.database.read() as conn:
            rows = (await conn.execute(query)).scalars().all()
        found = [read_statement(Envelope.parse(bytes(row)).payload).event for row in rows]
        return [each for each in found if isinstance(each, RegistryChanged)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with running_archive(tmp_path_factory.mktemp("town")) as world, AsyncExitStack() as stack:
        town = Town(world)
        async with opened(world.config) as archive, archive.database.write() as conn:
            agency = await our_agency(conn)
            other = await our_agency(conn, OTHERS)
            officers = [
                (await add_officer(conn, Officer(f"LN-{n}", f"执法员{n}", each, expires="2030-01-01"))).id
                for n, each in enumerate((agency, agency, other, other), 1)
            ]
        for name, role, where, officer in (
            ("zhou", Role.SYSTEM_ADMINISTRATOR, None, None),
            ("wang", Role.HANDLER, agency, officers[0]),
            ("head", Role.HEAD, agency, None),
            ("stranger", Role.HEAD, other, None),
            ("justice", Role.JUSTICE_SUPERVISOR, None, None),
        ):
            await person(world, name, {role}, where, officer)
            town.readers[name] = await enter(stack, world, name)
        async with opened(world.config) as archive:
            acts = Acts(archive.database, archive.chain, utc_now, os.urandom)
            for code, pair, title in ((agency, officers[:2], "甲"), (other, officers[2:], "乙")):
                case = await open_case(acts, MACHINE, New(code, "penalty", title, tuple(pair)), DAY)
                town.cases.append(case.number)
                await move_case(acts, MACHINE, case.id, Stage.INITIATION, Stage.INVESTIGATION, "", DAY)
                path = world.config.incoming_folder / f"paper-{case.id}"
                received = await receive(archive.store, path, "文书.pdf", pdf())
                for paper in PAPERS:
                    await add_document(acts, MACHINE, case.id, received, paper)
        yield town


async def pdf() -> AsyncIterator[bytes]:
    yield PDF


async def checked(reader: Reader, sheet: bytes = b"", **fields: str) -> tuple[int, str]:
    form = aiohttp.FormData()
    for name, value in {"token": reader.token, "year": "2040", "number": "国办〔2039〕7号", **fields}.items():
        form.add_field(name, value)
    form.add_field("file", sheet, filename="通知.csv" if sheet else "", content_type="text/csv")
    async with reader.session.post(reader.url + "/calendar/check", data=form) as answer:
        return answer.status, await answer.text()


async def test_a_notice_is_tried_out_before_anything_counts_by_it(town: Town) -> None:
    reader, before = town.readers["zhou"], await town.stated()
    status, page = await checked(reader, table=TABLE.replace("2040", "2042"), year="2042")
    assert status == 200 and "尚未生效" in page and "不再标“暂定”" in page and "请再核对" in page
    status, page = await checked(reader, sheet="日期,安排\n2042-02-13,休\n".encode(), table="not read", year="2042")
    assert status == 200 and "列出 1 天" in page
    assert await town.stated() == before


async def test_a_loaded_notice_is_an_entry_and_everybody_sees_its_source(town: Town) -> None:
    reader, before = town.readers["zhou"], len(await town.stated())
    fields = {"token": reader.token, "year": "2040", "number": HOSTILE, "table": TABLE, "version": "0"}
    assert (await reader.post("/calendar", **fields))[0] == 303
    assert (await reader.post("/calendar", **fields))[0] == 409, "drawn from what is no longer in force"
    (stated,) = (await town.stated())[before:]
    assert (stated.thing, stated.what, stated.version) == ("calendar-2040", "created", 1)
    page = (await town.readers["wang"].get("/calendar"))[2].decode()
    assert "国办〔2039〕7号" in page and "<script>alert" not in page and 'action="/calendar' not in page


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"year": "40"}, "年份须为"),
        ({"number": " "}, "通知文号"),
        ({"table": "2040-02-13 也许"}, "第 1 行看不懂"),
        ({"table": ""}, "没有放假的日子"),
        ({"table": "x" * 9000}, "内容过大"),
    ],
)
async def test_what_is_no_notice_is_refused_and_what_was_typed_stays(
    town: Town, fields: dict[str, str], says: str
) -> None:
    before = await town.stated()
    status, page = await checked(town.readers["zhou"], b"", **{"table": TABLE, **fields})
    assert status == 422 and says in page
    assert await town.stated() == before


async def test_a_sheet_with_a_macro_is_no_notice(town: Town) -> None:
    status, page = await checked(town.readers["zhou"], sheet=b"PK\x03\x04broken")
    assert status == 422 and "已损坏" in page


async def test_only_a_system_administrator_loads_one(town: Town) -> None:
    reader = town.readers["wang"]
    fields = {"token": reader.token, "year": "2041", "number": "x", "table": "2041-10-01 休", "version": "0"}
    assert (await reader.post("/calendar", **fields))[0] == 403
    assert (await checked(reader, table=TABLE))[0] == 403


async def test_the_first_page_is_what_somebody_has_to_do(town: Town) -> None:
    for who in ("wang", "head", "justice"):
        assert (await town.readers[who].get("/"))[1]["Location"] == "/todo"
    assert (await town.readers["zhou"].get("/"))[1]["Location"] == "/log"


async def test_a_handler_sees_his_own_the_overdue_first_with_source_and_link(town: Town) -> None:
    page = await town.page("wang", "/todo")
    own, other = town.cases
    assert own in page and other not in page and "执法员1" in page
    assert "《行政处罚法》第60条" in page and "《行政处罚法》第56条" in page
    assert page.index("先行登记保存的处理决定") < page.index("作出处罚决定") and "■" in page
    assert 'href="/cases/1"' in page and "本单位逾期" not in page


async def test_a_head_sees_what_is_overdue_in_the_agency_and_in_no_other(town: Town) -> None:
    page = await town.page("head", "/todo")
    assert "本单位逾期（1 项）" in page and town.cases[0] in page and town.cases[1] not in page
    assert "先行登记保存的处理决定" in page and "作出处罚决定" not in page
    stranger = await town.page("stranger", "/todo")
    assert town.cases[1] in stranger and town.cases[0] not in stranger


async def test_the_justice_department_sees_what_is_overdue_in_all_agencies(town: Town) -> None:
    page = await town.page("justice", "/todo")
    assert "各执法主体逾期（2 项）" in page and all(number in page for number in town.cases)
    one = await town.page("justice", "/todo?agency=jtys")
    assert "各执法主体逾期（1 项）" in one and town.cases[0] not in one
    assert "各执法主体逾期（2 项）" in await town.page("justice", "/todo?agency=%27--")


async def test_who_has_nothing_to_do_is_told_so_and_administrators_have_no_such_page(town: Town) -> None:
    assert "没有待您办理的事项" in await town.page("stranger", "/todo")
    assert (await town.readers["zhou"].get("/todo"))[0] == 403


async def test_a_person_sets_his_own_address_for_reminders_which_stays_out_of_the_log(town: Town) -> None:
    reader = town.readers["wang"]
    assert (await reader.post("/account/email", token=reader.token, email="wang@chaoxian.example"))[0] == 303
    assert "wang@chaoxian.example" in await town.page("wang", "/account")
    for who in ("head", "zhou"):
        assert "wang@chaoxian.example" not in await town.page(who, "/account")
    status, _, page = await reader.post("/account/email", token=reader.token, email="a@b.cn\r\nBcc: c@d.cn")
    assert status == 422 and "这不是邮箱地址" in page
    assert (await reader.post("/account/email", token=reader.token, email=""))[0] == 303
    query = select(entries.c.envelope).where(entries.c.kind == "account.changed").order_by(entries.c.log_index)
    async with opened(town.world.config) as archive, archive.database.read() as conn:
        rows = [bytes(row) for row in (await conn.execute(query)).scalars()]
    stated = [read_statement(Envelope.parse(row).payload).event for row in rows]
    changed = [each for each in stated if isinstance(each, AccountChanged) and each.what == "email"]
    assert [each.said is None for each in changed] == [False, True]
    assert all(each.person == each.by for each in changed) and b"wang@" not in b"".join(rows)
    assert 'name="email"' not in await town.page("zhou", "/account"), "nothing waits for an administrator"
