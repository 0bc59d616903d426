"""A handler's day in a real browser, in Chinese: a list is put in force, a case opened, clips linked, what is missing excused, the file archived."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import HOSTILE, PASSWORD, Seeded, Visitor
from liuhen_server.config import Config
from liuhen_server.operations.opening import opened
from liuhen_server.people.accounts import add_person, set_password
from liuhen_server.people.passwords import PasswordWork
from liuhen_server.people.roles import Role
from liuhen_server.registry.officers import Officer, add_officer
from support.case_office import PDF
from support.people import our_agency
from support.sheet_files import HEADER, case_row, csv_bytes

pytestmark = pytest.mark.xdist_group("browser")
New = Callable[..., Visitor]
PICTURES = os.environ.get("LIUHEN_PICTURES")  # a folder: what is looked at by people


@pytest.fixture(scope="module")
def staff(county: Seeded) -> Seeded:
    county.call(_staff(county.config))
    return county


async def _staff(config: Config) -> None:
    async with opened(config) as archive, archive.database.write() as conn:
        agency = await our_agency(conn)
        hashed = PasswordWork().hash_now(PASSWORD)
        for name, shown, role, number in (
            ("wanglei", "王磊", Role.HANDLER, "210327"),
            ("lijing", "李静", Role.HANDLER, "210328"),
            ("zhaomin", "赵敏", Role.HEAD, "210300"),
        ):
            officer = await add_officer(conn, Officer(f"2113{number}", shown, agency, recorder_number=number))
            person = await add_person(
                conn,
                name=name,
                display_name=shown,
                roles=frozenset({role}),
                one_time_hash=hashed,
                now=int(time.time()),
                agency=agency,
                officer=officer.id,
            )
            await set_password(conn, person.id, hashed)


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES, name + ".png")), full_page=True)


def enter(visit: New, name: str, **options: object) -> Visitor:
    visitor = visit(**options)
    visitor.sign_in(name, PASSWORD)
    visitor.page.wait_for_url(lambda url: "/sign-in" not in url)
    return visitor


def add_paper(page: Page, what: str, day: str = "2026-11-20", began: str = "", ended: str = "") -> None:
    page.select_option("#what", what)
    page.fill("#dated", day)
    if began:
        page.fill("#began", began)
        page.fill("#ended", ended)
    page.set_input_files("#file", {"name": f"{what.split(':')[1]}.pdf", "mimeType": "application/pdf", "buffer": PDF})
    page.get_by_role("button", name="上传文书").click()
    page.wait_for_load_state()
    expect(page.get_by_role("alert")).to_have_count(0)


def go_on(page: Page, after: str, reason: str = "") -> None:
    page.select_option("#after", after)
    page.fill("#reason", reason)
    page.get_by_role("button", name="推进").click()
    page.wait_for_load_state()


def open_inspection(visitor: Visitor, title: str) -> str:
    page = visitor.page
    visitor.go("/cases/new?class=inspection")
    page.fill("#title", title)
    page.get_by_label("李静").check()
    page.fill("#party-1", "朝阳县大华超市")
    page.get_by_role("button", name="立案", exact=True).click()
    page.wait_for_url(lambda url: url.rpartition("/")[2].isdigit())
    return page.url


def test_a_handlers_day_from_the_list_to_the_archive(staff: Seeded, visit: New) -> None:
    handler, head = enter(visit, "wanglei"), enter(visit, "zhaomin")
    page = handler.page
    expect(page).to_have_url(staff.url + "/todo")
    handler.go("/cases")
    picture(page, "cases-empty")

    # the list: drafted by one, approved by another
    handler.go("/lists")
    page.get_by_role("button", name="编制新版").click()
    page.fill("input[name=item] >> nth=0", "1")
    page.select_option("select[name=place] >> nth=0", "inspection:investigation")
    page.fill("input[name=what] >> nth=0", "现场检查全程录像")
    page.fill("input[name=item] >> nth=1", "2")
    page.select_option("select[name=place] >> nth=1", "inspection:service")
    page.fill("input[name=what] >> nth=1", "留置送达")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.locator("input[name=what] >> nth=0")).to_have_value("现场检查全程录像")
    picture(page, "list-draft")
    head.go(page.url.removeprefix(staff.url))
    head.page.get_by_role("button", name="批准并生效").click()
    expect(head.page.get_by_text("现行")).to_be_visible()

    # the case
    address = open_inspection(handler, "大华超市食品安全检查")
    case_id = address.rpartition("/")[2]
    expect(page.get_by_role("heading", level=1)).to_contain_text("朝县市监检〔2026〕1号")
    expect(page.get_by_text("缺检查任务单")).to_be_visible()
    add_paper(page, "initiation:task")
    expect(page.get_by_text("目前齐全")).to_be_visible()
    go_on(page, "investigation")
    expect(page.get_by_text("缺“现场检查全程录像”的录像（音像记录事项清单第 1 项）")).to_be_visible()
    add_paper(page, "investigation:inspection-record", began="17:50", ended="18:40")

    # the archive suggests, a person links: the recording of that time, at its row of the list
    expect(page.get_by_text("拍摄时间与“现场检查笔录”重合").first).to_be_visible()
    expect(page.get_by_text("记录仪中的证号 210327 是本案承办人").first).to_be_visible()
    picture(page, "case-suggestions")
    page.locator("section.proposed tbody tr").first.get_by_role("button", name="关联").click()
    expect(page.locator(".stage.now .footage")).to_have_count(1)
    expect(page.get_by_text("目前齐全")).to_be_visible()

    # from the clip's page in two clicks
    handler.go(staff.address("important"))
    picture(page, "clip-linking")
    page.select_option("#to", f"{case_id}:service:")
    page.get_by_role("button", name="关联", exact=True).click()
    expect(page.get_by_text("已关联 1 段")).to_be_visible()
    page.get_by_role("link", name="返回").click()
    expect(page.locator("section.linking li a").first).to_have_text("朝县市监检〔2026〕1号")

    # several at once from the list of those of no case
    handler.go("/clips?unlinked=0")
    ticks = page.locator("input[name=clip]")
    before = ticks.count()
    ticks.nth(0).check()
    ticks.nth(1).check()
    page.select_option("#to", f"{case_id}:investigation:")
    picture(page, "clips-bulk")
    page.get_by_role("button", name="关联所选").click()
    expect(page.get_by_text("已关联 2 段")).to_be_visible()
    handler.go("/clips?unlinked=0")
    assert page.locator("input[name=clip]").count() == before - 2

    # unlinked again, with a reason that stays
    handler.go(address)
    page.locator(".footage details summary").last.click()
    page.locator(".footage details[open] input[name=reason]").fill("另一起检查的录像")
    page.get_by_role("button", name="确认解除").click()
    expect(page.locator(".timeline").get_by_text("另一起检查的录像")).to_be_visible()

    # no decision without its draft, and none by a document: the handler drafts, the head decides
    go_on(page, "decision")
    expect(page.get_by_role("alert")).to_contain_text("还没有拟处理意见")
    page.get_by_role("link", name="拟定处理意见").click()
    page.select_option("#kind-1", "nothing-found")
    page.fill("#content-1", "未发现问题")
    page.fill("#facts", "现场检查未发现问题，有现场检查笔录和录像为证。")
    page.fill("#basis", "《食品安全法》第一百一十条")
    picture(page, "draft-form")
    page.get_by_role("button", name="保存这一版").click()
    expect(page.locator("#decision")).to_contain_text("按本机关目录无须法制审核")
    go_on(page, "decision")
    head.go(address.removeprefix(staff.url))
    picture(head.page, "decide")
    head.page.locator("#decision").get_by_role("button", name="作出决定").click()
    expect(head.page.locator("#decision")).to_contain_text("生效")
    decided = head.page.locator("#decision input[name=day]").first.input_value()
    handler.go(address.removeprefix(staff.url))

    # on, and to the archive; what is missing is said and excused
    add_paper(page, "decision:result", decided)
    go_on(page, "service")
    picture(page, "case-missing")
    go_on(page, "archiving")
    go_on(page, "archived")
    expect(page.get_by_role("alert")).to_contain_text("还不能归档：缺送达回证")
    add_paper_at(page)
    expect(page.locator("#decision")).to_contain_text("朝县市监检〔2026〕1号未登记送达")
    page.locator("#decision summary", has_text="登记送达").click()
    page.fill("#decision input[name=receiver]", "张大华")
    page.locator("#decision").get_by_role("button", name="登记送达").click()
    expect(page.locator("#decision")).to_contain_text("直接送达，张大华")
    page.locator("li", has_text="留置送达").locator("summary").first.click()
    page.locator("details[open] input[name=reason]").fill("当场签收，无留置送达")
    page.get_by_role("button", name="登记理由").click()
    expect(page.get_by_text("目前齐全")).to_be_visible()
    go_on(page, "archived")
    expect(page.locator(".case-facts")).to_contain_text("已归档")
    expect(page.get_by_role("button", name="上传文书")).to_have_count(0)
    picture(page, "case-archived")
    assert handler.fits()
    assert (
        handler.complaints
        == ["Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"] * 2
    )


def add_paper_at(page: Page) -> None:
    add = page.get_by_role("button", name="上传文书")
    expect(add).to_be_visible()
    page.select_option("#what", "service:service-receipt")
    page.fill("#dated", "2026-11-22")
    page.set_input_files("#file", {"name": "送达回证.pdf", "mimeType": "application/pdf", "buffer": PDF})
    add.click()
    page.wait_for_load_state()


def test_two_editors_the_second_is_told_and_keeps_what_was_typed(staff: Seeded, visit: New) -> None:
    first, second = enter(visit, "wanglei"), enter(visit, "lijing")
    address = open_inspection(first, "检查甲").removeprefix(staff.url)
    for visitor in (first, second):
        visitor.go(address + "/edit")
    first.page.fill("#title", "检查甲（复查）")
    first.page.get_by_role("button", name="保存").click()
    first.page.wait_for_url(staff.url + address)
    second.page.fill("#title", "检查乙")
    second.page.get_by_role("button", name="保存").click()
    expect(second.page.get_by_role("alert")).to_contain_text("王磊")
    expect(second.page.get_by_role("alert")).to_contain_text("登记案由")
    expect(second.page.locator("#title")).to_have_value("检查乙")
    picture(second.page, "case-two-editors")
    second.page.get_by_role("button", name="保存").click()
    expect(second.page.get_by_role("heading", level=1)).to_contain_text("检查乙")


def test_whatever_people_write_stays_text(staff: Seeded, visit: New) -> None:
    visitor = enter(visit, "wanglei")
    page = visitor.page
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
    visitor.go("/cases/new?class=inspection")
    page.fill("#title", hostile)
    page.fill("#party-1", hostile[:100])
    page.fill("#contact-1", hostile[:60])
    page.get_by_label("李静").check()
    page.get_by_role("button", name="立案", exact=True).click()
    page.wait_for_url(lambda url: url.rpartition("/")[2].isdigit())
    page.locator("summary", has_text="说明理由").first.click()
    page.locator("details[open] input[name=reason]").fill(hostile)
    page.get_by_role("button", name="登记理由").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(hostile)
    page.select_option("#what", "initiation:other")
    page.fill("#dated", "2026-11-20")
    page.fill("#place", hostile[:100])
    page.set_input_files("#file", {"name": "<img src=x onerror=alert(3)>.pdf", "mimeType": "text/html", "buffer": PDF})
    page.get_by_role("button", name="上传文书").click()
    expect(page.locator(".paper a")).to_have_text("<img src=x onerror=alert(3)>.pdf")
    with page.expect_download() as download:
        page.locator(".paper a").click()
    assert Path(download.value.path()).read_bytes() == PDF
    for path in (
        "/cases?text=%3Cscript%3Ealert(1)%3C/script%3E",
        "/cases?text=%27%20OR%201=1%20--",
        "/cases",
        page.url,
    ):
        visitor.go(path)
        assert page.locator("script:not([src])").count() == 0 and page.locator("main img").count() == 0
    visitor.go("/cases?text=%27%20OR%201=1%20--")
    expect(page.get_by_text("没有符合条件的案件")).to_be_visible()
    assert HOSTILE and visitor.complaints == []


def test_english_phone_and_dark(staff: Seeded, visit: New) -> None:
    handler = enter(visit, "wanglei")
    address = open_inspection(handler, "窄屏检查")
    for name, options in (
        ("phone", {"viewport": {"width": 390, "height": 844}}),
        ("dark", {"color_scheme": "dark"}),
    ):
        visitor = enter(visit, "wanglei", **options)
        for path in (address, "/cases", "/cases/new", "/lists", "/clips?unlinked=0", address + "/edit"):
            visitor.go(path)
            assert visitor.fits(), (name, path)
            picture(visitor.page, f"{name}-{path.rpartition('/')[2].partition('?')[0]}")
        visitor.english()
        visitor.go(address)
        expect(visitor.page.get_by_role("heading", name="The whole process")).to_be_visible()
        picture(visitor.page, f"{name}-english")
        assert visitor.complaints == []


def test_a_case_is_found_by_its_number_however_it_is_typed(staff: Seeded, visit: New) -> None:
    visitor = enter(visit, "lijing")
    open_inspection_by_other(visitor)
    visitor.go("/cases")
    visitor.page.fill("#text", "朝县市监检[2026]９号")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("tbody tr")).to_have_count(1)
    expect(visitor.page.locator("tbody tr")).to_contain_text("朝县市监检〔2026〕9号")


def open_inspection_by_other(visitor: Visitor) -> None:
    visitor.go("/cases/new?class=inspection")
    visitor.page.fill("#number", "朝县市监检(2026)第 09 号")
    visitor.page.fill("#title", "按号查找")
    visitor.page.get_by_label("王磊").check()
    visitor.page.get_by_role("button", name="立案", exact=True).click()
    visitor.page.wait_for_url(lambda url: url.rpartition("/")[2].isdigit())


def test_a_case_and_its_record_list_print_without_what_only_a_screen_needs(staff: Seeded, visit: New) -> None:
    handler = enter(visit, "wanglei")
    page, address = handler.page, open_inspection(handler, "打印用的一件")
    add_paper(page, "initiation:task")
    for path, name in ((address, "case"), (address + "/record-list", "record-list")):
        handler.go(path)
        expect(page.get_by_role("navigation", name="主导航")).to_be_visible()
        picture(page, name + "-screen")
        page.emulate_media(media="print", color_scheme="dark")
        for screen_only in ("header.bar", "a.button", "button"):
            for each in page.locator(screen_only).all():
                expect(each).to_be_hidden()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", (
            "white in dark too"
        )
        expect(page.locator("bdi", has_text="task.pdf").first).to_be_visible()
        picture(page, name + "-print")
        page.emulate_media(media="screen", color_scheme="light")
    expect(page.get_by_text(hashlib.sha256(PDF).hexdigest())).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert handler.fits()
    page.set_viewport_size({"width": 1366, "height": 768})
    assert handler.fits()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 PDF").click()
    assert download.value.suggested_filename.endswith("-清单.pdf")
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")
    assert handler.complaints == []


def test_a_sheet_is_checked_put_right_and_imported(staff: Seeded, visit: New) -> None:
    handler = enter(visit, "wanglei")
    page = handler.page
    handler.go("/cases")
    page.get_by_role("link", name="导入和导出案件").click()
    wrong = [HEADER, case_row(901, "2113210327、2113999999"), case_row(902, "2113210327、2113210328", 案由="")]
    right = [HEADER, case_row(901, "2113210327、2113210328"), case_row(902, "2113210327、2113210328")]
    for rows, name in ((wrong, "wrong"), (right, "ready")):
        data = csv_bytes(rows, "gb18030")
        page.set_input_files("#file", {"name": "案件.csv", "mimeType": "text/csv", "buffer": data})
        page.get_by_role("button", name="核对表格").click()
        page.wait_for_load_state()
        picture(page, "sheet-" + name)
        if name == "wrong":
            expect(page.get_by_role("row", name="2 承办人证号")).to_contain_text("没有执法证号 2113999999")
            expect(page.get_by_role("row", name="3 案由")).to_be_visible()
    page.get_by_role("button", name="导入 2 件").click()
    expect(page.get_by_text("已立案 2 件")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert handler.fits()
    assert all("422" in each for each in handler.complaints), "the refused sheet's own status"
