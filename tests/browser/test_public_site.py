"""The public site opened from a disk, in Chinese: found by search without a server, read, on a phone too; nothing is asked of anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Loop
from liuhen_server.acts import MACHINE
from liuhen_server.publicity.content import Content, read_content
from liuhen_server.publicity.items import collect, save
from liuhen_server.publicity.site.release import Where, release
from support.archive import publish_all
from support.case_office import TODAY
from support.publicity import COLLECTOR, Publicity, publicity_in

pytestmark = pytest.mark.xdist_group("browser")
PICTURES = os.environ.get("LIUHEN_PICTURES")  # a folder: what is looked at by people
EVIL = "<script>document.title='坏'</script><img src=x onerror=\"document.title='坏'\">"


async def _public(room: Publicity, number: str, party: str, facts: str) -> None:
    version = await room.collected(await room.decision(number, facts))
    typed = {"party": party, "violation": "销售超过保质期的食品"}
    raw = read_content(version.raw or "").changed(lambda place, text: typed.get(place, text))
    saved = await save(room.office.acts, COLLECTOR, version.id, version.edit, raw, {})
    await room.public(await room.masked(saved))


async def _made(folder: Path) -> None:
    async with publicity_in(folder / "archive", f"sqlite:///{folder / 'archive.db'}") as room:
        facts = "经查，当事人销售超过保质期的饼干 12 袋，证人张三丰（电话13912345678）看见。"
        await _public(room, "朝县市监罚〔2026〕1号", "朝阳县示例食品商行", facts)
        await _public(room, "朝县市监罚〔2026〕2号", "样例五金店", EVIL)
        rows = [
            (str(n), "食品经营监督检查", "食品经营者", "现场检查", "食品安全法第一百一十条", "日常", "")
            for n in range(1, 4)
        ]
        await room.public(await room.list(*rows))
        chart = Content("flow-chart", "行政处罚流程图", {}, (), "立案\n调查取证\n法制审核\n作出决定\n送达\n执行")
        version = await collect(room.office.acts, COLLECTOR, "scjg", "flow-chart", "行政处罚流程图", chart)
        await room.public(version)
        gone = await room.public(await room.collected(await room.decision("朝县市监罚〔2026〕3号")))
        await room.withdrawn(gone, "行政复议决定撤销原处罚决定")
        archive = room.office.archive

        async def wait() -> None:
            await publish_all(archive)

        where = Where(folder / "site", "朝阳县行政执法公示")
        await release(archive.database, archive.reader, room.office.acts, MACHINE, "o.example/log", where, TODAY, wait)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, loop = tmp_path_factory.mktemp("public"), Loop()
    try:
        loop.call(_made(folder))
    finally:
        loop.close()
    return folder / "site"


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    page = context.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    context.close()
    assert [url for url in asked if not url.startswith("file:")] == [], "nothing is asked of anywhere"
    assert wrong == []


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"public-site-{name}.png", full_page=True)


def test_a_decision_is_found_and_read_from_the_disk(site: Path, page: Page) -> None:
    page.goto((site / "index.html").as_uri())
    expect(page.get_by_role("heading", level=1)).to_have_text("朝阳县行政执法公示")
    picture(page, "index")
    page.get_by_role("searchbox", name="查找").fill("示例食品 保质期")
    page.get_by_role("button", name="查找").click()
    expect(page.locator("#said")).to_have_text("找到 1 条。")
    picture(page, "found")
    page.locator("#results").get_by_role("link", name="朝县市监罚〔2026〕1号").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("朝县市监罚〔2026〕1号")
    text = page.locator("main").inner_text()
    assert "罚款 3500 元" in text and "张某某" in text and "13912345678" not in text and "张三丰" not in text
    expect(page.locator("footer")).to_contain_text("检查点")
    picture(page, "decision")
    page.get_by_role("link", name="朝阳县市场监督管理局").click()
    picture(page, "agency")
    page.get_by_role("link", name="行政处罚流程图").click()
    expect(page.locator(".steps li")).to_have_count(6)
    picture(page, "chart")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("罚〔2026〕", "找到 2 条。"),
        ("示", "请至少输入两个字。"),
        ("没有这家", "没有找到。请换一个词，或者减少几个字再试。"),
        ("（2026）2号 五金", "找到 1 条。"),
    ],
    ids=["part of a number", "one sign", "nothing", "other brackets"],
)
def test_search_says_what_it_found(typed: str, said: str, site: Path, page: Page) -> None:
    page.goto((site / "index.html").as_uri())
    page.get_by_role("searchbox", name="查找").fill(typed)
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text(said)


def test_what_somebody_typed_is_text_and_never_script(site: Path, page: Page) -> None:
    page.goto((site / "item/0/2.html").as_uri())
    expect(page.locator("dd", has_text="document.title")).to_contain_text(EVIL)
    assert "坏" not in page.title() and page.locator("main img").count() == 0


def test_a_withdrawal_says_when_and_why(site: Path, page: Page) -> None:
    page.goto((site / "withdrawn.html").as_uri())
    page.get_by_role("link", name="朝县市监罚〔2026〕3号").click()
    expect(page.get_by_role("status")).to_contain_text("行政复议决定撤销原处罚决定")
    picture(page, "withdrawn")


@pytest.mark.parametrize("name", ["index.html", "item/0/1.html", "agency/scjg/penalty-1.html", "how-to-check.html"])
def test_a_phone_shows_it_without_moving_sideways(name: str, site: Path, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.goto((site / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    picture(page, f"phone-{name.replace('/', '-')}")
