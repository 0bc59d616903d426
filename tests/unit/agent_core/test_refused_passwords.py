"""A password that a recorder refused is not sent to it again, whatever becomes of the dock meanwhile; and nobody can read it out of the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from liuhen_agent.clock import Reading
from liuhen_agent.decisions import NotDecided, settle
from liuhen_agent.journal import Journal, queries, read_only
from liuhen_agent.recorders import Credential, RecorderError
from liuhen_agent.refused_passwords import NOTE, RefusedPasswords, key_of
from liuhen_agent.simulate.serial_recorder import SerialRecorder
from liuhen_files import keys
from liuhen_protocol.events import DockAlarm
from liuhen_protocol.statement import Clock
from support import dock_alone
from support.dock_at_work import of_kind, serial_config, so_many, until, working

OLD, NEW = Credential("USER", "123456"), Credential("USER", "654321")
KEY = bytes(range(32))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    dock_alone.enrol(tmp_path / "dock")
    return tmp_path / "dock"


@asynccontextmanager
async def journal_of(data_dir: Path) -> AsyncIterator[Journal]:
    signer = keys.load(data_dir / "keys" / "signing.pem")
    journal = await Journal.open(
        dock_alone.journal_of(data_dir),
        source="dock-1",
        signer=signer,
        read_clock=lambda: Reading(datetime.now(UTC), Clock("ntp", 50)),
    )
    try:
        yield journal
    finally:
        await journal.close()


def kept(data_dir: Path) -> list[str]:
    with read_only(dock_alone.journal_of(data_dir)) as db:
        return queries.notes(db, NOTE)


async def is_refused(journal: Journal, recorder: str, credential: Credential, key: bytes = KEY) -> bool:
    try:
        await RefusedPasswords(journal, key).check("p-bc", recorder, credential)
    except RecorderError as error:
        assert error.code == "wrong-password" and credential.secret not in error.why
        return True
    return False


async def test_a_dock_that_is_started_again_and_again_sends_a_wrong_password_once(
    data_dir: Path, tmp_path: Path
) -> None:
    recorder = SerialRecorder(tmp_path / "port")
    config = serial_config(data_dir, tmp_path / "port", OLD.secret)
    for starts in (1, 2, 3, 4):
        async with working(data_dir, config):
            with recorder:
                await until(partial(so_many, data_dir, DockAlarm, starts))
    assert {alarm.code for alarm in of_kind(data_dir, DockAlarm)} == {"wrong-password"}
    assert recorder.device.wrong == 1
    assert OLD.secret.encode() not in b"".join(path.read_bytes() for path in data_dir.glob("journal.db*"))


async def test_another_password_is_sent_and_one_that_is_taken_ends_the_matter(data_dir: Path, tmp_path: Path) -> None:
    recorder = SerialRecorder(tmp_path / "port")
    with recorder:
        async with working(data_dir, serial_config(data_dir, tmp_path / "port", OLD.secret)):
            await until(lambda: bool(of_kind(data_dir, DockAlarm)))
    assert kept(data_dir) == [f"{NOTE}p-bc:DSJ7A01"]
    with recorder:
        async with working(data_dir, serial_config(data_dir, tmp_path / "port", "000000")):
            await until(lambda: recorder.device.logged_in and kept(data_dir) == [])


async def test_a_refusal_holds_for_one_recorder_and_one_password(data_dir: Path) -> None:
    async with journal_of(data_dir) as journal:
        refused = RefusedPasswords(journal, KEY)
        await refused.add("p-bc", "DSJ7A01", OLD)
        await refused.add("p-bc", "DSJ7A01", NEW)
        assert [await is_refused(journal, "DSJ7A01", each) for each in (OLD, NEW)] == [True, True]
        assert not await is_refused(journal, "DSJ7A01", Credential("ADMIN", OLD.secret))
        assert not await is_refused(journal, "DSJ7A02", OLD)
        await refused.add("p-bc", "DSJ7A0", OLD)  # the beginning of the other's number
        await refused.forget("p-bc", "DSJ7A0")
        assert await is_refused(journal, "DSJ7A01", OLD) and not await is_refused(journal, "DSJ7A0", OLD)


async def test_what_is_kept_says_nothing_without_the_key_in_the_docks_own_folder(data_dir: Path) -> None:
    key = key_of(data_dir)
    assert key == key_of(data_dir) and len(key) == 32
    assert (data_dir / "keys" / "refusals.key").stat().st_mode & 0o077 == 0
    async with journal_of(data_dir) as journal:
        await RefusedPasswords(journal, key).add("p-bc", "DSJ7A01", OLD)
        assert not await is_refused(journal, "DSJ7A01", OLD, KEY)


async def test_a_person_may_have_it_sent_once_more_with_a_reason(data_dir: Path) -> None:
    """When it was the recorder that was set to the dock's password, or unlocked."""
    with pytest.raises(NotDecided, match="wrong-password"):
        await settle(data_dir, "wrong-password", "nothing was refused")
    async with journal_of(data_dir) as journal:
        await RefusedPasswords(journal, KEY).add("p-bc", "DSJ7A01", OLD)
    await settle(data_dir, "wrong-password", "it was set to the dock's password")
    async with journal_of(data_dir) as journal:
        assert not await is_refused(journal, "DSJ7A01", OLD)
    [said] = of_kind(data_dir, DockAlarm)
    assert (said.code, said.detail) == ("settled", "wrong-password: it was set to the dock's password")
