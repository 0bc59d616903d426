"""What a start puts right, and proxies made beside the originals. The archive is the stand-in of `support.dock_alone`."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from liuhen_agent.bay import State
from liuhen_agent.clock import read_system_clock
from liuhen_agent.collect.spool import RESERVE, Spool
from liuhen_agent.detect import Bay
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.identity import store
from liuhen_agent.journal import ClipKind, Journal, SessionRow, changes, queries, read_only
from liuhen_agent.simulate.footage import make_clip
from liuhen_files import keys
from liuhen_protocol.events import ClipDerived, DockHead, DockStarted, RecorderUndocked
from liuhen_protocol.track import read_track
from support import dock_alone
from support.activated import activated
from support.dock_at_work import said
from support.tracks import READ, SPOKEN, film, srt


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    dock_alone.enrol(tmp_path / "dock")
    return tmp_path / "dock"


@pytest.fixture
def bay(tmp_path: Path) -> Bay:
    folder = tmp_path / "recorder"
    folder.mkdir()
    (folder / "a.mp4").write_bytes(b"clip")
    return Bay("1", "directory", folder)


async def journal_of(data_dir: Path) -> Journal:
    signer = keys.load(store.Paths(data_dir).signing_key)
    return await Journal.open(
        dock_alone.journal_of(data_dir), source="dock-1", signer=signer, read_clock=read_system_clock
    )


async def test_parts_and_copies_nobody_proved_do_not_stay_in_the_spool(data_dir: Path, bay: Bay) -> None:
    incoming = data_dir / "spool" / "incoming"
    incoming.mkdir(parents=True)
    (incoming / "0123-4.part").write_bytes(b"half")
    orphan = hashlib.sha256(b"orphan").hexdigest()
    (data_dir / "spool" / orphan).write_bytes(b"orphan")
    proved_later = hashlib.sha256(b"clip").hexdigest()
    (data_dir / "spool" / proved_later).write_bytes(b"clip")
    await dock_alone.run_until_idle(data_dir, bay)
    assert not list(incoming.iterdir())
    assert [path.name for path in (data_dir / "quarantine").iterdir()] == [orphan]
    assert (data_dir / "spool" / proved_later).read_bytes() == b"clip"


async def test_a_released_copy_that_the_power_cut_left_is_removed(data_dir: Path, bay: Bay) -> None:
    await dock_alone.run_until_idle(data_dir, bay)
    sha256 = hashlib.sha256(b"clip").hexdigest()
    journal = await journal_of(data_dir)
    await journal.change(changes.Released(sha256))
    await journal.close()
    await dock_alone.run_until_idle(data_dir, bay)
    assert not (data_dir / "spool" / sha256).exists()
    with read_only(dock_alone.journal_of(data_dir)) as db:
        assert queries.receipt(db, sha256) is not None


@pytest.mark.parametrize(("state", "premature"), [("collecting", True), ("receipted", True), ("ready", False)])
async def test_a_stay_cut_off_by_a_crash_is_closed_at_the_next_start(
    data_dir: Path, bay: Bay, state: str, premature: bool
) -> None:
    journal = await journal_of(data_dir)
    await journal.append(DockStarted("0", None))
    row = SessionRow(
        "cut-off", "1", "ABC", "serial:ABC", "", "oem-dcim", state, False, "2026-11-22T10:00:00.000Z", None
    )
    await journal.change(changes.SessionOpened(row))
    await journal.close()
    await dock_alone.run_until_idle(data_dir, bay)
    first = next(event for event in said(data_dir) if isinstance(event, RecorderUndocked))
    assert (first.session, first.premature, first.state) == ("cut-off", premature, state)


async def test_a_dock_that_lost_its_card_says_what_it_continues(data_dir: Path, bay: Bay) -> None:
    path = store.Paths(data_dir).identity
    fields = json.loads(path.read_bytes())
    fields["head"] = {"seq": 41, "hash": "ab" * 32, "time": "2026-11-22T09:00:00.000Z"}
    path.write_text(json.dumps(fields))
    for _ in range(2):  # the second start continues what the first began
        await dock_alone.run_until_idle(data_dir, bay)
    started = [event for event in said(data_dir) if isinstance(event, DockStarted)]
    assert started[0].resumed is not None and started[0].resumed.after_seq == 41
    assert started[1].resumed is None
    with read_only(dock_alone.journal_of(data_dir)) as db:
        assert next(queries.envelopes(db)).seq == 42


async def test_a_playable_copy_is_made_stated_and_sent_like_a_clip(data_dir: Path, bay: Bay) -> None:
    (bay.folder / "a.mp4").unlink()
    make_clip(bay.folder / "film.mp4", seconds=1)
    (bay.folder / "broken.mp4").write_bytes(b"not a film" * 1000)
    (bay.folder / "log.txt").write_bytes(b"text")
    [view] = await dock_alone.run_until_idle(data_dir, bay, proxies=True)
    assert view.state is State.READY
    [derived] = [event for event in said(data_dir) if isinstance(event, ClipDerived)]
    assert derived.original == hashlib.sha256((bay.folder / "film.mp4").read_bytes()).hexdigest()
    with read_only(dock_alone.journal_of(data_dir)) as db:
        [proxy] = queries.derivatives(db, derived.original)
        assert queries.without_proxy(db) == []
    assert proxy.kind is ClipKind.DERIVATIVE
    assert hashlib.sha256((data_dir / proxy.spool).read_bytes()).hexdigest() == proxy.sha256


async def test_a_film_that_says_where_it_was_made_brings_its_track_beside_its_proxy(data_dir: Path, bay: Bay) -> None:
    (bay.folder / "a.mp4").unlink()
    (film(bay.folder / "film.mp4", srt(*SPOKEN))).with_suffix(".srt").unlink()
    await dock_alone.run_until_idle(data_dir, bay, proxies=True)
    derived = {event.role: event for event in said(data_dir) if isinstance(event, ClipDerived)}
    assert set(derived) == {"proxy", "track"} and len({event.original for event in derived.values()}) == 1
    assert (derived["track"].media_type, derived["track"].recipe) == ("text/csv", "subtitles")
    with read_only(dock_alone.journal_of(data_dir)) as db:
        rows = {row.role: row for row in queries.derivatives(db, derived["track"].original)}
    assert rows["track"].name == "film.track.csv"
    assert read_track((data_dir / rows["track"].spool).read_bytes()) == READ
    before = len(said(data_dir))
    await dock_alone.run_until_idle(data_dir, bay, proxies=True)
    again = [event for event in said(data_dir)[before:] if isinstance(event, ClipDerived)]
    assert again == [], "it is sought once"


async def test_a_clip_whose_media_worker_was_not_there_gets_its_copy_later(data_dir: Path, bay: Bay) -> None:
    make_clip(bay.folder / "film.mp4", seconds=1)
    (bay.folder / "a.mp4").unlink()
    [view] = await dock_alone.run_until_idle(data_dir, bay, proxies=True, proxy_socket=data_dir / "nobody.sock")
    assert view.state is State.READY, "nothing waits for a copy"
    assert not [event for event in said(data_dir) if isinstance(event, ClipDerived)]
    await dock_alone.run_until_idle(data_dir, bay, proxies=True)
    assert len([event for event in said(data_dir) if isinstance(event, ClipDerived)]) == 1


async def test_a_clip_that_costs_a_second_media_worker_is_given_up(
    data_dir: Path, bay: Bay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is one that dies of every clip."""
    monkeypatch.setattr("liuhen_agent.proxies.NO_WORKER_SECONDS", 0.0)
    program = [sys.executable, "-c", "import socket; socket.recv_fds(socket.socket(fileno=0), 4096, 2)"]
    at = data_dir / "proxy.sock"
    async with activated(at, program, kind=socket.SOCK_SEQPACKET, answers_on_stdout=False) as unit:
        settings = replace(dock_alone.config(data_dir, bay, proxies=True), proxy_socket=at)
        wishes = Wishes(watch=dock_alone.QUICK, sync=dock_alone.Obliging)
        running = asyncio.create_task(Dock(data_dir, settings, wishes).run())
        while len(unit.started) < 2:
            await unit.next_started()
        await unit.started[1].wait()
        given_up = False
        while not given_up:
            await asyncio.sleep(0.02)
            with read_only(dock_alone.journal_of(data_dir)) as db:
                given_up = not queries.without_proxy(db)
        running.cancel()
        await asyncio.wait([running])
        assert len(unit.started) == 2


async def test_no_playable_copy_is_begun_where_only_the_room_for_originals_is_left(
    data_dir: Path, bay: Bay, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = bay.folder / "a.mp4"
    clip.unlink()
    make_clip(clip, seconds=1)
    kept = data_dir / "spool" / hashlib.sha256(clip.read_bytes()).hexdigest()
    with monkeypatch.context() as full:
        full.setattr(Spool, "free", lambda spool: RESERVE if kept.exists() else 1 << 40)
        [view] = await dock_alone.run_until_idle(data_dir, bay, proxies=True)
        assert view.state is State.READY
        assert not [event for event in said(data_dir) if isinstance(event, ClipDerived)]
    await dock_alone.run_until_idle(data_dir, bay, proxies=True)
    assert len([event for event in said(data_dir) if isinstance(event, ClipDerived)]) == 1


async def test_an_original_with_the_bytes_of_a_proxy_needs_a_receipt_of_its_own(data_dir: Path) -> None:
    journal = await journal_of(data_dir)
    row = await journal.append(DockHead(0, 0))
    clip = changes.ClipSpooled(
        "ab" * 32, 1, "cd" * 32, None, "p.mp4", "", ClipKind.DERIVATIVE, "proxies/x", False, "ef" * 32, "proxy"
    )
    await journal.append(DockHead(0, 0), changes=[clip])
    await journal.change(changes.EntriesLogged(((row.seq, 1), (row.seq + 1, 2))))
    await journal.change(changes.Receipted("ab" * 32, b"for a derivative", "2026-11-22T10:00:00.000Z"))
    original = changes.ClipSpooled(
        "ab" * 32, 1, "cd" * 32, None, "o.mp4", "", ClipKind.ORIGINAL, "spool/" + "ab" * 32, False
    )
    await journal.append(DockHead(0, 0), changes=[original])
    assert await journal.ask(queries.receipt, "ab" * 32) is None
    await journal.close()
