"""The first page for people, in a real browser: what a reviewer does with it, and what it says when evidence is attacked."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, expect

from browser.conftest import PASSWORD, Seeded, Visitor
from liuhen_server.people.roles import Role

pytestmark = pytest.mark.xdist_group(
    "browser"
)  # one browser, one county; the loop that Playwright keeps ends with the module
New = Callable[..., Visitor]
READY = """() => new Promise(done => {
    const video = document.querySelector('video');
    const look = () => { if (video.readyState >= 2) done(video.readyState); };
    for (const event of ['loadeddata', 'canplay']) video.addEventListener(event, look);
    look();
})"""
PLAYING = """() => new Promise(done => {
    const video = document.querySelector('video');
    const look = () => { if (video.ended || (video.currentTime > 0 && !video.paused)) done(true); };
    for (const event of ['timeupdate', 'playing', 'ended']) video.addEventListener(event, look);
    look();
})"""
CHOSEN = "走廊尽头左转第二间 blue"


def test_one_time_password_must_be_changed_before_anything_else(county: Seeded, visit: New) -> None:
    visitor, page = (each := visit()), each.page
    one_time = county.account("first", Role.REVIEWER, chosen=False)
    visitor.sign_in("first", one_time)
    expect(page).to_have_url(county.url + "/password")
    visitor.go("/clips")
    expect(page).to_have_url(county.url + "/password")
    for new, says in (("short", "太短"), ("123456789012345", "太容易"), (one_time, "相同")):
        _change(visitor, one_time, new)
        expect(page.get_by_role("alert")).to_contain_text(says)
    _change(visitor, one_time, CHOSEN)
    expect(page).to_have_url(county.url + "/todo")
    page.get_by_role("button", name="退出").click()
    visitor.sign_in("first", one_time)
    expect(page.get_by_role("alert")).to_contain_text("账号或密码不正确")
    visitor.sign_in("first", CHOSEN)
    expect(page).to_have_url(county.url + "/todo")


def _change(visitor: Visitor, current: str, new: str) -> None:
    for field, value in (("current", current), ("new", new), ("again", new)):
        visitor.page.fill(f"#{field}", value)
    visitor.page.click("form.panel button")


def test_five_wrong_passwords_lock_and_say_for_how_long(county: Seeded, visit: New) -> None:
    county.account("locked", Role.REVIEWER)
    visitor = visit()
    for _ in range(5):
        visitor.sign_in("locked", "wrong wrong wrong")
    visitor.sign_in("locked", PASSWORD)
    expect(visitor.page.get_by_role("alert")).to_contain_text("15 分钟")


def test_address_asked_for_is_where_signing_in_leads(county: Seeded, visit: New) -> None:
    visitor = visit()
    county.account("deep", Role.REVIEWER)
    visitor.go(county.address("film"))
    visitor.page.fill("#name", "deep")
    visitor.page.fill("#password", PASSWORD)
    visitor.page.press("#password", "Enter")
    expect(visitor.page).to_have_url(county.address("film"))


def test_list_shows_every_clip_with_its_verdict_and_filters_stay_in_the_address(reviewer: Visitor) -> None:
    page = reviewer.page
    expect(page.locator("tbody tr")).to_have_count(6)
    expect(page.locator("tbody tr", has_text="_0001.MP4")).to_contain_text("成立")
    expect(page.locator("tbody tr", has_text="_0002_IMP.MP4")).to_contain_text("重要")
    expect(page.locator("tbody tr", has_text="_0004.MP4")).to_contain_text("等待上传")
    page.select_option("#verdict", "undecided")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "verdict=undecided" in page.url
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="清除筛选").click()
    page.fill("#officer", "210327")
    page.click(".filters button")
    expect(page.locator("tbody tr")).to_have_count(5)
    page.fill("#day", "2001-01-01")
    page.click(".filters button")
    expect(page.locator(".empty")).to_contain_text("没有符合条件")
    assert reviewer.complaints == []


@pytest.mark.parametrize("clip", ["film", "important"])
def test_film_plays_and_seeks(reviewer: Visitor, clip: str) -> None:
    """`film` through its proxy, `important` as the original itself."""
    reviewer.go(reviewer.county.address(clip))
    page = reviewer.page
    page.evaluate(READY)
    duration = float(page.evaluate("document.querySelector('video').duration"))
    assert duration > 3
    seeked = """to => new Promise(done => {
        const video = document.querySelector('video');
        video.addEventListener('seeked', () => done(video.currentTime), { once: true });
        video.currentTime = to;
    })"""
    assert abs(float(page.evaluate(seeked, duration * 0.8)) - duration * 0.8) < 0.5
    page.evaluate(READY)
    page.evaluate("document.querySelector('video').muted = true")
    page.locator("body").press("k")
    page.evaluate(PLAYING)
    assert reviewer.complaints == []


def test_clip_page_says_in_one_sentence_that_it_holds(reviewer: Visitor) -> None:
    reviewer.go(reviewer.county.address("film"))
    page = reviewer.page
    expect(page.locator(".sentence")).to_contain_text("采集站 dock-03 于 20")
    expect(page.locator(".sentence")).to_contain_text("从 0000127 号记录仪读出本文件，之后未被改动。")
    expect(page.locator(".steps li")).to_have_count(9)
    expect(page.locator(".steps .verdict.holds")).to_have_count(9)
    expect(page.locator(".timeline li").last).to_contain_text("打开页面")
    expect(page.locator(".timeline")).to_contain_text("生成派生件")
    reviewer.english()
    expect(page.locator(".sentence")).to_contain_text("it has not been altered since.")
    assert reviewer.complaints == []


def test_byte_changed_in_the_store_breaks_the_verdict(reviewer: Visitor) -> None:
    """The attack: someone with the archive's disk changes one byte of a stored clip."""
    county, page = reviewer.county, reviewer.page
    reviewer.go(county.address("damaged"))
    expect(page.locator(".finding")).to_have_class("finding holds")
    stored = county.stored("damaged")
    data = bytearray(stored.read_bytes())
    data[len(data) // 2] ^= 1
    stored.chmod(0o600)
    stored.write_bytes(data)
    page.reload()
    expect(page.locator(".finding")).to_have_class("finding broken")
    expect(page.locator(".sentence")).to_contain_text("第 1 步（文件字节）不成立")
    expect(page.locator(".steps li").first).to_contain_text("SHA-256 与声明中的不一致")
    # The statements still belong together: what is broken is the bytes alone.
    expect(page.locator(".steps li").nth(2).locator(".verdict")).to_have_class("verdict holds")
    expect(page.locator(".sentence")).not_to_contain_text("未被改动")
    reviewer.go("/clips?verdict=broken")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr .verdict")).to_contain_text("■不成立")
    data[len(data) // 2] ^= 1
    stored.write_bytes(data)
    reviewer.go(county.address("damaged"))
    expect(page.locator(".finding")).to_have_class("finding holds")


def test_clip_still_on_the_dock_is_undecided_and_says_what_is_missing(reviewer: Visitor) -> None:
    reviewer.go(reviewer.county.address("waiting"))
    expect(reviewer.page.locator(".sentence")).to_contain_text("尚不能判定：缺少文件本身")
    expect(reviewer.page.locator(".player")).to_contain_text("尚未全部入库")
    expect(reviewer.page.locator("a", has_text="下载原始文件")).to_have_count(0)


def test_clip_without_a_picture_has_an_empty_state_not_a_broken_player(reviewer: Visitor) -> None:
    reviewer.go(reviewer.county.address("text"))
    expect(reviewer.page.locator(".player")).to_contain_text("没有可播放的副本")
    expect(reviewer.page.locator("video")).to_have_count(0)


def test_hostile_file_name_is_text(reviewer: Visitor) -> None:
    asked: list[str] = []

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    reviewer.page.on("dialog", refuse)
    page = reviewer.page
    row = page.locator("tbody tr", has_text="onerror")
    expect(row).to_contain_text("<img src=x onerror=alert(1)>\"'&⟨U+202E⟩abc.MP4")
    row.locator("td.name").get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text("<img src=x")
    assert page.locator("img[src='x']").count() == 0
    assert asked == []


def test_proofs_and_original_taken_away_verify_without_the_archive(reviewer: Visitor, tmp_path: Path) -> None:
    reviewer.go(reviewer.county.address("film"))
    taken: list[Path] = []
    for name in ("下载原始文件", "下载证明", "下载策略"):
        with reviewer.page.expect_download() as download:
            reviewer.page.get_by_role("link", name=name).click()
        taken.append(tmp_path / download.value.suggested_filename)
        download.value.save_as(taken[-1])
    original, proofs, policy = taken
    assert original.name == "0000127_21032720261120180211_0001.MP4"
    command = [sys.executable, "-m", "liuhen_verify", "clip"]
    options = ["--proof", str(proofs), "--policy", str(policy)]
    good = subprocess.run([*command, str(original), *options], capture_output=True, text=True)
    assert good.returncode == 0, good.stdout + good.stderr
    original.write_bytes(original.read_bytes() + b"!")
    bad = subprocess.run([*command, str(original), *options], capture_output=True, text=True)
    assert bad.returncode == 1, bad.stdout + bad.stderr


def test_read_anew_reads_and_says_when(reviewer: Visitor) -> None:
    reviewer.go(reviewer.county.address("important"))
    said = reviewer.page.locator(".reading p").inner_text()
    reviewer.page.wait_for_timeout(1100)  # the page shows whole seconds
    reviewer.page.get_by_role("button", name="重新读取").click()
    expect(reviewer.page.locator(".reading p")).not_to_have_text(said)
    expect(reviewer.page.locator(".finding")).to_have_class("finding holds")


def test_digest_can_be_copied(reviewer: Visitor) -> None:
    reviewer.context.grant_permissions(["clipboard-read", "clipboard-write"])
    reviewer.go(reviewer.county.address("film"))
    reviewer.page.get_by_role("button", name="复制 SHA-256").click()
    copied = reviewer.page.evaluate("navigator.clipboard.readText()")
    assert copied == reviewer.county.clips["film"]


def test_log_page_shows_checkpoint_witness_and_dock(reviewer: Visitor) -> None:
    reviewer.go("/log")
    main = reviewer.page.locator("main")
    for text in ("archive.example/log", "witness.example/justice", "须 1 方中至少 1 方联署", "dock-03", "已登记"):
        expect(main).to_contain_text(text)
    assert reviewer.complaints == []


def test_keyboard_alone_leads_from_sign_in_to_a_playing_clip(county: Seeded, visit: New) -> None:
    county.account("keys", Role.REVIEWER)
    visitor = visit()
    visitor.go("/sign-in")
    keyboard, page = visitor.page.keyboard, visitor.page
    keyboard.type("keys")
    keyboard.press("Tab")
    keyboard.insert_text(PASSWORD)
    keyboard.press("Enter")
    page.wait_for_url("**/todo")
    page.locator("nav a[href='/clips']").focus()
    keyboard.press("Enter")
    page.wait_for_url("**/clips")
    keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    box = page.locator(".skip").bounding_box()
    assert box is not None and box["y"] >= 0, "the skip link shows when it has the focus"
    keyboard.press("Enter")
    link = page.locator("tbody tr", has_text="_0001.MP4").locator("td.name").get_by_role("link")
    for _ in range(40):
        keyboard.press("Tab")
        if link.evaluate("element => element === document.activeElement"):
            break
    assert link.evaluate("element => getComputedStyle(element).outlineStyle") == "solid", "the focus is visible"
    keyboard.press("Enter")
    page.wait_for_url("**/" + county.clips["film"])
    page.evaluate(READY)
    keyboard.press("k")
    page.evaluate(PLAYING)


def test_every_page_works_without_javascript(county: Seeded, visit: New) -> None:
    county.account("plain", Role.REVIEWER)
    visitor = visit(java_script_enabled=False)
    visitor.sign_in("plain", PASSWORD)
    visitor.page.wait_for_url("**/todo")
    visitor.go("/clips")
    expect(visitor.page.locator("tbody tr")).to_have_count(6)
    visitor.page.fill("#officer", "nobody")
    visitor.page.click(".filters button")
    expect(visitor.page.locator(".empty")).to_be_visible()
    visitor.go(county.address("film"))
    expect(visitor.page.locator(".steps li")).to_have_count(9)
    visitor.english()
    expect(visitor.page.locator("html")).to_have_attribute("lang", "en")


def test_auditor_sees_evidence_but_no_player(county: Seeded, visit: New) -> None:
    name = "audit" + secrets.token_hex(3)
    visitor = visit()
    visitor.sign_in(name, county.account(name, Role.AUDITOR, "李审计"))
    visitor.go(county.address("film"))
    expect(visitor.page.locator(".player")).to_contain_text("您的角色不能观看音像内容")
    expect(visitor.page.locator(".steps .verdict.holds")).to_have_count(9)
    expect(visitor.page.locator("video")).to_have_count(0)


def test_system_administrator_lands_on_the_log_and_reads_why_clips_are_closed(county: Seeded, visit: New) -> None:
    name = "admin" + secrets.token_hex(3)
    visitor = visit()
    visitor.sign_in(name, county.account(name, Role.SYSTEM_ADMINISTRATOR, "王系统"))
    expect(visitor.page).to_have_url(county.url + "/log")
    visitor.go(county.address("film"))
    expect(visitor.page.locator("h1")).to_contain_text("您的角色不能查看此页")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 390])
def test_no_page_scrolls_sideways_or_complains(county: Seeded, visit: New, scheme: str, width: int) -> None:
    """Both languages; the console stays empty, so the content policy was not violated either."""
    name = "look" + secrets.token_hex(3)
    visitor = visit(color_scheme=scheme, viewport={"width": width, "height": 768})
    visitor.go("/sign-in")
    assert visitor.fits()
    visitor.sign_in(name, county.account(name, Role.REVIEWER))
    visitor.page.wait_for_url("**/todo")
    paths = ["/clips", "/log", "/password", *(county.address(clip) for clip in ("film", "waiting", "text"))]
    for language in ("zh-CN", "en"):
        for path in paths:
            visitor.go(path)
            expect(visitor.page.locator("html")).to_have_attribute("lang", language)
            assert visitor.fits(), (language, path)
        if language == "zh-CN":
            visitor.english()
    assert visitor.complaints == []
