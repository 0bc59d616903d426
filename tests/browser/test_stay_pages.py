"""The account of a recorder's stay, in a real browser: every file of the inventory has a fate, and what is missing stands beside the clips."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from browser.conftest import HOSTILE, Seeded, Visitor
from liuhen_server.people.roles import Role

pytestmark = pytest.mark.xdist_group("browser")
New = Callable[..., Visitor]


def test_the_list_says_of_every_stay_what_is_lacking_and_how_it_ended(reviewer: Visitor) -> None:
    page = reviewer.page
    page.get_by_role("link", name="记录仪入仓").click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(3)
    first = rows.filter(has_text="提前拔出")
    expect(first).to_contain_text("1 个读不出、缺 4 号、2 个已删除、2 项问题")
    expect(first.locator(".verdict")).to_contain_text("■提前拔出")
    expect(rows.filter(has_text="●已清空")).to_have_count(1)
    expect(rows.filter(has_text="仍在槽位")).to_have_count(1)
    page.select_option("#lacking", "yes")
    expect(rows).to_have_count(1)
    assert "lacking=yes" in page.url
    page.fill("#day", "2001-01-01")
    page.click(".filters button")
    expect(page.locator(".empty")).to_contain_text("没有符合条件")
    assert reviewer.complaints == []


def test_every_file_of_the_inventory_has_its_fate_and_a_collected_one_leads_to_its_clip(reviewer: Visitor) -> None:
    page = reviewer.page
    reviewer.go("/stays?lacking=yes")
    page.locator("tbody a").click()
    expect(page.locator(".sentence")).to_have_text(
        "清点 6 个文件，1 个读不出，另有 1 个不在清点之内，5 个已采集，编号缺 4 个，文件系统仍显示 2 个已删除文件。"
    )
    files = page.locator(".stay-files tbody tr")
    expect(files).to_have_count(7)
    expect(files.first).to_contain_text("读不出")
    expect(files.first).to_contain_text("sector 90112 cannot be read")
    film = files.filter(has_text="_0001.MP4")
    expect(film).to_contain_text("已采集")
    main = page.locator("main")
    for text in (
        "慢 3.2 秒，随后已校准",
        "?000127_21032720261120185500_0005.MP4",
        "另有 1 个没有列出名称",
        "cluster 881 cannot be read",
    ):
        expect(main).to_contain_text(text)
    expect(main).to_contain_text("采集站声明：有文件读不出，或目录没有列全（incomplete）。")
    expect(page.locator("video")).to_have_count(0)
    film.get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text("_0001.MP4")
    expect(page.locator(".facts")).to_contain_text("有缺漏")
    page.locator(".facts").get_by_role("link", name="入仓记录").click()
    expect(page.locator(".sentence")).to_contain_text("清点 6 个文件")
    assert reviewer.complaints == []


def test_the_list_of_clips_points_to_the_stay_and_marks_what_is_lacking(reviewer: Visitor) -> None:
    page = reviewer.page
    row = page.locator("tbody tr", has_text="_0001.MP4")
    expect(row.get_by_role("img", name="有缺漏")).to_be_visible()
    row.get_by_role("link", name="0000127", exact=True).click()
    expect(page.locator(".sentence")).to_contain_text("清点 6 个文件")


def test_a_file_collected_in_an_earlier_stay_is_said_to_be_that(reviewer: Visitor) -> None:
    page = reviewer.page
    reviewer.go("/stays")
    page.locator("tbody tr", has_text="已清空").get_by_role("link").click()
    expect(page.locator(".stay-files tbody tr")).to_contain_text("此前已采集")
    expect(page.locator(".stay-files tbody tr")).to_contain_text("与此前的片段同名同大小")
    expect(page.locator(".finding")).to_contain_text("凭 1 份回执，方式 format")


def test_an_unknown_device_is_text_and_its_unfinished_inventory_is_said(reviewer: Visitor) -> None:
    page = reviewer.page
    reviewer.go("/stays")
    page.locator("tbody tr", has_text="仍在槽位").get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(page.locator(".notice")).to_contain_text("日志中有 1 份，应有 2 份")
    assert page.locator("img[src='x']").count() == 0 and HOSTILE not in page.content()


def test_who_may_not_see_clips_sees_no_stay_and_looking_at_one_is_no_view(county: Seeded, visit: New) -> None:
    name = "admin" + secrets.token_hex(3)
    admin = visit()
    admin.sign_in(name, county.account(name, Role.SYSTEM_ADMINISTRATOR))
    admin.go("/stays")
    expect(admin.page.locator("h1")).to_contain_text("您的角色不能查看此页")
    name = "audit" + secrets.token_hex(3)
    auditor = visit()
    auditor.sign_in(name, county.account(name, Role.AUDITOR))
    auditor.go("/stays?lacking=yes")
    auditor.page.locator("tbody a").click()
    expect(auditor.page.locator(".stay-files tbody tr")).to_have_count(7)
    auditor.go("/stays/999999")
    expect(auditor.page.locator("h1")).to_contain_text("日志中没有这次入仓")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 390])
def test_no_page_of_stays_scrolls_sideways_or_complains(county: Seeded, visit: New, scheme: str, width: int) -> None:
    name = "look" + secrets.token_hex(3)
    visitor = visit(color_scheme=scheme, viewport={"width": width, "height": 768})
    visitor.sign_in(name, county.account(name, Role.REVIEWER))
    visitor.go("/stays")
    links = [link.get_attribute("href") for link in visitor.page.locator("tbody a").all()]
    assert len(links) == 3
    for language in ("zh-CN", "en"):
        for path in ["/stays", *links]:
            visitor.go(str(path))
            expect(visitor.page.locator("html")).to_have_attribute("lang", language)
            assert visitor.fits(), (language, path)
        if language == "zh-CN":
            visitor.english()
    assert visitor.complaints == []
