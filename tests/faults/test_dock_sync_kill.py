"""Kill -9 of the dock on both sides of every durable step towards a real archive, its proxies and its clearing.

Archive and witness run as the processes they are. A child process runs the real dock over the image of a recorder and dies
at one step; then the dock runs again, undisturbed, and `check_end` must hold. A step of the journal is named by the change
or the statement that becomes durable with it.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from faults.dock_sync_child import How, enroll_run_and_die, run_and_die, run_dock
from faults.docked_end import Recorder, check_end, check_nothing_was_cleared_too_early
from faults.killpoint import KillPoint
from house.county import County, command, running
from liuhen_agent.decisions import policies
from liuhen_agent.identity import certificate, store
from liuhen_agent.identity.enrolment import enroll
from liuhen_agent.journal import queries, read_only
from liuhen_agent.simulate.footage import make_clip
from liuhen_server import config as server_config
from support import device
from support.forked import forked


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


DURABLE = "liuhen_files.durable"
STEPS = {
    "dock.started is said": said("DockStarted"),
    "the first indexes are kept": changed(r"EntriesLogged\("),
    "the index of a promise is kept": changed(r"EntriesLogged\(.*\(3, "),  # behind started, docked and inventory
    "the URL of the upload that was created is kept": changed(r"UploadStarted\("),
    "the upload that was answered is noted": changed(r"Uploaded\("),
    "the last upload that was answered is noted": changed(r"Uploaded\(", 2),
    "a receipt that was fetched is checked against the log": Step(
        "liuhen_agent.sync.log_view:LogView.accept",
        r", \{\}\)$",  # the newest checkpoint comes with what it must have at least
    ),
    "the first checkpoint is kept": kept("checkpoint"),
    "a receipt is kept": changed(r"Receipted\("),
    "the last receipt is kept": changed(r"Receipted\(", 2),
    "the stay is noted as receipted": changed(r"SessionMoved\(.*'receipted'"),
    "the order to clear is noted": kept("clear:"),
    "the helper clears": Step("liuhen_agent.clear.call:clear"),
    "recorder.cleared is said": said("RecorderCleared"),
    "the stay is noted as ready": changed(r"SessionMoved\(.*'ready'"),
    "recorder.undocked is said": said("RecorderUndocked"),
    "the index of the farewell is kept": changed(r"EntriesLogged\(.*\(6, "),  # two clips and recorder.cleared later
}
PROXY = {
    "the proxy is written": Step("liuhen_agent.proxies:make_proxy", nth=2),  # the important clip is tried first
    "the proxy is published": Step(f"{DURABLE}:publish", "proxies"),
    "the proxy is stated": said("ClipDerived"),
    "the last of three receipts is kept": changed(r"Receipted\(", 3),
}
RENEWAL = {
    "the new key is written": Step(f"{DURABLE}:write_new", "next-key"),
    "key and certificate are swapped": Step(f"{DURABLE}:replace", r"client\.pem"),
    "the new key's own file goes": Step(f"{DURABLE}:remove", "next-key"),
}
OFFER = {
    "the offered policy is laid beside": Step(f"{DURABLE}:replace", r"policy\.offered"),
    "key and certificate are swapped": Step(f"{DURABLE}:replace", r"client\.pem"),
    "the alarm is said": said("DockAlarm"),
}
SECOND_START = {
    "the end of the first stay is said": said("RecorderUndocked"),
    "dock.started is said again": said("DockStarted"),
}
CLEARING_AGAIN = {
    "the order to clear is noted again": kept("clear:"),
    "recorder.cleared is said": said("RecorderCleared"),
}
LOST_CARD = {
    "the identity with the archive's head is kept": Step(f"{DURABLE}:replace", r"identity\.json"),
    "the place to resume after is kept": Step("liuhen_agent.journal:Journal._resume"),
    "dock.started with what it resumes is said": said("DockStarted"),
}
SIDES = pytest.mark.parametrize("side", ["before", "after"])
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
        self.card = self.bay / "card.img"
        shutil.copyfile(self.recorder.image, self.card)

    def code(self) -> str:
        return asyncio.run(device.enrolment_code(server_config.load(self.county.archive), self.name))

    def enroll(self) -> None:
        asyncio.run(enroll(self.county.devices_url, self.code(), self.data_dir))

    def lose_the_card(self) -> None:
        shutil.rmtree(self.data_dir)

    def dies_at(self, point: KillPoint, how: How, *enrolling: str) -> None:
        """`enrolling`: URL and code, to enrol before."""
        work = enroll_run_and_die if enrolling else run_and_die
        process = forked(work, *enrolling, self.data_dir, self.bay, how, point)
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL, "this step of the table was not reached"
        check_nothing_was_cleared_too_early(self.data_dir, self.recorder, self.card)

    def goes_on(self, how: How, lives: int = 1) -> None:
        run_dock(self.data_dir, self.bay, how)
        check_end(self.data_dir, self.county.archive, self.recorder, self.card, proxies=how.proxies, lives=lives)


@pytest.fixture
def station(county: County, recorder: Recorder, tmp_path: Path) -> Station:
    found = Station(county, f"dock-{next(_numbers)}", tmp_path, recorder)
    found.enroll()
    return found


@SIDES
@pytest.mark.parametrize("step", STEPS)
def test_nothing_is_lost_or_repeated_when_the_dock_is_killed_where(station: Station, step: str, side: str) -> None:
    station.dies_at(STEPS[step].killed(side), How())
    station.goes_on(How())


@SIDES
@pytest.mark.parametrize("step", PROXY)
def test_no_proxy_is_lost_or_made_twice_when_the_dock_is_killed_where(station: Station, step: str, side: str) -> None:
    station.dies_at(PROXY[step].killed(side), How(proxies=True))
    station.goes_on(How(proxies=True))


@SIDES
@pytest.mark.parametrize("step", RENEWAL)
def test_certificate_is_renewed_with_another_key_when_the_dock_was_killed_where(
    station: Station, step: str, side: str
) -> None:
    paths = store.Paths(station.data_dir)
    life = certificate.lifetime(certificate.read_certificate(paths.client.read_bytes()))
    how = How(ahead=(life.ends - life.begins) * 0.7)
    station.dies_at(RENEWAL[step].killed(side), how)
    served = public_key(paths)
    station.goes_on(how)
    assert public_key(paths) != served
    assert not paths.next_key.exists()


@SIDES
@pytest.mark.parametrize("step", OFFER)
def test_an_offered_policy_is_an_alarm_once_when_the_dock_was_killed_where(
    station: Station, step: str, side: str
) -> None:
    """Another line in the policy here makes the archive's one that differs: it comes with the certificate, once in sixty days."""
    paths = store.Paths(station.data_dir)
    in_force = paths.policy.read_bytes() + b"# as agreed with the witnesses\n"
    paths.policy.write_bytes(in_force)
    life = certificate.lifetime(certificate.read_certificate(paths.client.read_bytes()))
    how = How(ahead=(life.ends - life.begins) * 0.7)
    station.dies_at(OFFER[step].killed(side), how)
    run_dock(station.data_dir, station.bay, how)
    with read_only(station.data_dir / "journal.db") as db:
        assert [alarm.code for alarm in queries.alarms(db)] == ["policy-offered"]
        assert [row.kind for row in queries.envelopes(db)].count("dock.alarm") == 1
    assert paths.policy.read_bytes() == in_force and paths.offered_policy.exists()
    assert policies(station.data_dir).difference().count("-# as agreed with the witnesses") == 1


def public_key(paths: store.Paths) -> bytes:
    key = certificate.read_certificate(paths.client.read_bytes()).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@SIDES
@pytest.mark.parametrize("step", SECOND_START)
def test_nothing_is_lost_or_repeated_when_the_next_start_is_killed_too_where(
    station: Station, step: str, side: str
) -> None:
    station.dies_at(STEPS["a receipt is kept"].killed("after"), How())
    station.dies_at(SECOND_START[step].killed(side), How())
    station.goes_on(How())


@SIDES
@pytest.mark.parametrize("step", CLEARING_AGAIN)
def test_interrupted_clearing_is_said_once_when_the_next_start_is_killed_too_where(
    station: Station, step: str, side: str
) -> None:
    station.dies_at(STEPS["the helper clears"].killed("after"), How())
    station.dies_at(CLEARING_AGAIN[step].killed(side), How())
    station.goes_on(How())


@SIDES
@pytest.mark.parametrize("step", LOST_CARD)
def test_dock_that_lost_its_card_before_it_cleared_goes_on_when_it_is_killed_where(
    station: Station, step: str, side: str
) -> None:
    """The archive has everything, the recorder still holds everything: it is collected once more and stored no second time."""
    station.dies_at(STEPS["the order to clear is noted"].killed("before"), How())
    shutil.rmtree(station.data_dir)
    url, code = station.county.devices_url, station.code()
    station.dies_at(LOST_CARD[step].killed(side), How(), url, code)
    if not store.Paths(station.data_dir).identity.exists():
        asyncio.run(enroll(url, code, station.data_dir))
    station.goes_on(How(), lives=2)
