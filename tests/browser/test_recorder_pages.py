"""A day of two people with the county's recorders, in Chinese: what docks reported is decided by both, handed out, broken, repaired."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import expect
from sqlalchemy import insert, update

from browser.conftest import HOSTILE, Seeded, Visitor
from liuhen_server.acts import MACHINE, Acts
from liuhen_server.custody.schema import stays
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.operations.opening import opened
from liuhen_server.people.roles import Role
from liuhen_server.people.schema import people
from liuhen_server.registry.changes import keep_recorder
from liuhen_server.registry.check_out import check_out
from liuhen_server.registry.faults import report_fault
from liuhen_server.registry.officers import Officer, add_officer
from liuhen_server.registry.recorders import Recorder
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


async def three_stand_in_the_dock(county: Seeded, name: str) -> None:
    """Their rows as the log would tell them; one belongs to an officer's colleague, one is in repair. `name`: whose account it is."""
    async with (
        opened(county.config) as archive,
        Acts(archive.database, archive.chain, utc_now, os.urandom).of(MACHINE) as act,
    ):
        agency = await our_agency(act.conn)
        zhao = await add_officer(act.conn, Officer("LN-0401", "赵明", agency, expires="2199-12-31"))
        qian = await add_officer(act.conn, Officer("LN-0402", "钱文", agency, expires="2199-12-31"))
        await act.conn.execute(update(people).where(people.c.name == name).values(officer=zhao.id))
        counts = dict.fromkeys(("files", "total_bytes", "failed", "missing", "deleted", "problems"), 0)
        for bay, serial, cleared in (("5", "DSJ-A9-0501", 1), ("6", "DSJ-A9-0502", 0), ("7", "DSJ-A9-0503", 1)):
            row = {"docked_index": 1_000_000 + int(bay), "dock": "dock-03", "seq": 1_000_000, "session": "s" + bay}
            row |= {"time": act.time, "bay": bay, "recorder": serial, "quarantined": False, "premature": False}
            await act.conn.execute(insert(stays).values(row | counts | {"cleared": cleared}))
            kept = await keep_recorder(act, Recorder(serial, agency))
            if bay == "6":
                await report_fault(act, kept.id, "镜头进水")
            if bay == "7":
                await check_out(act, row["docked_index"], qian.id, date(2026, 11, 20))  # type: ignore[arg-type]


def test_an_officer_takes_a_recorder_with_one_touch_on_a_telephone(county: Seeded, visit: New) -> None:
    visitor, name = visit(viewport={"width": 390, "height": 844}, has_touch=True), "z" + secrets.token_hex(4)
    password = county.account(name, Role.HANDLER, "赵明")
    county.call(three_stand_in_the_dock(county, name))
    page, pictures = visitor.page, os.environ.get("RECORDER_PICTURES")
    visitor.go("/check-out?dock=dock-03")  # as the code beside the dock says it
    page.fill("#name", name)
    page.fill("#password", password)
    page.click("form.panel button")
    bays = page.locator("li.bay")
    free, broken, taken = (bays.filter(has_text=serial) for serial in ("0501", "0502", "0503"))
    expect(free).to_contain_text("可以取走")
    expect(broken).to_contain_text("维修中")
    expect(taken).to_contain_text("由钱文领用")
    expect(taken).not_to_contain_text("可以取走")
    for each in (broken, taken):
        expect(each.get_by_role("button")).to_have_count(0)
    take = free.get_by_role("button", name="由我领用")
    box = take.bounding_box()
    assert box is not None and box["height"] >= 64 and box["width"] >= 240
    if pictures:
        page.screenshot(path=str(Path(pictures) / "check-out-before-390.png"), full_page=True)
    take.tap()
    expect(free).to_contain_text("由您领用")
    expect(free.get_by_role("button", name="没有取走，归还")).to_be_visible()
    looks: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 390), ("dark", 390), ("light", 1366))
    for scheme, width in looks:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 768})
        assert visitor.fits(), width
        if pictures:
            page.screenshot(path=str(Path(pictures) / f"check-out-{scheme}-{width}.png"), full_page=True)
    free.get_by_role("button", name="没有取走，归还").click()
    expect(free).to_contain_text("上次领用：赵明")
    page.locator("p.crumb a").click()
    page.get_by_role("link", name="领用登记").click()
    visitor.english()
    expect(free.get_by_role("button", name="I take it")).to_be_visible()
    assert visitor.fits() and visitor.complaints == []
