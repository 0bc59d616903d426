"""A day of two people with the county's recorders, in Chinese: what docks reported is decided by both, handed out, broken, repaired."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import expect

from browser.conftest import HOSTILE, Seeded, Visitor
from liuhen_server.operations.opening import opened
from liuhen_server.people.roles import Role
from liuhen_server.registry.officers import Officer, add_officer
from support.people import our_agency

pytestmark = pytest.mark.xdist_group("browser")
New = Callable[..., Visitor]


async def an_officer(county: Seeded) -> None:
    async with opened(county.config) as archive, archive.database.write() as conn:
        agency = await our_agency(conn)
        classes = frozenset({"inspection"})
        await add_officer(conn, Officer("LN-0327", "王丽", agency, classes=classes, recorder_number="210327"))


def signed_in(county: Seeded, visit: New, role: Role, display_name: str) -> Visitor:
    visitor, name = visit(), "r" + secrets.token_hex(4)
    visitor.sign_in(name, county.account(name, role, display_name))
    visitor.page.wait_for_url(lambda url: "/sign-in" not in url)
    return visitor


def test_two_people_and_the_county_s_recorders(county: Seeded, visit: New) -> None:
    county.call(an_officer(county))
    fang = signed_in(county, visit, Role.ARCHIVIST, "方档案")
    gao = signed_in(county, visit, Role.HEAD, "高局长")
    page = fang.page

    # what docks reported and nobody registered
    fang.go("/recorders")
    expect(page.locator(".empty")).to_contain_text("还没有登记的记录仪")
    page.locator(".empty").get_by_role("link", name="未登记").click()
    unknown = page.locator("section[aria-labelledby=recorders] tbody tr")
    expect(unknown).to_have_count(2)
    expect(unknown.first).to_contain_text("<img src=x onerror=alert(1)>")
    expect(unknown.first).to_contain_text("⟨U+202E⟩")

    # one proposes: not without a reason, and not alone
    unknown.filter(has_text="0000127").get_by_role("link", name="提出处理").click()
    page.select_option("#officer", label="王丽 LN-0327")
    page.fill("#model", "DSJ-A9")
    page.evaluate("document.querySelector('#reason').required = false")
    page.get_by_role("button", name="提出，待另一人确认").click()
    expect(page.locator(".mistake")).to_contain_text("必须填写")
    expect(page.locator("#model")).to_have_value("DSJ-A9")
    page.fill("#reason", "三月购入，" + HOSTILE)
    page.get_by_role("button", name="提出，待另一人确认").click()
    waiting = page.locator("section[aria-labelledby=waiting] tbody tr")
    expect(waiting).to_contain_text("由王丽领用")
    expect(waiting).to_contain_text("由另一人确认")
    expect(waiting.get_by_role("button", name="确认")).to_have_count(0)
    page.evaluate("document.querySelector('button[name=decision]').value = 'confirm'")  # asked all the same
    waiting.get_by_role("button", name="撤回").click()
    expect(page.get_by_role("alert")).to_contain_text("须由另一人确认")
    expect(waiting).to_have_count(1)

    # the other confirms
    gao.go("/unregistered")
    gao.page.locator("section[aria-labelledby=waiting]").get_by_role("button", name="确认").click()
    expect(gao.page.locator("section[aria-labelledby=decided]")).to_contain_text("已确认")
    expect(gao.page.locator("section[aria-labelledby=recorders] tbody tr")).to_have_count(1)

    # clips of an unknown device: proposed by the head, refused by the archivist
    held_back = gao.page.locator("section[aria-labelledby=clips] tbody tr")
    held_back.get_by_role("link", name="提出处理").click()
    gao.page.select_option("#outcome", "dismiss")
    gao.page.fill("#reason", "是优盘")
    gao.page.get_by_role("button", name="提出，待另一人确认").click()
    expect(held_back).to_contain_text("待确认")
    fang.go("/unregistered")
    page.get_by_role("button", name="退回").click()
    expect(page.locator("section[aria-labelledby=decided]")).to_contain_text("已退回")
    expect(page.locator("section[aria-labelledby=clips] tbody tr")).to_contain_text("提出处理")

    # proposed anew, as an officer's, and confirmed: the stay says so
    page.locator("section[aria-labelledby=clips]").get_by_role("link", name="提出处理").click()
    page.select_option("#officer", label="王丽 LN-0327")
    page.fill("#reason", "王丽的备用存储卡")
    page.get_by_role("button", name="提出，待另一人确认").click()
    gao.go("/unregistered")
    gao.page.get_by_role("button", name="确认").click()
    decided = gao.page.locator("section[aria-labelledby=decided] tbody tr").first
    expect(decided).to_contain_text("认定由王丽（市监局）拍摄")
    decided.get_by_role("link").click()
    expect(gao.page.locator(".finding")).to_contain_text("两人认定：由王丽拍摄")

    # the recorder: broken, and repaired
    fang.go("/recorders")
    expect(page.locator("main")).to_contain_text("100 %")
    page.get_by_role("link", name="0000127").click()
    expect(page.locator("h1")).to_contain_text("在用")
    held = page.locator("section[aria-labelledby=held] tbody tr")
    expect(held.first).to_contain_text("人工登记")
    expect(held.last).to_contain_text("记录仪内的编号")
    page.get_by_text("报告故障").first.click()
    page.fill("#what", HOSTILE)
    page.get_by_role("button", name="报告故障").click()
    expect(page.locator("h1")).to_contain_text("维修中")
    expect(page.locator("section[aria-labelledby=faults]")).to_contain_text("<img src=x onerror=alert(1)>")
    page.get_by_label("维修情况").fill("换了镜头")
    page.get_by_role("button", name="登记修复").click()
    expect(page.locator("h1")).to_contain_text("在用")

    # given back, and what overlaps is refused with what was typed
    held.first.get_by_role("button", name="归还").click()
    expect(held.first.get_by_role("button", name="归还")).to_have_count(0)
    page.get_by_text("登记领用").first.click()
    page.select_option("#officer", label="王丽 LN-0327")
    for since, until in (("2026-01-01T08:00", "2026-01-31T18:00"), ("2026-01-10T08:00", "2026-01-11T08:00")):
        if not page.locator("#since").is_visible():
            page.get_by_text("登记领用").first.click()
            page.select_option("#officer", label="王丽 LN-0327")
        page.fill("#since", since)
        page.fill("#until", until)
        page.get_by_role("button", name="登记领用").click()
    expect(page.locator(".mistake")).to_contain_text("重叠")
    expect(page.locator("#since")).to_have_value("2026-01-10T08:00")
    expect(held.last).to_contain_text("2026-01-01 08:00:00")

    # two at one record
    gao.go("/recorders")
    gao.page.get_by_role("link", name="0000127").click()
    fang.go(gao.page.url)
    page.select_option("#state", "spare")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("h1")).to_contain_text("备用")
    gao.page.fill("#model", "DSJ-B1")
    gao.page.get_by_role("button", name="保存").click()
    expect(gao.page.get_by_role("status").first).to_contain_text("他人已保存过")
    expect(gao.page.locator("#model")).to_have_value("DSJ-B1")

    # its clips, and what the pages look like at every width
    page.get_by_role("link", name="它的音像记录").click()
    expect(page.locator("tbody tr")).to_have_count(6)
    one = gao.page.url
    pictures = os.environ.get("RECORDER_PICTURES")
    looks: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 1366), ("dark", 1366), ("light", 390))
    for scheme, width in looks:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 768})
        for n, path in enumerate(("/recorders", one, "/unregistered", "/new-recorder", "/agencies/scjg")):
            fang.go(path)
            assert fang.fits(), (path, width)
            if pictures:
                page.screenshot(path=str(Path(pictures) / f"{n}-{scheme}-{width}.png"), full_page=True)
    page.set_viewport_size({"width": 1366, "height": 768})
    fang.english()
    assert fang.fits()
    expect(page.get_by_role("link", name="Recorders", exact=True)).to_have_count(1)
    refused = [each for each in fang.complaints + gao.complaints if "422" not in each and "409" not in each]
    assert refused == []
