"""What other collection systems are known to have got wrong: each of it is a test, here or where the table says.

The tests below go through a whole dock; its archive is the stand-in of `support.dock_alone` where receipts do not matter.
"""

from __future__ import annotations

import ast
import asyncio
import os
import pty
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from liuhen_agent.bay import State
from liuhen_agent.detect import Bay
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.proxy import ProxyFailed, ProxyLimits
from liuhen_agent.proxy.make import make_proxy
from liuhen_agent.recorders.volume import open_volume
from liuhen_agent.simulate.footage import CardFile
from liuhen_agent.simulate.images import build_image
from liuhen_protocol.events import ClipCollected, RecorderDocked, RecorderUndocked
from support import dock_alone
from support.dock_at_work import said

TESTS = Path(__file__).resolve().parents[1]
HERE = "attacks/test_what_the_peers_got_wrong.py"
BAD_CARDS, DOCK, VOLUME = (
    "attacks/test_bad_input_recorder.py",
    "unit/agent_core/test_dock.py",
    "unit/agent_recorders/test_volume_hostile.py",
)
KEPT, FAR, MAIN = (
    "attacks/test_recorder_is_kept.py",
    "end_to_end/test_faults_on_the_way.py",
    "end_to_end/test_main_job.py",
)

WRONG: dict[str, tuple[tuple[str, str], ...]] = {
    "the source was deleted although the copy failed": (
        (BAD_CARDS, "test_a_clip_whose_chain_loops_is_said_and_the_card_is_kept"),
        ("unit/agent_sync/test_rules.py", "test_one_file_that_is_not_proved_keeps_the_whole_recorder"),
    ),
    "two clips of one second overwrote each other": (
        (BAD_CARDS, "test_clips_of_one_second_of_one_name_and_of_nobody_are_all_kept"),
    ),
    "an existing name was taken for a duplicate without comparing bytes": (
        (HERE, "test_a_name_that_was_collected_before_with_other_bytes_is_another_clip"),
    ),
    "the original name and time were lost by renaming": (
        (HERE, "test_the_name_and_the_times_are_those_of_the_recorder"),
        (BAD_CARDS, "test_any_name_goes_from_the_card_to_the_page_and_its_bytes_are_recoverable"),
    ),
    "the officer was taken from the first file only": (
        (HERE, "test_each_clip_has_its_own_officer"),
        (DOCK, "test_a_clip_without_an_officer_is_not_given_the_officer_of_another_clip"),
    ),
    "the camera was pulled in the middle of a copy": (
        (FAR, "test_recorder_pulled_while_it_is_copied_and_plugged_in_again_loses_and_repeats_nothing"),
        (DOCK, "test_a_recorder_pulled_while_it_is_read_is_premature_and_goes_on_when_it_comes_back"),
    ),
    "the card lied about sizes": (
        (VOLUME, "test_a_card_that_promises_more_bytes_than_it_has_fails_that_clip_only"),
        (VOLUME, "test_a_clip_said_to_be_larger_than_the_card_is_not_silently_left_out"),
    ),
    "the clock stood at 1970 or in the future": (
        (DOCK, "test_a_recorder_whose_clock_is_absurd_is_collected"),
        (MAIN, "test_an_absurd_clock_is_in_the_log_and_set_only_by_a_dock_whose_own_time_is_vouched_for"),
    ),
    "two identical 4255:0001 recorders were there at once": (
        (MAIN, "test_two_recorders_of_one_number_at_once_are_both_collected_and_cleared"),
        ("unit/agent_detect/on_mocked_ports.py", "test_eight_recorders_with_one_serial_behind_one_hub_are_eight"),
    ),
    "the same recorder was plugged in again in another bay": (
        (HERE, "test_the_same_recorder_in_another_bay_repeats_nothing_and_loses_nothing"),
        (
            "unit/agent_detect/on_mocked_ports.py",
            "test_the_same_recorder_in_another_bay_leaves_the_one_and_comes_to_the_other",
        ),
    ),
    "a file was larger than 4 GiB on exFAT": (
        (HERE, "test_a_clip_of_more_than_4_gib_on_exfat_is_found_to_its_last_byte"),
    ),
    "a label had odd characters": ((HERE, "test_a_label_of_odd_characters_is_shown_safely_and_leads_nowhere"),),
    "the stream was verified, not what is on the disk": (
        (KEPT, "test_recorder_is_kept_when_a_byte_changes_on_the_archives_disk_before_it_is_stored"),
        (KEPT, "test_recorder_is_kept_when_the_docks_copy_is_not_what_it_promised"),
    ),
    "a mismatch was false because two hashes meant different things": (
        ("foreign/test_openssl.py", "test_sha256sum_agrees_with_our_digest"),
        ("unit/protocol/test_vectors.py", "test_our_code_answers_as_the_vector_states"),
    ),
    "footage reached the upload server and never the store": (
        ("attacks/test_receipt_attacks_on_a_dock.py", "test_recorder_is_not_cleared_when"),
        (KEPT, "test_recorder_is_kept_while_what_was_said_of_the_stay_is_not_in_the_log"),
        ("unit/agent_sync/test_sync.py", "test_reconciliation_says_which_receipted_clip_the_archive_lost"),
        (
            "unit/agent_sync/test_sync.py",
            "test_receipted_clip_that_the_archive_lost_is_sent_again_while_its_copy_is_here",
        ),
    ),
    "one device on a port held up all others": (
        (HERE, "test_a_line_that_floods_or_never_answers_fails_alone"),
        ("attacks/test_fuzzed_file_systems.py", "test_a_dock_with_altered_cards_goes_on_with_the_others"),
        (HERE, "test_a_picture_that_wants_gigabytes_is_refused_within_the_limits"),
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_went_wrong_elsewhere_is_held_by_a_test(wrong: str) -> None:
    for file, name in WRONG[wrong]:
        tree = ast.parse((TESTS / file).read_text("utf-8"))
        there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in there, f"{file} has no {name}"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    dock_alone.enrol(tmp_path / "dock")
    return tmp_path / "dock"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "recorder").mkdir()
    return tmp_path / "recorder"


def collected(data_dir: Path) -> list[ClipCollected]:
    return [event for event in said(data_dir) if isinstance(event, ClipCollected)]


async def test_a_name_that_was_collected_before_with_other_bytes_is_another_clip(data_dir: Path, folder: Path) -> None:
    """A recorder that begins to count anew; same name, same length, same time."""
    clip, moment = folder / "DSJ7A01_01234520261122143059_0001.MP4", datetime(2026, 11, 22, 14, 30).timestamp()
    for content in (b"first", b"other"):
        clip.write_bytes(content)
        os.utime(clip, (moment, moment))
        await dock_alone.run_until_idle(data_dir, Bay("1", "directory", folder))
    assert [event.path for event in collected(data_dir)] == [clip.name] * 2
    kept = {path.read_bytes() for path in (data_dir / "spool").glob("?" * 64)}
    assert kept == {b"first", b"other"}


async def test_the_name_and_the_times_are_those_of_the_recorder(data_dir: Path, tmp_path: Path) -> None:
    name, source = "DCIM/100MEDIA/DSJ7A01_012345_20261122143059.MP4", tmp_path / "source"
    source.write_bytes(b"clip")
    (tmp_path / "port").mkdir()
    build_image(tmp_path / "port" / "card.img", [CardFile(name, source, datetime(2026, 11, 22, 14, 31, 2))])
    await dock_alone.run_until_idle(data_dir, Bay("1", "image", tmp_path / "port"))
    [event] = collected(data_dir)
    assert (event.path, event.raw) == (name, None)
    assert (event.recorder_time, event.modified) == ("2026-11-22T14:30:59", "2026-11-22T14:31:02")


async def test_each_clip_has_its_own_officer(data_dir: Path, folder: Path) -> None:
    """A recorder that changed hands between two clips."""
    officers = {
        f"DSJ7A01_{officer}202611221430{number:02d}_{number:04d}.MP4": officer
        for number, officer in enumerate(("012345", "067890", "012345"))
    }
    for name in officers:
        (folder / name).write_bytes(name.encode())
    await dock_alone.run_until_idle(data_dir, Bay("1", "directory", folder))
    assert {event.path: event.officer for event in collected(data_dir)} == officers
    [docked] = [event for event in said(data_dir) if isinstance(event, RecorderDocked)]
    assert docked.recorder.officer is None, "nobody alone"


async def test_the_same_recorder_in_another_bay_repeats_nothing_and_loses_nothing(
    data_dir: Path, tmp_path: Path
) -> None:
    ports, sources = [tmp_path / "port1", tmp_path / "port2"], [tmp_path / "a", tmp_path / "b"]
    for each in ports:
        each.mkdir()
    for source in sources:
        source.write_bytes(source.name.encode() * 5_000)
    files = [CardFile(f"DCIM/{source.name}.MP4", source, datetime(2026, 11, 22, 14, 30)) for source in sources]
    bays = [Bay(str(number), "image", port) for number, port in enumerate(ports, 1)]
    build_image(ports[0] / "card.img", files[:1])
    await dock_alone.run_until_idle(data_dir, *bays)
    (ports[0] / "card.img").unlink()
    build_image(ports[1] / "card.img", files)  # one more clip since
    await dock_alone.run_until_idle(data_dir, *bays)
    assert [(event.bay, event.path) for event in collected(data_dir)] == [("1", "DCIM/a.MP4"), ("2", "DCIM/b.MP4")]
    assert len([event for event in said(data_dir) if isinstance(event, RecorderUndocked)]) == 2


async def test_a_clip_of_more_than_4_gib_on_exfat_is_found_to_its_last_byte(tmp_path: Path) -> None:
    """At the reader, which is told where every byte lies and reads it there. The clip is a hole but for its ends, and the hole is
    not read: four gibibytes of zeros prove nothing more."""
    size, end = (1 << 32) + 12_345, b"the last words"
    source = tmp_path / "source"
    with source.open("wb") as file:
        file.write(b"the first")
        file.truncate(size - len(end))
        file.seek(0, os.SEEK_END)
        file.write(end)
    image = build_image(tmp_path / "card.img", [CardFile("LONG.MP4", source, datetime(2026, 11, 22))], kind="exfat")
    volume = await open_volume(image)
    try:
        [entry] = (await volume.inventory()).files
        extents = await asyncio.to_thread(volume._ask_place, entry)
    finally:
        await volume.close()
    assert extents is not None and sum(length for _, length in extents) == entry.size == size
    start, length = extents[-1]
    with image.open("rb") as card:
        card.seek(extents[0][0])
        assert card.read(9) == b"the first"
        card.seek(start + length - len(end))
        assert card.read(len(end)) == end


@pytest.mark.parametrize("label", [b"../../etc", b"\xd6\xb4\xb7\xa8\xd2\xc7", b"\x1b[2J\x07", b"<b>&amp;", b"a\nb\rc"])
async def test_a_label_of_odd_characters_is_shown_safely_and_leads_nowhere(
    data_dir: Path, tmp_path: Path, label: bytes
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"clip")
    (tmp_path / "port").mkdir()
    image = build_image(
        tmp_path / "port" / "card.img", [CardFile("DCIM/A.MP4", source, datetime(2026, 11, 22))], label="ODDLABEL"
    )
    card = image.read_bytes().replace(b"ODDLABEL   ", label.ljust(11))
    image.write_bytes(card)
    await dock_alone.run_until_idle(data_dir, Bay("1", "image", tmp_path / "port"))
    [docked] = [event for event in said(data_dir) if isinstance(event, RecorderDocked)]
    assert docked.recorder.label is not None and docked.recorder.label.isprintable()
    assert ".." not in docked.recorder.label.split("/")
    assert [event.path for event in collected(data_dir)] == ["DCIM/A.MP4"]
    assert {path.name for path in tmp_path.iterdir()} == {"dock", "port", "source"}


@contextmanager
def line_that(folder: Path, *, floods: bool) -> Iterator[None]:
    """A serial line in an emulated port on which something writes without end, or never a word."""
    folder.mkdir()
    ours, theirs = pty.openpty()
    ended = threading.Event()

    def flood() -> None:
        while not ended.is_set():
            try:
                os.write(ours, b"+UID:\x00\xff garbage \r" * 100)
            except BlockingIOError:
                ended.wait(0.001)

    os.set_blocking(ours, False)
    thread = threading.Thread(target=flood if floods else ended.wait, daemon=True)
    thread.start()
    (folder / "tty").symlink_to(os.ttyname(theirs))
    try:
        yield
    finally:
        ended.set()
        thread.join()
        os.close(theirs)
        os.close(ours)


@pytest.mark.parametrize("floods", [True, False])
async def test_a_line_that_floods_or_never_answers_fails_alone(
    data_dir: Path, tmp_path: Path, folder: Path, floods: bool
) -> None:
    (folder / "clip.mp4").write_bytes(b"of somebody else")
    (data_dir / "recorders.toml").write_text('[p-bc]\nrole = "USER"\nsecret = "000000"\n')
    (data_dir / "recorders.toml").chmod(0o600)
    bays = Bay("line", "image", tmp_path / "port"), Bay("good", "directory", folder)
    with line_that(tmp_path / "port", floods=floods):
        wishes = Wishes(watch=dock_alone.QUICK, sync=dock_alone.Obliging)
        dock = Dock(data_dir, dock_alone.config(data_dir, *bays), wishes)
        working = asyncio.create_task(dock.run())
        try:
            async with asyncio.timeout(60):
                while states(dock) != {"line": State.FAILED, "good": State.READY}:
                    assert not working.done()
                    await asyncio.sleep(0.02)
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
    assert [event.path for event in collected(data_dir)] == ["clip.mp4"]


def states(dock: Dock) -> dict[str, State]:
    return {view.bay: view.state for view in dock._board.views()}


async def test_a_picture_that_wants_gigabytes_is_refused_within_the_limits(tmp_path: Path) -> None:
    """Each frame says that it is 16,000 pixels wide and high, in a few hundred bytes: hundreds of MiB for whoever believes it."""
    clip = tmp_path / "clip.avi"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=s=64x64:d=1:r=5", "-c:v", "mjpeg", str(clip)], check=True
    )
    film = bytearray(clip.read_bytes())
    frames, at = 0, film.find(b"\xff\xc0\x00\x11")
    while at >= 0:
        film[at + 5 : at + 9] = (16_000).to_bytes(2, "big") * 2
        frames, at = frames + 1, film.find(b"\xff\xc0\x00\x11", at + 9)
    assert frames == 5
    film = film.replace((64).to_bytes(4, "little") * 2, (16_000).to_bytes(4, "little") * 2)
    clip.write_bytes(film)
    with pytest.raises(ProxyFailed) as failed:
        await make_proxy(
            clip, tmp_path / "proxy", ProxyLimits(hang_seconds=30, total_seconds=60, memory_bytes=400 << 20, threads=1)
        )
    assert failed.value.reason in ("limit", "crashed", "not-media", "wrong-result")
    assert not (tmp_path / "proxy").exists() and clip.read_bytes() == film
