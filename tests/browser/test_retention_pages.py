"""An archivist disposes of footage with a second person, in Chinese: what is held meanwhile stays, and the clip's page says what became of it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import PASSWORD, Loop, Seeded, Visitor
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.coverage import ListRow, Method
from liuhen_server.cases.lists import approve_list, draft_list, excuse, save_rows
from liuhen_server.people.accounts import add_person, set_password
from liuhen_server.people.passwords import PasswordWork
from liuhen_server.people.roles import Role
from liuhen_server.serve import running
from support.device import ANY_PORT
from support.footage import AGENCY, HANDLER, HEAD, Cabinet, Clock, cabinet_in

pytestmark = pytest.mark.xdist_group("browser")
New = Callable[..., Visitor]
PICTURES = os.environ.get("LIUHEN_PICTURES")  # a folder: what is looked at by people
PEOPLE = {
    "sunwen": ("孙文", Role.ARCHIVIST),
    "zhaomin": ("赵敏", Role.HEAD),
    "wangli": ("王丽", Role.REVIEWER),
    "zhoujian": ("周健", Role.JUSTICE_SUPERVISOR),
}
GONE, HELD, YOUNG = b"gone " * 5000, b"held " * 5000, b"young " * 5000


async def _county(cabinet: Cabinet, seeded: Seeded) -> None:
    """Ten months of a small agency: footage of long ago and of now, and cases that lack more or less of what they must have."""
    hashed = PasswordWork().hash_now(PASSWORD)
    async with cabinet.archive.database.write() as conn:
        for name, (shown, role) in PEOPLE.items():
            agency = None if role is Role.JUSTICE_SUPERVISOR else AGENCY
            roles, now = frozenset({role}), int(time.time())
            added = await add_person(
                conn, name=name, display_name=shown, roles=roles, one_time_hash=hashed, now=now, agency=agency
            )
            await set_password(conn, added.id, hashed)
    draft = await draft_list(cabinet.acts, HANDLER, AGENCY)
    rows = [
        ListRow(str(n), "penalty", what, Stage.INITIATION, Method.VIDEO, True)
        for n, what in enumerate(("立案现场", "现场检查全程"), 1)
    ]
    saved = await save_rows(cabinet.acts, HANDLER, draft.id, draft.edit, rows)
    await approve_list(cabinet.acts, HEAD, saved.id, saved.edit, cabinet.today, cabinet.today)
    for what, data in (("gone", GONE), ("held", HELD)):
        seeded.clips[what] = (await cabinet.clip(data)).sha256
    for month in range(9):
        for each in range(1 + month % 3):
            case = await cabinet.case()
            if (month + each) % 2 == 0:
                await excuse(cabinet.acts, HEAD, case.id, Stage.INITIATION, "1", "涉密场所不得录像")
        cabinet.clock.days_pass(31)
    seeded.clips["young"] = (await cabinet.clip(YOUNG)).sha256
    await cabinet.published()


async def _live(seeded: Future[Seeded], stop: asyncio.Event, folder: Path, loop: Loop) -> None:
    try:
        clock, county = Clock(datetime.now(UTC) - timedelta(days=300)), Seeded("", None, loop.call)  # type: ignore[arg-type]
        async with cabinet_in(folder, f"sqlite:///{folder / 'archive.db'}", clock) as cabinet:
            await _county(cabinet, county)
            config = replace(cabinet.archive.config, devices=ANY_PORT, people=ANY_PORT, sequence_seconds=0.05)
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
    folder = tmp_path_factory.mktemp("retention") / "archive"
    life = asyncio.run_coroutine_threadsafe(_live(seeded, stop, folder, loop), loop.loop)
    try:
        yield seeded.result(60)
    finally:
        loop.loop.call_soon_threadsafe(stop.set)
        life.result(60)
        loop.close()


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES, name + ".png")), full_page=True)


def until_said(page: Page, text: str) -> None:
    """Looks again and again: the archive does it in its own time."""
    end = time.monotonic() + 60
    while page.get_by_text(text).count() == 0:
        assert time.monotonic() < end, f"never said: {text}"
        page.reload()


def enter(visit: New, name: str, **options: object) -> Visitor:
    visitor = visit(**options)
    visitor.sign_in(name, PASSWORD)
    visitor.page.wait_for_url(lambda url: "/sign-in" not in url)
    return visitor


def test_an_archivist_disposes_with_a_second_person(county: Seeded, visit: New) -> None:
    archivist, head = enter(visit, "sunwen"), enter(visit, "zhaomin")
    page = archivist.page
    archivist.go("/retention")
    picture(page, "retention-empty")
    page.get_by_role("button", name="编制待处置清单").click()
    expect(page.get_by_role("heading", name="第 1 号处置清单")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.get_by_text("您编制了这份清单，须由另一人批准。")).to_be_visible()
    expect(page.get_by_role("button", name="批准处置")).to_have_count(0)
    picture(page, "disposal-drawn")

    reviewer = enter(visit, "wangli")
    reviewer.go(county.address("held"))
    expect(reviewer.page.get_by_text("可列入待处置清单")).to_be_visible()
    reviewer.page.get_by_text("暂停处置", exact=True).first.click()
    reviewer.page.select_option("#ground", "complaint")
    reviewer.page.fill("#hold-reason", "当事人投诉，尚在核查")
    reviewer.page.get_by_role("button", name="暂停处置").click()
    expect(reviewer.page.get_by_text("当事人投诉，尚在核查")).to_be_visible()
    picture(reviewer.page, "clip-held")

    head.go(page.url.removeprefix(county.url))
    picture(head.page, "disposal-to-approve")
    head.page.get_by_role("button", name="批准处置").click()
    expect(head.page.get_by_text("已移出：暂停处置")).to_be_visible()
    expect(head.page.locator("tbody").get_by_text("已处置", exact=True)).to_have_count(1)
    picture(head.page, "disposal-approved")
    head.page.get_by_role("button", name="批准处置")
    expect(head.page.get_by_role("button", name="批准处置")).to_have_count(0)

    archivist.go(county.address("gone"))
    expect(page.locator(".sentence")).to_contain_text("依第 1 号处置清单处置：孙文编制，赵敏批准")
    expect(page.get_by_text("字节不再提供")).to_be_visible()
    expect(page.locator("video")).to_have_count(0)
    until_said(page, "字节已于")
    assert not county.stored("gone").exists() and county.stored("held").exists() and county.stored("young").exists()
    expect(page.locator(".timeline")).to_contain_text("处置")
    picture(page, "clip-disposed")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载证明").click()
    assert b"c2sp.org/tlog-proof@v1" in Path(download.value.path()).read_bytes()
    assert page.request.get(county.address("gone") + "/original").status == 410
    assert archivist.complaints == [] and head.complaints == [] and reviewer.complaints == []


def test_a_table_below_the_floor_is_refused_with_what_was_typed(county: Seeded, visit: New) -> None:
    archivist, head = enter(visit, "sunwen"), enter(visit, "zhaomin")
    page = archivist.page
    archivist.go("/retention/terms")
    page.get_by_role("button", name="拟新版期限表").click()
    page.fill("#unlinked_days", "90")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_role("alert")).to_contain_text("至少保存 180 天")
    expect(page.locator("#unlinked_days")).to_have_value("90")
    page.fill("#unlinked_days", "365")
    page.select_option("select[name=enforcement] >> nth=0", "penalty")
    page.select_option("select[name=years] >> nth=0", "ever")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.locator("#unlinked_days")).to_have_value("365")
    picture(page, "terms-draft")
    head.go(page.url.removeprefix(county.url))
    head.page.get_by_role("button", name="批准并生效").click()
    expect(head.page.get_by_text("现行")).to_be_visible()
    picture(head.page, "terms")
    archivist.go(county.address("young"))
    expect(page.get_by_text("保存至")).to_be_visible()


def test_coverage_by_month_opens_the_cases_behind_each_figure(county: Seeded, visit: New) -> None:
    head, justice = enter(visit, "zhaomin"), enter(visit, "zhoujian")
    head.go("/cases")
    head.page.get_by_role("link", name="记录覆盖率").click()
    expect(head.page.get_by_role("img", name="市监局各月")).to_have_count(0)
    expect(head.page.locator("svg.coverage-chart rect.missing").first).to_be_visible()
    picture(head.page, "coverage")
    row = head.page.locator("tbody tr").nth(1)
    missing = row.locator("td").nth(4)
    figure = missing.inner_text()
    missing.get_by_role("link").click()
    assert head.page.locator("tbody li").count() == int(figure)
    picture(head.page, "coverage-cases")
    justice.go("/coverage")
    expect(justice.page.get_by_role("heading", name="市场监管局")).to_be_visible()
    assert justice.page.request.get(county.url + "/retention").status == 200


@pytest.mark.parametrize("look", ["phone", "dark", "english"])
def test_retention_fits_every_screen(county: Seeded, visit: New, look: str) -> None:
    looks: dict[str, dict[str, object]] = {
        "phone": {"viewport": {"width": 390, "height": 800}},
        "dark": {"color_scheme": "dark"},
    }
    options = looks.get(look, {})
    archivist = enter(visit, "sunwen", **options)
    if look == "english":
        archivist.english()
    for path in ("/retention", "/retention/lists/1", "/retention/terms", "/coverage", county.address("young")):
        archivist.go(path)
        assert archivist.fits(), path
        picture(archivist.page, f"{look}-{path.removeprefix(county.url).strip('/').replace('/', '-')[:30]}")
    assert archivist.complaints == []
