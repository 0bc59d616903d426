"""The doctor finds what is wrong with a dock and its machine, and says what to do about it."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from liuhen_agent import doctor
from liuhen_agent.clock import UNSYNCHRONISED, Reading
from liuhen_agent.detect import Bay
from liuhen_agent.detect.udev_rules import bay_rules
from liuhen_agent.doctor import NotWell
from liuhen_agent.identity import store
from liuhen_agent.machine import Power, judge_power, look_at_power, port_is_there
from liuhen_agent.recorders.profile import default_folder
from support import device
from support.activated import activated
from unit.agent_sync.world import NOW, enrolled

Look = Callable[[Path], str]


def why(look: Look, data_dir: Path) -> str:
    with pytest.raises(NotWell) as found:
        look(data_dir)
    said = str(found.value)
    assert any("\u4e00" <= char <= "\u9fff" for char in said) and said.isprintable()
    return said


# --- the archive and the certificate: a real archive


async def test_the_archive_is_really_asked(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, _archive):
        said = await asyncio.to_thread(doctor._archive, world.data_dir)
        assert store.load(world.data_dir).archive_url in said
        url = store.load(world.data_dir).archive_url
    said = await asyncio.to_thread(why, doctor._archive, world.data_dir)
    assert url in said and "不可达" in said and "cable" in said


async def test_an_archive_that_accepts_and_is_silent_is_given_up_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "ANSWER_SECONDS", 0.3)
    async with enrolled(tmp_path) as (world, _archive):
        paths = store.Paths(world.data_dir)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = store.load(world.data_dir).archive_url
            other = f"https://127.0.0.1:{silent.getsockname()[1]}"
            paths.identity.write_bytes(paths.identity.read_bytes().replace(url.encode(), other.encode()))
            assert "no answer within 0.3 s" in await asyncio.to_thread(why, doctor._archive, world.data_dir)


async def test_a_revoked_dock_is_told_to_ask(tmp_path: Path) -> None:
    async with device.running_archive(tmp_path) as archive:
        from liuhen_agent.identity.enrolment import enroll

        data_dir = tmp_path / "dock"
        await enroll(archive.url, await device.enrolment_code(archive.config, "dock-03"), data_dir)
        assert "尚无" in await asyncio.to_thread(doctor._archive, data_dir)
        await device.revoke(archive.config, "dock-03")
        assert "revoked" in await asyncio.to_thread(why, doctor._archive, data_dir)
        assert "valid until" in doctor._certificate(data_dir)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(doctor, "RENEWAL_IS_LATE", timedelta(days=365))
            assert "not renewed" in why(doctor._certificate, data_dir)


# --- the machine


def test_a_card_that_is_nearly_full_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    disk = type(usage)(64 << 30, 62 << 30, 2 << 30)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: disk)
    assert "2.0 GiB" in why(doctor._folder, tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: type(usage)(64 << 30, 0, 64 << 30))
    assert "64.0 GiB" in doctor._folder(tmp_path)


def test_a_clock_that_nobody_set_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "read_system_clock", lambda: Reading(NOW, UNSYNCHRONISED))
    assert "timedatectl" in why(doctor._clock, tmp_path)


def test_a_machine_without_ffmpeg_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt install ffmpeg" in why(doctor._tools, tmp_path)


@pytest.mark.parametrize(
    ("throttled", "alarm", "found"),
    [
        (None, None, Power.UNKNOWN),
        ("0\n", None, Power.GOOD),
        ("50005\n", None, Power.WEAK),
        ("50000\n", None, Power.WAS_WEAK),
        ("throttled=0x50000", None, Power.WAS_WEAK),
        ("80008", None, Power.GOOD),  # too warm, and nothing else
        (None, "0", Power.GOOD),
        (None, "1\n", Power.WEAK),
        ("0", "1", Power.WEAK),
        ("no number", None, Power.UNKNOWN),
    ],
)
def test_what_a_raspberry_pi_says_of_its_power(throttled: str | None, alarm: str | None, found: Power) -> None:
    assert judge_power(throttled, alarm) is found


def test_a_weak_power_supply_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder stands for /sys: no Raspberry Pi is here."""
    for number, (driver, alarm) in enumerate((("cpu_thermal", "1"), ("rpi_volt", "0"))):
        folder = tmp_path / f"class/hwmon/hwmon{number}"
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{driver}\n")
        (folder / "in0_lcrit_alarm").write_text(f"{alarm}\n")
    assert look_at_power(tmp_path) is Power.GOOD
    monkeypatch.setattr(doctor, "SYS", tmp_path)
    assert doctor._power(tmp_path).startswith("正常")
    (tmp_path / "class/hwmon/hwmon1/in0_lcrit_alarm").write_text("1\n")
    assert "power supply" in why(doctor._power, tmp_path)


def test_a_port_of_a_bay_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder stands for /sys, laid out as the kernel's usbcore does."""
    controller = "pci0000:00/0000:00:14.0"
    for bus, speed in (("1", "480"), ("2", "5000")):
        root = tmp_path / f"devices/{controller}/usb{bus}"
        (root / f"{bus}-0:1.0/usb{bus}-port1").mkdir(parents=True)
        (root / "speed").write_text(f"{speed}\n")
    (tmp_path / f"devices/{controller}/usb1/1-1/1-1:1.0/1-1-port4").mkdir(parents=True)
    there, missing = f"{controller}/usb2/1.4", f"{controller}/usb2/1.3"
    assert [port_is_there(tmp_path, path) for path in (there, f"{controller}/usb3/1")] == [True, True]
    assert not any(
        port_is_there(tmp_path, path)
        for path in (
            missing,
            f"{controller}/usb3/1.4",
            f"{controller}/usb2/4",
            "pci9/0/usb2/1",
            f"{controller}/usb2/1.4.1",
        )
    )
    monkeypatch.setattr(doctor, "SYS", tmp_path)
    monkeypatch.setattr(
        "liuhen_agent.config.load", lambda folder: with_bays(Bay("1", "udev", Path("/dev"), ports=(there,)))
    )
    monkeypatch.setattr(doctor, "RULES", tmp_path / "59-liuhen-bays.rules")
    assert "udevadm control --reload" in why(doctor._bays, tmp_path), "udev does not know that this port is a bay"
    doctor.RULES.write_text(bay_rules([Bay("2", "udev", Path("/dev"), ports=(there,))]))
    assert f"--rules > {doctor.RULES}" in why(doctor._bays, tmp_path), "as it was before the bays were learnt anew"
    doctor.RULES.write_text(bay_rules([Bay("1", "udev", Path("/dev"), ports=(there,))]))
    assert doctor._bays(tmp_path)
    monkeypatch.setattr(
        "liuhen_agent.config.load", lambda folder: with_bays(Bay("2", "udev", Path("/dev"), ports=(missing,)))
    )
    said = why(doctor._bays, tmp_path)
    assert f"2 ({missing})" in said and "bays learn" in said


def with_bays(*bays: Bay) -> object:
    from support import dock_alone

    return dock_alone.config(Path("/nowhere"), *bays)


# --- the units beside the agent


async def test_units_that_answer_are_well_and_one_that_does_not_is_said(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        "".join(f'{name}_socket = "{tmp_path}/{name}.sock"\n' for name in ("wipe", "scsi", "proxy"))
    )
    program = (sys.executable, "-m")
    async with AsyncExitStack() as stack:
        wipe = activated(tmp_path / "wipe.sock", [*program, "liuhen_agent.clear", str(tmp_path), "-"])
        await stack.enter_async_context(wipe)
        assert "scsi.sock" in await asyncio.to_thread(why, doctor._helpers, tmp_path)
        scsi = [*program, "liuhen_agent.scsi", str(default_folder())]
        await stack.enter_async_context(activated(tmp_path / "scsi.sock", scsi, kind=socket.SOCK_SEQPACKET))
        assert "proxy.sock" in await asyncio.to_thread(why, doctor._helpers, tmp_path)
        await stack.enter_async_context(
            activated(
                tmp_path / "proxy.sock",
                [*program, "liuhen_agent.proxy.worker"],
                kind=socket.SOCK_SEQPACKET,
                answers_on_stdout=False,
            )
        )
        said = await asyncio.to_thread(doctor._helpers, tmp_path)
        assert "wipe helper" in said and "SCSI helper" in said and "media worker" in said
    assert "liuhen-wipe.socket" in await asyncio.to_thread(why, doctor._helpers, tmp_path)


async def test_a_program_behind_the_wipe_socket_that_is_no_wipe_helper_is_said(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(f'wipe_socket = "{tmp_path}/wipe.sock"\n')
    async with activated(tmp_path / "wipe.sock", [sys.executable, "-c", "print('hello')"]):
        assert "no answer" in await asyncio.to_thread(why, doctor._helpers, tmp_path)


def test_a_unit_that_came_with_an_upgrade_and_is_not_configured_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liuhen_agent.config.SOCKETS", {"scsi_socket": tmp_path / "scsi.sock"})
    assert "dock itself" in doctor._helpers(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "scsi.sock"))
        assert f'scsi_socket = "{tmp_path}/scsi.sock"' in why(doctor._helpers, tmp_path)


def test_a_dock_without_units_runs_both_itself(tmp_path: Path) -> None:
    assert "dock itself" in doctor._helpers(tmp_path)
