"""The player of the clip page in a real browser: what it plays it has verified, and what does not hold it does not play."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from browser.conftest import FOOTAGE, Seeded, Visitor, living, remuxed
from liuhen_protocol.digest import CHUNK_SIZE, digest_of
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import ClipDerived, RecorderClockSet, RecorderDocked, RecorderIdentity, RecorderUndocked
from liuhen_protocol.policy import Policy
from liuhen_protocol.proof import TlogProof, split_proofs
from liuhen_protocol.statement import Subject, read_statement
from liuhen_server.people.roles import Role
from support.device import TestDock

pytestmark = pytest.mark.xdist_group("film")
New = Callable[..., Visitor]
SESSION = "s-20261120"
READY = """() => new Promise(done => {
    const video = document.querySelector('video');
    const look = () => { if (video.readyState >= 2) done(); };
    for (const event of ['loadeddata', 'canplay']) video.addEventListener(event, look);
    look();
})"""
STOPPED = """() => {
    const video = document.querySelector('video');
    return video.paused && video.readyState < 3;
}"""
PLAYED = """() => new Promise(done => {
    const video = document.querySelector('video');
    video.muted = true;
    video.addEventListener('ended', () => done(video.currentTime));
    video.play();
})"""


def _made(folder: Path, seconds: int) -> bytes:
    """Footage of some 6 Mbit/s in groups of one second, packed as recorders that browsers can play pack it.

    By one thread: several share out the bits by who is first, and a busy machine then puts other seconds at other bytes.
    """
    target = folder / "made.mp4"
    source = f"testsrc2=size=640x360:rate=10:duration={seconds},noise=alls=40:allf=t"
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "6M", "-maxrate", "6M", "-bufsize", "1M", "-g", "10"]
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", source, *coding]
    subprocess.run(
        [*command, "-threads", "1", "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(target)], check=True
    )
    return target.read_bytes()


async def _seed(county: Seeded, folder: Path, dock: TestDock) -> None:
    bunny = (FOOTAGE / "bigbuckbunny.mp4").read_bytes()
    made = _made(folder, 8)
    name = "0000127_210327{}_{:04d}.MP4"
    footage = {
        "film": (name.format("20261120180211", 1), bunny),
        "long": (name.format("20261120181733", 2), made),
        "damaged": (name.format("20261120183305", 3), made + b"free"),
        "other": (name.format("20261120184841", 4), made + b"skip"),
    }
    recorder = RecorderIdentity("0000127", "210327", "市场监管局", "DSJ-A9", "1.4.2", "0000127")
    docked = RecorderDocked(SESSION, "1", recorder, "dsj-a9", "B", "image", "2026-11-20 18:59:57", -3200, 64, False)
    clock_set = RecorderClockSet(SESSION, "0000127", "2026-11-20 18:59:57", "2026-11-20 19:00:00", -3200)
    async with dock.connected():
        await dock.send(dock.seal(docked), dock.seal(clock_set))
        for what, (file, data) in footage.items():
            county.clips[what] = digest_of(data).sha256
            clip = {"session": SESSION, "recorder": "0000127", "officer": "210327", "path": f"DCIM/{file}"}
            await dock.send(dock.collected(data, file, recorder_time="2026-11-20T18:02:11", **clip))
            await dock.upload(data)
        proxy = remuxed(FOOTAGE / "bigbuckbunny.mp4", folder)
        digest = digest_of(proxy)
        county.clips["proxy"] = digest.sha256
        film = county.clips["film"]
        derived = ClipDerived(film, "proxy", "video/mp4", "remux", "ffmpeg 5.1.9", digest.size, digest.chunk_root)
        await dock.send(dock.seal(derived, subject=Subject("proxy.mp4", digest.sha256)))
        await dock.upload(proxy)
        await dock.send(dock.seal(RecorderUndocked(SESSION, "0000127", False, "ready")))
        for sha256 in county.clips.values():
            assert await dock.receipt(sha256), "the log has published it"


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with living(tmp_path_factory.mktemp("films"), _seed) as seeded:
        yield seeded


def test_film_plays_to_its_end_and_its_bar_fills_green(reviewer: Visitor) -> None:
    page = reviewer.page
    reviewer.go(reviewer.county.address("long"))
    expect(page.locator("[data-mark]")).to_have_text("● 成立")
    expect(page.locator("[data-said]")).to_contain_text("1 个见证方联署")
    assert page.evaluate(PLAYED) > 7
    chunks = -(-reviewer.county.stored("long").stat().st_size // CHUNK_SIZE)
    assert chunks > 4
    expect(page.locator("[data-progress]")).to_contain_text(f"{chunks} / {chunks}")
    expect(page.locator("[data-bar] rect")).to_have_count(1)
    expect(page.locator("[data-bar] rect.holds")).to_have_attribute("width", str(chunks))
    assert reviewer.complaints == []


def test_proxy_plays_at_once_and_says_that_it_is_a_derivative_and_the_original_plays_on_demand(
    reviewer: Visitor,
) -> None:
    page = reviewer.page
    reviewer.go(reviewer.county.address("film"))
    expect(page.locator("[data-mark]")).to_have_text("● 成立")
    expect(page.locator("[data-about]")).to_contain_text("这是派生件")
    expect(page.locator("[data-which=proxy]")).to_have_attribute("aria-pressed", "true")
    assert "/verified/proxy" in page.locator("video").evaluate("video => video.src")
    page.locator("[data-which=original]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-about]")).to_contain_text("这是原始文件")
    expect(page.locator("[data-mark]")).to_have_text("● 成立")
    page.evaluate(READY)
    assert "/verified/original" in page.locator("video").evaluate("video => video.src")
    reviewer.english()
    expect(page.locator("[data-about]")).to_contain_text("This is a derivative")
    expect(page.locator("[data-said]")).to_contain_text("cosigned by 1 witnesses")
    assert reviewer.complaints == []


def _damaged(county: Seeded) -> int:
    """The stored clip with other bytes in its fourth chunk; the number of its chunks."""
    stored = county.stored("damaged")
    data = bytearray(stored.read_bytes())
    data[3 * CHUNK_SIZE + 4 : 3 * CHUNK_SIZE + 8] = b"\x00\xff\x00\xff"
    stored.chmod(0o600)
    stored.write_bytes(data)
    return -(-len(data) // CHUNK_SIZE)


def test_flipped_byte_turns_exactly_its_range_red_and_is_not_played(reviewer: Visitor) -> None:
    """The attack: someone with the archive's disk changes one byte in the middle of a stored clip."""
    county, page = reviewer.county, reviewer.page
    chunks = _damaged(county)
    reviewer.go(county.address("damaged"))
    expect(page.locator(".finding")).to_have_class("finding broken")
    page.evaluate(READY)
    page.evaluate("document.querySelector('video').muted = true")
    page.evaluate("document.querySelector('video').play()")
    said = "文件 3–4 MiB 处被改动，不予播放"
    # some seconds of the film come before it
    expect(page.locator("[data-stopped]")).to_contain_text(said, timeout=30_000)
    page.wait_for_function(STOPPED)
    assert 2 < page.evaluate("document.querySelector('video').currentTime") < 6
    expect(page.locator("[data-mark]")).to_have_text("■ 不成立")
    red = page.locator("[data-bar] rect.broken")
    expect(red).to_have_count(1)
    expect(red).to_have_attribute("x", "3")
    expect(red).to_have_attribute("width", "1")
    page.locator("[data-verify-all]").click()
    expect(page.locator("[data-progress]")).to_contain_text(f"{chunks - 1} / {chunks}")
    expect(page.locator("[data-bar] rect")).to_have_count(3)
    # It goes on behind the damage, where the bytes hold: the last second's group lies in the last chunk.
    duration = page.evaluate("document.querySelector('video').duration")
    page.evaluate("to => { document.querySelector('video').currentTime = to; }", duration - 0.8)
    assert page.evaluate(PLAYED) > duration - 0.5
    assert reviewer.complaints == []


def test_player_moved_behind_damage_plays_on_however_late_its_bytes_come(reviewer: Visitor) -> None:
    """Moved, it asks once more for the place it left: those bytes break, and the ones that hold come seconds later."""
    page = reviewer.page
    _damaged(reviewer.county)

    def late(route: Route) -> None:
        if route.request.headers["range"].startswith("bytes=4194304-"):
            page.wait_for_timeout(1_000)
        route.continue_()

    page.route("**/film/original", late)
    reviewer.go(reviewer.county.address("damaged"))
    page.evaluate(READY)
    # what the player reads ahead has reached the damage
    expect(page.locator("[data-bar] rect.broken")).to_have_count(1)
    duration = page.evaluate("document.querySelector('video').duration")
    page.evaluate("to => { document.querySelector('video').currentTime = to; }", duration - 0.8)
    assert page.evaluate(PLAYED) > duration - 0.5
    expect(page.locator("[data-stopped]")).to_be_hidden()


def _altered(page: Page, address: str, change: Callable[[bytes], bytes]) -> None:
    """Whoever stands between the archive's evidence and the page alters it."""

    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=change(response.body()))

    page.route(address, answer)


def _instead(other: bytes, body: bytes) -> bytes:
    return other


def _with_entry(bundle: bytes, kind: str, change: Callable[[Envelope], Envelope]) -> bytes:
    """The bundle with the entry of this kind changed, everything else as it was."""
    proofs = [TlogProof.parse(one) for one in split_proofs(bundle)]
    changed = []
    for proof in proofs:
        envelope = Envelope.parse(proof.extra or b"")
        is_it = read_statement(envelope.payload).kind == kind
        changed.append(replace(proof, extra=change(envelope).encode()) if is_it else proof)
    return b"".join(proof.encode() for proof in changed)


def _resigned(envelope: Envelope) -> Envelope:
    return replace(envelope, signature=bytes([envelope.signature[0] ^ 1]) + envelope.signature[1:])


def _with_proof_of_another(bundle: bytes) -> bytes:
    proofs = [TlogProof.parse(one) for one in split_proofs(bundle)]
    swapped = [replace(proofs[0], extra=proofs[1].extra), *proofs[1:]]
    return b"".join(proof.encode() for proof in swapped)


def _refused(visitor: Visitor, why: str) -> None:
    expect(visitor.page.locator("[data-mark]")).to_have_text("■ 不成立")
    expect(visitor.page.locator("[data-said]")).to_contain_text(why)
    assert visitor.page.locator("video").get_attribute("src") is None, "nothing is played"
    expect(visitor.page.locator("[data-bar] rect")).to_have_count(0)


def test_forged_list_of_leaves_is_refused(reviewer: Visitor) -> None:
    _altered(reviewer.page, "**/film/original/leaves", lambda body: bytes([body[0] ^ 1]) + body[1:])
    reviewer.go(reviewer.county.address("long"))
    _refused(reviewer, "分块校验值与签名的根不一致")


@pytest.mark.parametrize("kind", ["clip.collected", "clip.stored", "archive.started"])
def test_wrong_signature_is_refused(reviewer: Visitor, kind: str) -> None:
    def change(body: bytes) -> bytes:
        return _with_entry(body, kind, lambda envelope: _resigned(envelope))

    _altered(reviewer.page, "**/film/original/proofs", change)
    reviewer.go(reviewer.county.address("long"))
    _refused(reviewer, "签名无效")


def test_statement_of_another_clip_is_refused(reviewer: Visitor) -> None:
    """Everything of it is true, but it speaks of other bytes; also where the list of leaves and the bytes are the other's."""
    page, county = reviewer.page, reviewer.county
    for part in ("proofs", "leaves"):
        true = page.request.get(f"{county.address('other')}/film/original/{part}").body()
        _altered(page, f"**/{county.clips['long']}/film/original/{part}", partial(_instead, true))
    reviewer.go(county.address("long"))
    _refused(reviewer, "另一个文件")


def test_statement_that_is_not_in_the_log_is_refused(reviewer: Visitor) -> None:
    """Signed by the dock's own key, and never logged: the proof of another entry stands under it."""
    _altered(reviewer.page, "**/film/original/proofs", lambda body: _with_proof_of_another(body))
    reviewer.go(reviewer.county.address("long"))
    _refused(reviewer, "收录证明不成立")


def test_bytes_altered_on_the_way_are_not_played(reviewer: Visitor) -> None:
    page = reviewer.page
    _altered(page, "**/film/original", lambda body: bytes([body[0] ^ 1]) + body[1:])
    reviewer.go(reviewer.county.address("long"))
    expect(page.locator("[data-mark]")).to_have_text("■ 不成立")
    expect(page.locator("[data-stopped]")).to_contain_text("播放停在 00:00")
    expect(page.locator("[data-bar] rect.broken")).to_have_attribute("x", "0")
    assert page.evaluate("document.querySelector('video').readyState") == 0


NO_ED25519 = "crypto.subtle.importKey = () => Promise.reject(new DOMException('no', 'NotSupportedError'));"
YES_TO_ALL = "crypto.subtle.verify = () => Promise.resolve(true);"
NO_WORKER = "delete Navigator.prototype.serviceWorker;"


@pytest.mark.parametrize(
    ("browser", "why"),
    [(NO_ED25519, "不能核验 Ed25519"), (YES_TO_ALL, "不能核验 Ed25519"), (NO_WORKER, "不允许逐块核验")],
    ids=["no-ed25519", "yes-to-all", "no-worker"],
)
def test_browser_that_cannot_verify_says_so_and_marks_nothing_as_verified(
    reviewer: Visitor, browser: str, why: str
) -> None:
    page = reviewer.page
    page.add_init_script(browser)
    reviewer.go(reviewer.county.address("film"))
    expect(page.locator("[data-mark]")).to_have_text("▲ 待定")
    expect(page.locator("[data-said]")).to_contain_text(why)
    expect(page.locator("[data-said]")).to_contain_text("未经本浏览器核验")
    page.evaluate(READY)
    expect(page.locator("[data-bar] rect")).to_have_count(0)


def test_verified_address_is_nowhere_but_in_the_browser(reviewer: Visitor) -> None:
    """Whatever happens to the worker, the archive itself answers nothing there that could pass for verified."""
    address = reviewer.county.address("film")
    assert reviewer.page.request.get(f"{address}/film/proxy").status == 200
    assert reviewer.page.request.get(f"{address}/verified/proxy").status == 404


def test_auditor_gets_neither_leaves_nor_bytes(county: Seeded, visit: New) -> None:
    visitor = visit()
    visitor.sign_in("audit", county.account("audit", Role.AUDITOR, "李审计"))
    visitor.page.wait_for_url("**/clips")
    for part in ("", "/leaves", "/proofs"):
        assert visitor.page.request.get(f"{county.address('film')}/film/proxy{part}").status == 403


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 390])
def test_no_width_scrolls_sideways(county: Seeded, visit: New, scheme: str, width: int) -> None:
    name = f"look{scheme}{width}"
    visitor = visit(color_scheme=scheme, viewport={"width": width, "height": 768})
    visitor.sign_in(name, county.account(name, Role.REVIEWER))
    visitor.page.wait_for_url("**/todo")
    for language in ("zh-CN", "en"):
        visitor.go(county.address("long"))
        expect(visitor.page.locator("html")).to_have_attribute("lang", language)
        expect(visitor.page.locator("[data-mark]")).to_have_text(re.compile("^●"))
        assert visitor.fits(), language
        if language == "zh-CN":
            visitor.english()
    assert visitor.complaints == []


def test_each_event_of_custody_has_its_proof_one_click_away(reviewer: Visitor, tmp_path: Path) -> None:
    page = reviewer.page
    reviewer.go(reviewer.county.address("film"))
    row = page.locator(".timeline li", has_text="采集").filter(has_text="_0001.MP4").first
    row.get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text("采集")
    expect(page.locator("pre").first).to_contain_text(
        '"predicateType": "https://liuhen.example/custody/v1/clip.collected"'
    )
    expect(page.locator("main")).to_contain_text("ntp，±")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载证明").click()
    download.value.save_as(tmp_path / "proof")
    proof = TlogProof.parse((tmp_path / "proof").read_bytes())
    assert proof.extra is not None
    assert read_statement(Envelope.parse(proof.extra).payload).subject.sha256 == reviewer.county.clips["film"]
    policy = Policy.parse(page.request.get(reviewer.county.url + "/policy").text())
    assert proof.check(proof.extra, policy).cosigned, "it stands under a checkpoint that a witness cosigned"
    assert reviewer.fits()
    other = page.request.get(f"{reviewer.county.address('film')}/entries/0")
    assert other.status == 404, "an entry that is not of this clip's custody is not shown by way of it"
    assert reviewer.complaints == []


def test_page_tells_how_far_the_clock_was_off_and_says_it_in_both_languages(reviewer: Visitor) -> None:
    page = reviewer.page
    reviewer.go(reviewer.county.address("film"))
    expect(page.locator(".facts")).to_contain_text("慢 3.2 秒（采集站时钟 ntp，±")
    expect(page.locator(".facts")).to_contain_text("按采集站时钟约为 2026-11-20 18:02:14")
    expect(page.locator(".facts")).to_contain_text("没有位置数据")
    expect(page.locator(".sentence")).to_contain_text("之后未被改动")
    expect(page.locator(".other-sentence")).to_contain_text("it has not been altered since")
    reviewer.english()
    expect(page.locator(".facts")).to_contain_text("3.2 s slow")
    expect(page.locator(".other-sentence")).to_contain_text("之后未被改动")


def test_what_people_say_of_a_clip_is_written_down_beside_its_time_and_only_its_digest_is_logged(
    county: Seeded, reviewer: Visitor
) -> None:
    page, said = reviewer.page, "此处当事人开始陈述 <b>&"
    reviewer.go(county.address("other"))
    page.evaluate(READY)
    page.evaluate("document.querySelector('video').currentTime = 2.5")
    page.locator("body").press("m")
    expect(page.locator("#words")).to_be_focused()
    expect(page.locator("#at")).to_have_value("00:02.5")
    page.keyboard.insert_text(said)
    page.select_option("#kind", "break")
    page.locator(".marks button.primary").click()
    row = page.locator(".marks li")
    expect(row).to_contain_text(f"中断 {said}")
    expect(page.locator("[data-ticks] line.break")).to_have_count(1)
    row.get_by_role("button").click()
    assert page.evaluate("document.querySelector('video').currentTime") == 2.5
    expect(page.locator(".timeline")).to_contain_text("中断，00:02.5，person-")
    row.get_by_role("link").click()
    expect(page.locator("pre").first).to_contain_text('"kind": "break"')
    expect(page.locator("pre").first).not_to_contain_text("当事人")
    for field, wrong in (("at", "later"), ("words", " ")):
        reviewer.go(county.address("other"))
        page.locator(".marks summary").click()
        page.fill("#words", said)
        page.fill(f"#{field}", wrong)
        with page.expect_response("**/marks") as answer:
            page.locator(".marks button.primary").click()
        assert answer.value.status == 400
    reviewer.go(county.address("other"))
    expect(page.locator(".marks li")).to_have_count(1)
    assert [one for one in reviewer.complaints if "400" not in one] == []
