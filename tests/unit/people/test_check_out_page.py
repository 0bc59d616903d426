"""The page of check-out at the dock, asked over TLS as browsers ask it: what it shows, one button, and each refusal.

Each test docks a recorder of its own in a bay of its own.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from html import unescape

import pytest
import pytest_asyncio
from sqlalchemy import select

from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import (
    AccessRefused,
    Event,
    InventoryFile,
    RecorderCleared,
    RecorderDocked,
    RecorderIdentity,
    RecorderInventory,
    RecorderUndocked,
)
from liuhen_protocol.statement import read_statement
from liuhen_server.acts import MACHINE, Acts
from liuhen_server.database.schema import entries
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.operations.opening import opened
from liuhen_server.people.roles import Role
from liuhen_server.registry import check_out
from liuhen_server.registry.changes import keep_recorder
from liuhen_server.registry.faults import report_fault
from liuhen_server.registry.holdings import Holding, How, holdings_of
from liuhen_server.registry.officers import Officer, add_officer
from liuhen_server.registry.recorders import Recorder
from liuhen_server.registry.schema import officers
from support.device import TestDock, World, revoke, running_archive
from support.people import OTHERS, our_agency

from .test_people_listener import Reader
from .test_route_matrix import enter, person

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one archive for all of them
HOSTILE = "<img src=x onerror=alert(1)>\"'"


@dataclass
class Hall:
    """The room with the dock: who comes by, and which recorders stand there."""

    world: World
    dock: TestDock
    readers: dict[str, Reader] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def docked(self, agency: str | None = "scjg", *, fault: bool = False) -> Stood:
        """A recorder of its own in a bay of its own. `agency` None: it is not in the register."""
        number = next(self.numbers)
        serial, session, bay = f"DSJ-{number}", f"session-{number}", f"b{number}"
        identity = RecorderIdentity(serial, None, None, None, None, None)
        docked = RecorderDocked(session, bay, identity, "p", "A", "image", None, None, None, False)
        recorder = 0
        async with opened(self.world.config) as archive:
            if agency is not None:
                async with Acts(archive.database, archive.chain, utc_now, os.urandom).of(MACHINE) as act:
                    recorder = (await keep_recorder(act, Recorder(serial, agency))).id
                    if fault:
                        await report_fault(act, recorder, "镜头进水")
        async with self.dock.connected():
            sent = await self.dock.send(self.dock.seal(docked))
        return Stood(self, serial, session, sent["results"][0]["index"], recorder)

    async def told(self, *events: Event) -> None:
        async with self.dock.connected():
            await self.dock.send(*(self.dock.seal(event) for event in events))

    async def page(self, who: str, path: str = "/check-out?dock=dock-1") -> str:
        status, _, body = await self.readers[who].get(path)
        assert status == 200, (who, path, status)
        return body.decode()

    async def refusals(self) -> list[AccessRefused]:
        query = select(entries.c.envelope).where(entries.c.kind == "access.refused").order_by(entries.c.log_index)
        async with opened(self.world.config) as archive, archive.database.read() as conn:
            rows = (await conn.execute(query)).scalars().all()
        found = [read_statement(Envelope.parse(bytes(row)).payload).event for row in rows]
        return [each for each in found if isinstance(each, AccessRefused)]


@dataclass
class Stood:
    hall: Hall
    serial: str
    session: str
    index: int
    recorder: int

    async def take(self, who: str, **fields: str) -> tuple[int, str]:
        return await self._press(who, f"/check-out/{self.index}", fields)

    async def back(self, who: str) -> tuple[int, str]:
        return await self._press(who, f"/check-out/{self.index}/back", {})

    async def _press(self, who: str, path: str, fields: dict[str, str]) -> tuple[int, str]:
        reader = self.hall.readers[who]
        status, headers, body = await reader.post(path, token=reader.token, **fields)
        if status == 303:
            assert headers["Location"] == "/check-out?dock=dock-1"
        return status, unescape(body)

    async def shown(self, who: str) -> str:
        """What the page says of this bay, tags left out."""
        found = re.search(
            rf'<li class="bay" aria-labelledby="bay-{self.index}">(.*?)</li>', await self.hall.page(who), re.S
        )
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", found[1])).split()) if found else ""

    async def held(self) -> list[Holding]:
        async with opened(self.hall.world.config) as archive, archive.database.read() as conn:
            return await holdings_of(conn, self.recorder)

    async def holder(self) -> str | None:
        """By name; None: nobody."""
        async with opened(self.hall.world.config) as archive, archive.database.read() as conn:
            [*held] = [each.officer for each in await holdings_of(conn, self.recorder) if each.until is None]
            query = select(officers.c.name).where(officers.c.id.in_(held))
            return (await conn.execute(query)).scalar_one_or_none()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    async with running_archive(tmp_path_factory.mktemp("hall")) as world, AsyncExitStack() as stack:
        hall = Hall(world, await world.dock())
        async with opened(world.config) as archive, archive.database.write() as conn:
            ours, others = await our_agency(conn), await our_agency(conn, OTHERS)
            good = "2199-12-31"
            ids = {
                each.name: (await add_officer(conn, each)).id
                for each in (
                    Officer("LN-1", "王丽", ours, expires=good),
                    Officer("LN-2", "刘洋", ours, expires=good),
                    Officer("LN-3", "孙强", ours, expires="2020-01-01"),
                    Officer("LN-4", "钱进", others, expires=good),
                )
            }
        for name, role, agency, officer in (
            ("wang", Role.HANDLER, ours, "王丽"),
            ("liu", Role.HANDLER, ours, "刘洋"),
            ("sun", Role.HANDLER, ours, "孙强"),
            ("qian", Role.HANDLER, others, "钱进"),
            ("nobody", Role.HANDLER, ours, None),
            ("head", Role.HEAD, ours, None),
            ("justice", Role.JUSTICE_SUPERVISOR, None, None),
        ):
            await person(world, name, {role}, agency, ids[officer] if officer else None)
            hall.readers[name] = await enter(stack, world, name)
        yield hall


async def test_two_touches_take_it_and_docking_gives_it_back(hall: Hall) -> None:
    stood = await hall.docked()
    assert "由我领用" in await stood.shown("wang") and "尚无领用记录" in await stood.shown("wang")
    assert (await stood.take("wang"))[0] == 303
    assert await stood.holder() == "王丽" and (await stood.held())[0].how is How.CHECK_OUT
    assert "由您领用" in await stood.shown("wang") and "由我领用" not in await stood.shown("wang")
    assert "由王丽领用" in await stood.shown("liu") and "领用" not in (await stood.shown("liu")).replace(
        "由王丽领用", ""
    )
    assert (await stood.take("wang"))[0] == 303 and len(await stood.held()) == 1
    await hall.told(RecorderUndocked(stood.session, stood.serial, False, "ready"))
    assert "已取出" in await stood.shown("wang") and "归还" not in await stood.shown("wang")
    assert await stood.holder() == "王丽"
    assert "在采集站领用" in await hall.page("wang", f"/recorders/{stood.recorder}")


async def test_of_two_the_second_is_told_and_the_page_says_who_has_it(hall: Hall) -> None:
    stood = await hall.docked()
    assert (await stood.take("wang"))[0] == 303
    status, body = await stood.take("liu")
    assert status == 409 and "已有他人领用" in body and "由王丽领用" in body
    assert await stood.holder() == "王丽"


async def test_pressed_by_mistake_it_is_given_back_by_who_pressed_alone(hall: Hall) -> None:
    stood = await hall.docked()
    await stood.take("wang")
    assert (await stood.back("liu"))[0] == 409 and await stood.holder() == "王丽"
    assert (await stood.back("wang"))[0] == 303 and await stood.holder() is None
    assert "上次领用：王丽" in await stood.shown("liu")
    status, body = await stood.back("wang")
    assert status == 409 and "不是您在采集站领用的" in body


async def test_without_an_officer_or_a_valid_certificate_nothing_is_taken(hall: Hall) -> None:
    stood = await hall.docked()
    for who, why in (("nobody", "未关联在岗的执法人员"), ("sun", "执法证件不在有效期内")):
        assert why in await hall.page(who) and "由我领用" not in await stood.shown(who)
        status, body = await stood.take(who)
        assert status == 409 and why in body
    assert await stood.held() == []


async def test_what_is_in_repair_or_in_no_register_has_no_button(hall: Hall) -> None:
    for stood, shown, why in (
        (await hall.docked(fault=True), "维修中", "不在用"),
        (await hall.docked(None), "未登记的记录仪", "未登记的记录仪"),
    ):
        assert shown in await stood.shown("wang") and "由我领用" not in await stood.shown("wang")
        assert not (await stood.shown("head")).endswith(" 领用")
        status, body = await stood.take("wang")
        assert status == 409 and why in body


async def test_another_agency_neither_sees_the_dock_nor_takes_from_it(hall: Hall) -> None:
    stood = await hall.docked()
    assert stood.serial not in await hall.page("qian", "/check-out")
    for dock in ("dock-1", "dock-none", HOSTILE):
        assert (await hall.readers["qian"].get(f"/check-out?dock={dock}"))[0] == 404
    assert (await stood.take("qian"))[0] == 403 and (await stood.back("qian"))[0] == 403
    assert await stood.held() == []
    refused = [each for each in await hall.refusals() if each.thing == f"recorder-{stood.recorder}"]
    assert [each.action for each in refused] == ["check_out"]


async def test_another_agency_s_recorder_that_stands_here_is_not_ours_to_take(hall: Hall) -> None:
    stood = await hall.docked(OTHERS.code)
    assert "记录仪属于其他执法主体" in await stood.shown("wang")
    assert (await stood.take("wang"))[0] == 403
    assert (await stood.take("qian"))[0] == 403  # it is theirs, yet stands in a dock that they do not see
    assert await stood.held() == []


async def test_forged_ids_take_nothing(hall: Hall) -> None:
    stood, reader = await hall.docked(), hall.readers["wang"]
    for index in ("0", "999999", str((1 << 63) - 1), "9" * 18):
        for path in (f"/check-out/{index}", f"/check-out/{index}/back"):
            assert (await reader.post(path, token=reader.token))[0] == 404, path
    assert (await reader.post("/check-out/x", token=reader.token))[0] == 404
    for officer in ("1", "4", "999", "-1", "2 OR 1=1"):
        status, _ = await stood.take("liu", officer=officer)
        assert status == 403, officer  # in another's name
    for officer in ("4", "999", "-1", "2 OR 1=1", "9" * 30):
        assert (await stood.take("head", officer=officer))[0] == 409, officer
    assert await stood.held() == []


async def test_the_head_checks_out_for_a_named_colleague_and_gives_back_for_him(hall: Hall) -> None:
    stood = await hall.docked()
    page = (await hall.page("head")).partition("<select")[2].partition("</select>")[0]
    assert "刘洋 LN-2" in page and "孙强" not in page and "钱进" not in page
    assert (await stood.take("head"))[0] == 409  # for nobody
    assert (await stood.take("head", officer="2"))[0] == 303 and await stood.holder() == "刘洋"
    assert (await stood.back("head"))[0] == 303 and await stood.holder() is None


async def test_who_only_supervises_has_no_such_page(hall: Hall) -> None:
    stood = await hall.docked()
    assert (await hall.readers["justice"].get("/check-out?dock=dock-1"))[0] == 403
    assert (await stood.take("justice"))[0] == 403 and await stood.held() == []
    assert "/check-out" not in await hall.page("justice", "/recorders")


async def test_it_says_whether_a_recorder_may_be_taken_yet(hall: Hall) -> None:
    stood = await hall.docked()
    assert "尚未读完" in await stood.shown("wang")
    file = InventoryFile("DCIM/1.MP4", None, 12, None, "clip", False)
    await hall.told(RecorderInventory(stood.session, 1, 1, 12, 0, (file,), (), 0))
    assert "尚未读完" in await stood.shown("wang")
    await hall.told(RecorderCleared(stood.session, stood.serial, "format", 1, 1, ()))
    empty = await hall.docked()
    await hall.told(RecorderInventory(empty.session, 1, 1, 0, 0, (), (), 0))
    assert "可以取走" in await empty.shown("wang")


async def test_of_what_stands_there_for_too_long_it_says_that_it_does_not_know(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await hall.docked()
    file = InventoryFile("DCIM/1.MP4", None, 12, None, "clip", False)
    await hall.told(RecorderInventory(old.session, 1, 1, 12, 0, (file,), (), 0))
    new = await hall.docked()
    await hall.told(RecorderInventory(new.session, 1, 1, 12, 0, (file,), (), 0))
    assert "尚未读完" in await old.shown("wang") and "尚未读完" in await new.shown("wang")
    monkeypatch.setattr(check_out, "NEWEST", 2)
    assert "是否读完不详" in await old.shown("wang") and "尚未读完" in await new.shown("wang")


async def test_a_dock_that_was_revoked_hands_out_nothing(hall: Hall) -> None:
    gone = Hall(hall.world, await hall.world.dock("dock-gone"), hall.readers, numbers=itertools.count(900))
    stood = await gone.docked()
    page = "/check-out?dock=dock-gone"
    assert "DSJ-900" in await hall.page("wang", page) and "dock-gone" in await hall.page("wang", "/check-out")
    await revoke(hall.world.config, "dock-gone")
    assert "dock-gone" not in await hall.page("wang", "/check-out")
    assert (await hall.readers["wang"].get(page))[0] == 404
    assert (await stood.take("wang"))[0] == 404 and await stood.holder() is None


async def test_who_keeps_recorders_gets_the_address_to_put_up(hall: Hall) -> None:
    page = await hall.page("head")
    assert "<svg" in page.partition("<main")[2] and "/check-out?dock=dock-1" in page
    assert "张贴在采集站旁的二维码" not in await hall.page("wang")
