"""The pages of working days and of what has to be done, asked over TLS as browsers ask them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy import select

from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import RegistryChanged
from liuhen_protocol.statement import read_statement
from liuhen_server.database.schema import entries
from liuhen_server.operations.opening import opened
from liuhen_server.people.roles import Role
from support.device import World, running_archive
from support.people import our_agency

from .test_people_listener import Reader
from .test_route_matrix import enter, person

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one archive for all of them
TABLE = "2040-02-13 休\n2040-02-14 休\n2040-02-11 班\n2040-10-01 休\n"
HOSTILE = "国办〔2039〕7号<script>alert(1)</script>"


@dataclass
class Town:
    world: World
    readers: dict[str, Reader] = field(default_factory=dict)

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
        for name, role in (("zhou", Role.SYSTEM_ADMINISTRATOR), ("wang", Role.HANDLER)):
            await person(world, name, {role}, agency if role is Role.HANDLER else None, None)
            town.readers[name] = await enter(stack, world, name)
        yield town


async def checked(reader: Reader, sheet: bytes = b"", **fields: str) -> tuple[int, str]:
    form = aiohttp.FormData()
    for name, value in {"token": reader.token, "year": "2040", "number": "国办〔2039〕7号", **fields}.items():
        form.add_field(name, value)
    form.add_field("file", sheet, filename="通知.csv" if sheet else "", content_type="text/csv")
    async with reader.session.post(reader.url + "/calendar/check", data=form) as answer:
        return answer.status, await answer.text()


async def test_a_notice_is_tried_out_before_anything_counts_by_it(town: Town) -> None:
    reader = town.readers["zhou"]
    status, page = await checked(reader, table=TABLE)
    assert status == 200 and "尚未生效" in page and "不再标“暂定”" in page and "请再核对" in page
    status, page = await checked(reader, sheet="日期,安排\n2040-02-13,休\n".encode(), table="not read")
    assert status == 200 and "列出 1 天" in page
    assert await town.stated() == []


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
