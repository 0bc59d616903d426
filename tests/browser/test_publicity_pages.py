"""A decision on its way to the public, in Chinese: collected, reviewed and published by three people who each see only what they may do."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect
from sqlalchemy import update

from browser.conftest import PASSWORD, Loop, Seeded, Visitor
from liuhen_server.people.accounts import add_person, set_password
from liuhen_server.people.passwords import PasswordWork
from liuhen_server.people.roles import Role
from liuhen_server.people.schema import people
from liuhen_server.serve import running
from support.device import ANY_PORT
from support.publicity import Publicity, publicity_in

pytestmark = pytest.mark.xdist_group("browser")
New = Callable[..., Visitor]
PICTURES = os.environ.get("LIUHEN_PICTURES")  # a folder: what is looked at by people
PEOPLE = {
    "qianyu": ("钱玉", Role.ARCHIVIST),
    "songqing": ("宋清", Role.REVIEWER),
    "baishuo": ("白朔", Role.PUBLISHER),
    "liangzheng": ("梁正", Role.JUSTICE_SUPERVISOR),
}
NUMBER = "朝县市监罚〔2026〕1号"


async def _county(room: Publicity) -> None:
    hashed = PasswordWork().hash_now(PASSWORD)
    async with room.office.archive.database.write() as conn:
        for name, (shown, role) in PEOPLE.items():
            agency = None if role is Role.JUSTICE_SUPERVISOR else room.office.agency
            roles, now = frozenset({role}), int(time.time())
            added = await add_person(
                conn, name=name, display_name=shown, roles=roles, one_time_hash=hashed, now=now, agency=agency
            )
            await set_password(conn, added.id, hashed)
        await conn.execute(update(people).where(people.c.id < 28).values(password_hash="-"))
    await room.decision(NUMBER, "经查，当事人销售超过保质期的饼干 12 袋，证人张三丰（电话13912345678）看见。")


async def _live(seeded: Future[Seeded], stop: asyncio.Event, folder: Path, loop: Loop) -> None:
    try:
        county = Seeded("", None, loop.call)  # type: ignore[arg-type]
        async with publicity_in(folder, f"sqlite:///{folder / 'archive.db'}") as room:
            await _county(room)
            config = replace(room.office.archive.config, devices=ANY_PORT, people=ANY_PORT, sequence_seconds=0.05)
        async with running(config) as ports:
            county.url, county.config = f"https://127.0.0.1:{ports.people.port}", config
            seeded.set_result(county)
            await stop.wait()
    except BaseException as error:
        if not seeded.done():
            seeded.set_exception(error)
        raise


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    loop, seeded, stop = Loop(), Future[Seeded](), asyncio.Event()
    life = asyncio.run_coroutine_threadsafe(
        _live(seeded, stop, tmp_path_factory.mktemp("publicity") / "archive", loop), loop.loop
    )
    try:
        yield seeded.result(60)
    finally:
        loop.loop.call_soon_threadsafe(stop.set)
        life.result(60)
        loop.close()


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES, f"publicity-{name}.png")), full_page=True)


def enter(visit: New, name: str, **options: object) -> Page:
    visitor = visit(**options)
    visitor.sign_in(name, PASSWORD)
    visitor.page.wait_for_url(lambda url: "/sign-in" not in url)
    visitor.page.goto(f"{visitor.county.url}/publicity")
    return visitor.page


def test_three_people_make_a_decision_public_and_its_private_data_is_not(county: Seeded, visit: New) -> None:
    collector = enter(visit, "qianyu")
    picture(collector, "due")
    collector.get_by_role("button", name=f"采集 {NUMBER}").click()
    expect(collector.get_by_role("heading", level=1)).to_have_text(NUMBER)
    picture(collector, "collected")
    address = collector.url

    reviewer = enter(visit, "songqing")
    reviewer.goto(address)
    reviewer.get_by_role("button", name="审核通过").click()
    expect(reviewer.get_by_role("alert")).to_contain_text("还有 2 处疑似隐私没有处理")

    for each in collector.get_by_role("radio", name="遮盖").all():
        each.check()
    collector.get_by_role("button", name="保存").click()
    expect(collector.locator("main")).to_contain_text("证人张某某（电话***********）看见")

    reviewer.goto(address)
    expect(reviewer.get_by_role("button", name="发布")).to_have_count(0)
    reviewer.get_by_role("button", name="审核通过").click()
    publisher = enter(visit, "baishuo")
    publisher.get_by_role("link", name=NUMBER).click()
    picture(publisher, "reviewed")
    publisher.get_by_role("button", name="发布", exact=True).click()
    expect(publisher.locator(".head")).to_contain_text("已公示")
    expect(publisher.locator("main")).not_to_contain_text("13912345678")
    picture(publisher, "public")

    collector.goto(address)
    collector.get_by_role("button", name="更正（新的一版）").click()
    expect(collector.locator(".head")).to_contain_text("第 2 版")

    publisher.goto(address)
    publisher.locator("summary", has_text="撤回").click()
    publisher.get_by_label("理由").fill("行政复议决定撤销原处罚决定")
    publisher.get_by_role("button", name="撤回", exact=True).click()
    expect(publisher.locator(".head")).to_contain_text("已撤回")


def test_a_list_comes_as_a_sheet_and_is_confirmed_by_the_justice_department(county: Seeded, visit: New) -> None:
    collector = enter(visit, "qianyu", viewport={"width": 390, "height": 844})
    collector.get_by_role("link", name="行政执法事项清单").click()
    head = "序号,执法类别,事项名称,实施依据,承办机构,实施对象,办理期限,监督电话,备注"
    bad: FilePayload = {"name": "事项.csv", "mimeType": "text/csv", "buffer": "序号,事项\n1,x\n".encode()}
    collector.get_by_label("表格（xlsx 或 CSV）").set_input_files(bad)
    collector.get_by_role("button", name="采集").click()
    expect(collector.get_by_role("alert")).to_contain_text("缺少列：执法类别")
    rows = f"{head}\n1,行政处罚,对销售超过保质期食品的处罚,食品安全法第一百二十四条,执法大队,食品经营者,90日,,\n"
    good: FilePayload = {"name": "事项.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    collector.get_by_label("表格（xlsx 或 CSV）").set_input_files(good)
    collector.get_by_role("button", name="采集").click()
    expect(collector.locator("main")).to_contain_text("须先由县司法行政部门确认")
    picture(collector, "phone-list")
    assert collector.evaluate("document.documentElement.scrollWidth") <= 390
    justice = enter(visit, "liangzheng")
    justice.goto(collector.url)
    justice.locator("summary", has_text="确认").click()
    justice.get_by_label("确认依据").fill("朝县司函〔2026〕8号")
    justice.get_by_role("button", name="确认", exact=True).click()
    expect(justice.locator("main")).to_contain_text("朝县司函〔2026〕8号")
    reviewer = enter(visit, "songqing")
    reviewer.goto(collector.url)
    reviewer.get_by_role("button", name="审核通过").click()
    expect(reviewer.locator(".head")).to_contain_text("已审核，待发布")
