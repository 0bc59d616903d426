"""The one search box, in a real browser: by keyboard, in both languages, with hostile names, and written down where it is for a person."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from browser.conftest import HOSTILE, Seeded, Visitor
from liuhen_protocol.events import SearchMade
from liuhen_server.custody.evidence import read_entry
from liuhen_server.database.schema import entries
from liuhen_server.operations.opening import opened
from liuhen_server.people.roles import Role

pytestmark = pytest.mark.xdist_group("browser")
New = Callable[..., Visitor]


@pytest.fixture
def seeker(county: Seeded, visit: New) -> Visitor:
    """Signed in with a role that sees what there is, of every agency."""
    name = "s" + secrets.token_hex(4)
    visitor = visit()
    visitor.sign_in(name, county.account(name, Role.AUDITOR))
    visitor.page.wait_for_url("**/clips")
    return visitor


def test_the_slash_key_and_enter_find_a_clip_from_any_page(seeker: Visitor, county: Seeded) -> None:
    page = seeker.page
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("20261120180211_0001")
    page.keyboard.press("Escape")
    expect(page.locator("#content")).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("0001.mp4")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("检索“0001.mp4”")
    expect(page.locator(".hits li")).to_have_count(1)
    expect(page.locator(".hits mark")).to_have_text(["0001.MP4"])
    expect(page.locator("#find")).to_have_value("0001.mp4")
    page.locator(".hits a").click()
    assert page.url == county.address("film")
    page.locator("#officer").or_(page.locator("#find")).first.focus()
    page.keyboard.type("a/b")
    expect(page.locator("#find")).to_have_value("a/b")  # who types a slash gets a slash
    assert seeker.complaints == []


def test_found_things_stand_by_kind_and_filters_stay_in_the_address(seeker: Visitor, county: Seeded) -> None:
    page = seeker.page
    seeker.go("/search?q=dock-03")
    expect(page.locator(".found h2")).to_have_text(["音像记录", "记录仪入仓"])
    clips, stays = page.locator(".found").nth(0), page.locator(".found").nth(1)
    expect(clips.locator(".hits li")).to_have_count(6)
    expect(clips.locator(".quiet").first).to_have_text("6 条")
    expect(stays.locator(".hits li")).to_have_count(3)
    page.select_option("#kind", "stay")
    expect(page.locator(".found h2")).to_have_text(["记录仪入仓"])
    assert "q=dock-03" in page.url and "kind=stay" in page.url
    page.fill("#from", "2001-01-01")
    page.fill("#to", "2001-01-02")
    page.click(".filters button")
    expect(page.locator(".empty")).to_contain_text("没有找到")
    page.get_by_role("link", name="清除筛选").click()
    expect(page.locator(".found")).to_have_count(2)
    assert seeker.complaints == []


def test_a_clip_is_found_by_the_beginning_of_its_digest_which_is_shown_then(seeker: Visitor, county: Seeded) -> None:
    digest = county.clips["film"]
    seeker.go(f"/search?q={digest[:12]}")
    expect(seeker.page.locator(".hits li")).to_have_count(1)
    expect(seeker.page.locator(".hits code")).to_have_text(digest)


def test_hostile_names_are_text_in_what_is_found(seeker: Visitor) -> None:
    page = seeker.page
    for asked in ("onerror", "alert 1", "img"):
        seeker.go(f"/search?q={asked}")
        expect(page.locator(".hits a").first).to_contain_text("<img src=x onerror=alert(1)>")
        assert page.locator("img[src='x']").count() == 0 and HOSTILE not in page.content()
    page.fill("#find", '"><script>alert(1)</script>')
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text('"><script>alert(1)</script>')
    expect(page.locator("#find")).to_have_value('"><script>alert(1)</script>')
    assert page.locator("main script").count() == 0
    assert seeker.complaints == []


def test_a_search_for_a_person_is_an_entry_of_the_log_and_its_words_are_not(seeker: Visitor, county: Seeded) -> None:
    async def searches() -> list[SearchMade]:
        query = select(entries.c.log_index, entries.c.envelope).where(entries.c.kind == "search.made")
        async with opened(county.config) as archive, archive.database.read() as conn:
            read = [read_entry(row.log_index, row.envelope) for row in await conn.execute(query)]
            return [e.statement.event for e in read if e.statement and isinstance(e.statement.event, SearchMade)]

    before = county.call(searches())
    seeker.go("/search?q=0001.MP4")
    assert county.call(searches()) == before, "no person was named"
    for _ in range(2):
        seeker.go("/search?q=210327+0001")
        expect(seeker.page.locator(".hits li")).to_have_count(1)
    new = county.call(searches())[len(before) :]
    assert [(each.kind, each.found, each.role) for each in new] == [("officer", 1, "auditor")]
    assert new[0].said is not None and new[0].person.startswith("person-")


def test_who_may_not_see_clips_has_no_box_and_no_page(county: Seeded, visit: New) -> None:
    name = "admin" + secrets.token_hex(3)
    admin = visit()
    admin.sign_in(name, county.account(name, Role.SYSTEM_ADMINISTRATOR))
    expect(admin.page.locator("#find")).to_have_count(0)
    admin.go("/search?q=mp4")
    expect(admin.page.locator("h1")).to_contain_text("您的角色不能查看此页")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 390])
def test_no_search_scrolls_sideways_or_complains(county: Seeded, visit: New, scheme: str, width: int) -> None:
    name = "look" + secrets.token_hex(3)
    visitor = visit(color_scheme=scheme, viewport={"width": width, "height": 768})
    visitor.sign_in(name, county.account(name, Role.AUDITOR))
    visitor.page.wait_for_url("**/clips")
    paths = [
        "/search",
        "/search?q=dock-03",
        "/search?q=zzz",
        f"/search?q={county.clips['film'][:10]}",
        "/clips",
        "/search?q=" + "x" * 300,
    ]
    for language in ("zh-CN", "en"):
        for path in paths:
            visitor.go(path)
            expect(visitor.page.locator("html")).to_have_attribute("lang", language)
            assert visitor.fits(), (language, path)
        if language == "zh-CN":
            visitor.english()
    expect(visitor.page.locator(".empty")).to_contain_text("Nothing was found")
    assert visitor.complaints == []
