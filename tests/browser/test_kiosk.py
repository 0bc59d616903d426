"""The officer's screen in a real browser at the size of the real screen: nothing is cut off, it is live, and it says when it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Loop
from liuhen_agent.bay import State
from liuhen_agent.kiosk import words
from liuhen_agent.progress import BayView, DockView, RefusedView, UploadsView
from support import screen as world
from support.screen import EMPTY, FAILED, READING, READY, STORING, UNKNOWN, UNKNOWN_DONE, RunningScreen, at, dock

pytestmark = pytest.mark.xdist_group("browser")
LONG = replace(READING, collected=112, files=231, seconds_left=20_000, officer="", recorder="DSJ-ABCDEFGH-0000127")
FOUR = dock(READING, at(2, READY), EMPTY[2], at(4, UNKNOWN))
OTHER_FOUR = dock(STORING, at(2, FAILED), at(3, UNKNOWN_DONE), at(4, LONG), archive=False, clock="unsynchronised")
EIGHT = dock(
    *(
        at(bay, view)
        for bay, view in enumerate((READING, READY, EMPTY[2], UNKNOWN, FAILED, STORING, LONG, UNKNOWN_DONE), 1)
    )
)
TWO = dock(READING, at(2, READY))
WAITING = replace(LONG, collected=0, read_bytes=0, unsent=0, seconds_left=None)
BUSY = dock(
    *(
        at(bay, replace(WAITING, state=state))
        for bay, state in enumerate(State, 1)
        if state not in (State.ABSENT, State.READY)
    )
)
HELD = replace(STORING, held_until="22:00", seconds_left=None)
CLOSED = UploadsView("22:00", "06:00", "Asia/Shanghai", open=False)
STATES = {
    "empty": dock(*EMPTY),
    "four": FOUR,
    "other": OTHER_FOUR,
    "eight": EIGHT,
    "two": TWO,
    "busy": replace(BUSY, bays=BUSY.bays[:8]),
    "held, two": dock(HELD, at(2, HELD), uploads=CLOSED),
    "held, four": dock(HELD, at(2, replace(HELD, state=State.COLLECTING)), *EMPTY[2:], uploads=CLOSED),
    "held, eight": dock(*(at(bay, HELD) for bay in range(1, 9)), uploads=CLOSED),
    "limited": dock(READING, uploads=UploadsView(mbit=100_000)),
    "ending": replace(BUSY, bays=BUSY.bays[-8:]),
}
CUT_OFF = """() => [...document.querySelectorAll('.tile, .top, footer, main, .message, .alarm .zh, .hold, .title, .left, .do, .what')]
    .filter(element => element.offsetParent && !element.hidden)
    .filter(element => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline'
        || element.matches('.tile, main, .message') && element.scrollHeight > element.clientHeight + 1)
    .map(element => [element.closest('.tile')?.textContent, element.className, element.scrollWidth, element.clientWidth])"""


@dataclass
class Wall:
    """The screen's server and a browser in front of it."""

    running: RunningScreen
    loop: Loop
    page: Page
    complaints: list[str] = field(default_factory=list)

    def show(self, view: DockView) -> None:
        self.running.write(view)


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def wall(tmp_path: Path, loop: Loop, chromium: Browser) -> Iterator[Callable[..., Wall]]:
    """A new one with a first view; the console must stay empty, so the content policy is kept too."""
    walls: list[Wall] = []
    loop.call(world.seed(tmp_path))
    running = RunningScreen(tmp_path)
    running.write(STATES["empty"])
    loop.call(running.start())

    def new(view: DockView, scheme: str = "light", motion: str = "no-preference") -> Wall:
        running.write(view)
        options = {"viewport": {"width": 1024, "height": 600}, "color_scheme": scheme, "reduced_motion": motion}
        context = chromium.new_context(**options)  # type: ignore[arg-type]
        context.set_default_timeout(20_000)
        made = Wall(running, loop, context.new_page())
        made.page.on("console", lambda m: made.complaints.append(m.text) if m.type in ("error", "warning") else None)
        made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
        made.page.goto(running.url)
        walls.append(made)
        return made

    yield new
    for made in walls:
        made.page.context.close()
    loop.call(running.stop())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_fits_the_seven_inch_screen_with_nothing_cut_off(wall: Callable[..., Wall], scheme: str) -> None:
    here = wall(STATES["empty"], scheme)
    for name, view in STATES.items():
        here.show(view)
        here.page.goto(here.running.url)
        expect(here.page.locator(".tile")).to_have_count(len(view.bays))
        assert here.page.evaluate(CUT_OFF) == [], name
        size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        assert here.page.evaluate(size) == [1024, 600], name
    assert here.complaints == []


@pytest.mark.parametrize("bays", [4, 8])
def test_every_sentence_for_the_officer_fits_its_tile(wall: Callable[..., Wall], bays: int) -> None:
    """Whatever goes wrong, in as many bays at once as there are: the step to take is larger than all that is said beside it."""
    here = wall(STATES["empty"])
    page = here.page
    codes = [code for code, advice in words.CODES.items() if len(advice.what.zh) <= 10 and len(advice.do.zh) <= 10]
    refused = [code for code in codes if code.startswith("refused-") and code != "refused-unknown-port"]
    failed = [code for code in codes if not code.startswith("refused-")]
    assert len(refused) > 10 and len(failed) > 20
    for start in range(0, len(failed), bays):
        here.show(
            dock(*(at(bay, replace(FAILED, code=code)) for bay, code in enumerate(failed[start : start + bays], 1)))
        )
        expect(page.locator(".do").first).to_contain_text(words.CODES[failed[start]].do.zh)
        expect(page.locator(".what").first).to_contain_text(words.CODES[failed[start]].what.zh)
        assert page.evaluate(CUT_OFF) == [], failed[start : start + bays]
    for start in range(0, len(refused), bays):
        some = list(enumerate(refused[start : start + bays], 1))
        views = [BayView(str(bay)) for bay in range(1, bays + 1)]
        here.show(dock(*views, refused=tuple(RefusedView(f"1-{bay}", str(bay), code) for bay, code in some)))
        expect(page.locator(".title").first).to_contain_text(words.CODES[refused[start]].what.zh)
        assert page.evaluate(CUT_OFF) == [], some
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert page.locator(".do").first.evaluate(size) >= 26


@pytest.mark.parametrize("name", ["four", "eight"])
def test_numbers_are_read_from_two_metres_and_every_state_has_a_shape_and_a_word(
    wall: Callable[..., Wall], name: str
) -> None:
    page = wall(STATES[name]).page
    expect(page.locator(".tile").first).to_contain_text("12/31")
    sizes = """() => [...document.querySelectorAll('.clips b, .percent, .left .zh b')].filter(e => e.offsetParent && e.textContent)
        .map(e => parseFloat(getComputedStyle(e).fontSize))"""
    found = page.evaluate(sizes)
    assert len(found) >= 5 and min(found) >= 48
    for tile in page.locator('.tile:not([data-kind="empty"])').all():
        assert tile.locator(".mark").evaluate("e => e.textContent || e.classList.contains('ring')")
        assert tile.locator(".title .zh").inner_text() and tile.locator(".title .en").text_content()
    assert page.locator(".clips b").first.evaluate("e => getComputedStyle(e).fontVariantNumeric") == "tabular-nums"


def test_the_screen_is_live_without_loading_anew(wall: Callable[..., Wall]) -> None:
    here = wall(dock(READING))
    page = here.page
    expect(page.locator(".hold")).to_contain_text("请勿拔出")
    page.evaluate("window.same = true")
    here.show(dock(READY))
    expect(page.locator(".title")).to_contain_text("可以取走")
    expect(page.locator(".title")).to_contain_text("Safe to take")
    expect(page.locator(".hold")).to_be_hidden()
    here.show(dock(READY, running=False))
    expect(page.locator(".message")).to_contain_text("采集站未在工作")
    expect(page.locator("main")).to_be_hidden()
    here.show(dock(READING))
    expect(page.locator(".title")).to_contain_text("采集中")
    assert page.evaluate("window.same") is True


def test_outside_the_upload_hours_each_tile_and_the_last_line_say_when_they_begin(wall: Callable[..., Wall]) -> None:
    page = wall(STATES["held, eight"]).page
    expect(page.locator(".tile .what").last).to_contain_text("22:00 开始上传")
    expect(page.locator("footer")).to_contain_text("上传时段 22:00–06:00，22:00 开始上传")
    assert page.locator("footer p").last.evaluate("e => e.getBoundingClientRect().right") <= 1024


def test_a_lost_connection_is_said_and_comes_back_by_itself(wall: Callable[..., Wall]) -> None:
    here = wall(dock(READING))
    page = here.page
    expect(page.locator(".tile")).to_have_count(1)
    page.evaluate("window.same = true")
    here.loop.call(here.running.stop())
    expect(page.locator(".message")).to_contain_text("连接中断")
    here.show(dock(READY))
    here.loop.call(here.running.start())
    expect(page.locator(".title")).to_contain_text("可以取走")
    expect(page.locator(".message")).to_be_hidden()
    assert page.evaluate("window.same") is True


def test_an_alarm_stands_in_place_of_the_figures(wall: Callable[..., Wall]) -> None:
    here = wall(dock(READING))
    expect(here.page.locator("footer")).to_contain_text("今日 6 段 · 2.4 GB · 4 段有回执")
    expect(here.page.locator("footer")).to_contain_text("待传 2 段")
    here.loop.call(world.raise_alarm(here.running.data_dir, "disk-full"))
    alarm = here.page.locator(".alarm")
    expect(alarm).to_contain_text("采集站磁盘已满")
    expect(alarm.locator(".en")).to_contain_text("call the administrator")
    assert alarm.locator(".en").evaluate("e => e.scrollWidth <= e.clientWidth"), "the English is not cut off either"
    assert here.page.evaluate(CUT_OFF) == []


def test_what_a_recorder_calls_itself_is_text(wall: Callable[..., Wall]) -> None:
    here = wall(dock(replace(READING, officer="", recorder="<img src=x onerror=alert(1)>")))
    expect(here.page.locator(".who")).to_have_text("<img src=x onerror=alert(1)>")
    assert here.page.locator("img").count() == 0 and here.complaints == []


def test_nothing_moves_for_those_who_ask_for_that_and_nothing_takes_the_focus(wall: Callable[..., Wall]) -> None:
    page = wall(dock(READING), motion="reduce").page
    expect(page.locator(".ring")).to_be_visible()
    assert page.locator(".ring").evaluate("e => getComputedStyle(e).animationName") == "none"
    for _ in range(5):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement === document.body")
