"""A recorder that speaks ASCII lines is identified, unlocked and set right, and its bad manners harm nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from liuhen_agent.recorders import RecorderError
from liuhen_agent.recorders.line_protocol import Credential, LineRecorder, LineTimes, clean_text, open_line
from liuhen_agent.simulate.serial_recorder import Character, SerialRecorder

RIGHT = Credential("USER", "000000")
WRONG = Credential("USER", "123456")
QUICK = LineTimes(reply=1.0, quiet=0.03)


async def test_probe_login_identity_clock_and_disk_mode(tmp_path: Path) -> None:
    disk = tmp_path / "card.img"
    disk.write_bytes(b"card")
    character = Character(clock_offset=timedelta(seconds=-90), reenumerate_seconds=0.05)
    with SerialRecorder(tmp_path / "port", disk, character) as simulated:
        line = await open_line(tmp_path / "port" / "tty", QUICK)
        probe = await line.probe()
        assert (probe.unit_id, probe.device_id) == ("3210001", "DSJ7A01")
        await line.login(RIGHT)
        identity = await line.info()
        assert (identity.serial, identity.officer, identity.unit) == ("DSJ7A01", "012345", "320100")
        assert await line.battery() == 76
        drift = datetime.fromisoformat(await line.time_get()) - datetime.now()
        assert timedelta(seconds=-95) < drift < timedelta(seconds=-85)
        await line.time_set(datetime.now())
        drift = datetime.fromisoformat(await line.time_get()) - datetime.now()
        assert abs(drift) < timedelta(seconds=5)
        await line.enter_disk_mode()
        await line.close()
        assert simulated.in_disk_mode.wait(5)
        assert not (tmp_path / "port" / "tty").is_symlink()
        assert (tmp_path / "port" / "card.img").read_bytes() == b"card"
    assert disk.read_bytes() == b"card"


async def test_garbage_between_and_answers_in_single_bytes_change_nothing(tmp_path: Path) -> None:
    with SerialRecorder(tmp_path / "port", character=Character(garbage=True)):
        line = await open_line(tmp_path / "port" / "tty", QUICK)
        assert (await line.probe()).device_id == "DSJ7A01"
        await line.login(RIGHT)
        assert (await line.info()).officer == "012345"
        await line.close()


async def test_probe_never_logs_in(tmp_path: Path) -> None:
    with SerialRecorder(tmp_path / "port") as simulated:
        line = await open_line(tmp_path / "port" / "tty", QUICK)
        await line.probe()
        await line.close()
        assert simulated.device.heard == ["BC+UID?", "BC+DID?"]


async def test_a_refused_password_is_not_sent_twice(tmp_path: Path) -> None:
    with SerialRecorder(tmp_path / "port") as simulated:
        line = await open_line(tmp_path / "port" / "tty", QUICK)
        for credential in (WRONG, WRONG, RIGHT):
            assert await code_of(line, credential) == "wrong-password"
        await line.close()
        assert len(simulated.device.heard) == 1


async def test_a_locked_recorder_says_so(tmp_path: Path) -> None:
    with SerialRecorder(tmp_path / "port", character=Character(lock_after=1)) as simulated:
        for expected in ("wrong-password", "locked"):
            line = await open_line(tmp_path / "port" / "tty", QUICK)
            assert await code_of(line, WRONG) == expected
            await line.close()
        assert simulated.device.wrong == 1


async def code_of(line: LineRecorder, credential: Credential) -> str:
    with pytest.raises(RecorderError) as refused:
        await line.login(credential)
    assert credential.secret not in str(refused.value)
    return refused.value.code


async def test_a_silent_recorder_is_no_answer_not_a_hang(tmp_path: Path) -> None:
    with SerialRecorder(tmp_path / "port", character=Character(silent=True)):
        line = await open_line(tmp_path / "port" / "tty", LineTimes(reply=0.1, quiet=0.03))
        with pytest.raises(RecorderError, match="no-answer"):
            await line.probe()
        with pytest.raises(RecorderError, match="no-answer"):
            await line.login(RIGHT)
        assert await code_of(line, RIGHT) == "wrong-password"  # the first may have counted: not sent again
        await line.close()


async def test_an_endless_answer_is_garbled(tmp_path: Path) -> None:
    with SerialRecorder(tmp_path / "port", character=Character(endless=True)):
        line = await open_line(tmp_path / "port" / "tty", LineTimes(reply=0.3, quiet=0.03))
        with pytest.raises(RecorderError) as ended:
            await line.probe()
        assert ended.value.code in ("garbled", "no-answer")
        await line.close()


async def test_a_recorder_pulled_while_it_is_asked_is_gone(tmp_path: Path) -> None:
    simulated = SerialRecorder(tmp_path / "port")
    simulated.plug()
    line = await open_line(tmp_path / "port" / "tty", QUICK)
    await line.probe()
    simulated.pull()
    with pytest.raises(RecorderError) as gone:
        await line.probe()
    assert gone.value.code == "gone"
    await line.close()
    with pytest.raises(RecorderError, match="gone"):
        await open_line(tmp_path / "port" / "tty", QUICK)


async def test_a_clock_of_1970_is_read_as_it_is(tmp_path: Path) -> None:
    character = Character(clock_starts=datetime(1970, 1, 1, 0, 0, 0))
    with SerialRecorder(tmp_path / "port", character=character):
        line = await open_line(tmp_path / "port" / "tty", QUICK)
        await line.login(RIGHT)
        assert (await line.time_get()).startswith("1970-01-01T00:00:")
        await line.close()


async def test_zero_ids_are_nobody(tmp_path: Path) -> None:
    character = Character(serial="0000000", officer="000000", unit="000000")
    with SerialRecorder(tmp_path / "port", character=character):
        line = await open_line(tmp_path / "port" / "tty", QUICK)
        await line.login(RIGHT)
        identity = await line.info()
        assert (identity.serial, identity.officer, identity.unit) == (None, None, None)
        await line.close()


def test_answers_are_shown_without_control_characters_and_in_gbk() -> None:
    assert clean_text("王芳".encode("gbk")) == "王芳"
    assert clean_text(b"\x1b[2JA\x00B\r\x07") == "[2JAB"
    assert clean_text(b"\xff") == "\N{REPLACEMENT CHARACTER}"


def test_a_credential_never_shows_its_secret() -> None:
    assert "000000" not in repr(RIGHT)
