"""Kill -9 of the dock on both sides of every durable step towards a real archive, its proxies and its clearing.

Archive and witness run as the processes they are. A child process runs the real dock over the image of a recorder and dies
at one step; then the dock runs again, undisturbed, and `check_end` must hold. A step of the journal is named by the change
or the statement that becomes durable with it.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import shutil
import signal
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from faults.docked_end import Recorder, check_end, check_nothing_was_cleared_too_early
from faults.dock_sync_child import enroll_run_and_die, run_and_die, run_dock
from faults.killpoint import KillPoint
from house.county import County, command, running
from liuhen_agent.identity import certificate, store
from liuhen_agent.identity.enrolment import enroll
from liuhen_agent.simulate.footage import make_clip
from liuhen_server import config as server_config
from support import device


class Step(NamedTuple):
    """A function of the dock, and what a call of it is given."""

    name: str
    given: str = ""
    nth: int = 1

    def killed(self, side: str) -> KillPoint:
        return KillPoint(self.name, side == "after", self.nth, self.given)


def changed(change: str, nth: int = 1) -> Step:
    return Step("liuhen_agent.journal:Journal._change", change, nth)


def said(event: str) -> Step:
    return Step("liuhen_agent.journal:Journal._append", rf"event={event}\(")


def kept(note: str, nth: int = 1) -> Step:
    return changed(rf"NoteKept\(name='{note}", nth)


ARCHIVE = "liuhen_agent.sync.archive:Archive"
DURABLE = "liuhen_files.durable"
STEPS = {
    "dock.started is said": said("DockStarted"),
    "the first indexes are kept": changed(r"EntriesLogged\("),
    "the index of a promise is kept": changed(r"EntriesLogged\(.*\(3, "),  # after started, docked and inventory
    "the upload is created": Step(f"{ARCHIVE}.create_upload"),
    "the upload's URL is kept": changed(r"UploadStarted\("),
    "the bytes are answered": Step(f"{ARCHIVE}.send_bytes"),
    "a clip is noted as uploaded": changed(r"Uploaded\("),
    "the last clip is noted as uploaded": changed(r"Uploaded\(", 3),
    "a receipt is fetched": Step(f"{ARCHIVE}.receipt"),
    "a receipt is checked against the log": Step("liuhen_agent.sync.log_view:LogView.accept", r"Origin\.RECEIPT"),
    "a receipt is kept": changed(r"Receipted\("),
    "the last receipt is kept": changed(r"Receipted\(", 3),
    "the first checkpoint is kept": kept("checkpoint"),
    "a later checkpoint is kept": kept("checkpoint", 2),
    "the proxy is written": Step("liuhen_agent.proxies:make_proxy", nth=2),  # the important clip comes first, and plays nowhere
    "the proxy is published": Step(f"{DURABLE}:publish", r"proxies"),
    "the proxy is stated": said("ClipDerived"),
    "the stay is noted as receipted": changed(r"SessionMoved\(.*'receipted'"),
    "the order to clear is noted": kept("clear:"),
    "the helper has cleared": Step("liuhen_agent.clear.call:clear"),
    "recorder.cleared is said": said("RecorderCleared"),
    "the stay is noted as ready": changed(r"SessionMoved\(.*'ready'"),
    "recorder.undocked is said": said("RecorderUndocked"),
    "the index of the farewell is kept": changed(r"EntriesLogged\(.*\(7, "),
}
RENEWAL = {
    "the new key is written": Step(f"{DURABLE}:write_new", "next-key"),
    "key and certificate are swapped": Step(f"{DURABLE}:replace", r"client\.pem"),
    "the new key's own file goes": Step(f"{DURABLE}:remove", "next-key"),
}
SECOND_START = {
    "what the stay was is said": said("RecorderUndocked"),
    "dock.started is said again": said("DockStarted"),
    "the second stay is begun": said("RecorderDocked"),
}
CLEARING_AGAIN = {
    "the order to clear is noted again": kept("clear:"),
    "recorder.cleared is said by the second start": said("RecorderCleared"),
}
LOST_CARD = {
    "the identity with the archive's head is kept": Step(f"{DURABLE}:replace", r"identity\.json"),
    "the place to resume after is kept": Step("liuhen_agent.journal:Journal._resume"),
    "dock.started with what it resumes is said": said("DockStarted"),
    "the first indexes after it are kept": changed(r"EntriesLogged\("),
}
SIDES = pytest.mark.parametrize("side", ["before", "after"])
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["faults.dock_sync_child"])
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    with running(tmp_path_factory.mktemp("county")) as county:
        yield county
        command("liuhen-server", "verify", "--data", county.archive)
        for log in county.folder.glob("*.log"):
            assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    folder = tmp_path_factory.mktemp("recorder")
    make_clip(folder / "film.mp4", seconds=0.4, size="128x72")
    return Recorder.make(folder, (folder / "film.mp4").read_bytes())


class Station:
    """One dock of the county and the bay with its recorder."""

    def __init__(self, county: County, name: str, folder: Path, recorder: Recorder) -> None:
        self.county, self.name, self.recorder = county, name, recorder
        self.data_dir = folder / "dock"
        self.bay = folder / "bay"
        self.bay.mkdir(parents=True)
        self.dock_the_recorder()

    def dock_the_recorder(self) -> None:
        shutil.copyfile(self.recorder.image, self.bay / "card.img")

    def code(self) -> str:
        return asyncio.run(device.enrolment_code(server_config.load(self.county.archive), self.name))

    def enroll(self) -> None:
        asyncio.run(enroll(self.county.devices_url, self.code(), self.data_dir))

    def lose_the_card(self) -> None:
        shutil.rmtree(self.data_dir)

    def dies(self, work: Callable[..., None], *arguments: object) -> None:
        process = FORK.Process(target=work, args=arguments)
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL, "this step of the table was not reached"
        check_nothing_was_cleared_too_early(self.data_dir, self.recorder, self.bay / "card.img")

    def dies_at(self, step: Step, side: str, ahead: timedelta = timedelta()) -> None:
        self.dies(run_and_die, self.data_dir, self.bay, step.killed(side), ahead)

    def goes_on(self, ahead: timedelta = timedelta(), **expected: int) -> None:
        run_dock(self.data_dir, self.bay, ahead)
        check_end(self.data_dir, self.county.archive, self.recorder, self.bay / "card.img", **expected)


@pytest.fixture
def station(county: County, recorder: Recorder, tmp_path: Path) -> Station:
    found = Station(county, f"dock-{next(_numbers)}", tmp_path, recorder)
    found.enroll()
    return found


@SIDES
@pytest.mark.parametrize("step", STEPS)
def test_dock_loses_and_repeats_nothing_when_it_is_killed_when(station: Station, step: str, side: str) -> None:
    station.dies_at(STEPS[step], side)
    station.goes_on()


@SIDES
@pytest.mark.parametrize("step", RENEWAL)
def test_dock_still_speaks_to_its_archive_when_it_is_killed_when(station: Station, step: str, side: str) -> None:
    life = certificate.lifetime(certificate.read_certificate(store.Paths(station.data_dir).client.read_bytes()))
    ahead = (life.ends - life.begins) * 0.7
    station.dies_at(RENEWAL[step], side, ahead)
    station.goes_on(ahead)
    assert not store.Paths(station.data_dir).next_key.exists()


@SIDES
@pytest.mark.parametrize("step", SECOND_START)
def test_dock_loses_and_repeats_nothing_when_its_next_start_is_killed_too_when(
    station: Station, step: str, side: str
) -> None:
    station.dies_at(STEPS["a receipt is kept"], "after")
    station.dies_at(SECOND_START[step], side)
    station.goes_on()


@SIDES
@pytest.mark.parametrize("step", CLEARING_AGAIN)
def test_interrupted_clearing_is_said_once_when_the_next_start_is_killed_too_when(
    station: Station, step: str, side: str
) -> None:
    station.dies_at(STEPS["the helper has cleared"], "after")
    station.dies_at(CLEARING_AGAIN[step], side)
    station.goes_on()


@SIDES
@pytest.mark.parametrize("step", LOST_CARD)
def test_dock_that_lost_its_card_is_killed_when(station: Station, step: str, side: str) -> None:
    """The card is lost when its archive has everything and the recorder was not cleared."""
    station.dies_at(STEPS["the order to clear is noted"], "before")
    station.lose_the_card()
    url, code = station.county.devices_url, station.code()
    station.dies(enroll_run_and_die, url, code, station.data_dir, station.bay, LOST_CARD[step].killed(side))
    station.enroll() if not store.Paths(station.data_dir).identity.exists() else None
    station.goes_on(lives=2)
