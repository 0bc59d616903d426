"""`liuhen-agent bays` on mocked USB ports, the command itself. Run by test_udev.py under umockdev."""

from __future__ import annotations

import asyncio
import json
import queue
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from liuhen_agent import bays, config
from liuhen_agent.command import main
from liuhen_agent.detect.udev import Udev
from support.mocked_usb import MockedUsb
from support.usb_ports import DISK, DUMMY, HUB, KEYBOARD, PCI, Usb

HERE = "pci0000:00/0000:00:14.0"
WRITTEN = """\
# 本站配置 our own words
zone = "Asia/Shanghai"   # kept

[[bay]]
name = "reader"
backend = "directory"
path = "reader" # a card reader
"""


@pytest.fixture
def ports() -> Iterator[MockedUsb]:
    with MockedUsb() as mocked:
        yield mocked


@pytest.fixture(autouse=True)
def without_udev_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bays, "_udev", lambda: Udev(udev_runs=False))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(WRITTEN)
    (tmp_path / "config.toml").chmod(0o640)
    return tmp_path


class Learning:
    """The command at work in a thread; `prompts` is what it says to the person."""

    def __init__(self, data_dir: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
        self.prompts: queue.Queue[str] = queue.Queue()
        monkeypatch.setattr(bays.Say, "__call__", lambda _, text: self.prompts.put(text))
        command = ["--data", str(data_dir), "bays", "learn", "--timeout", "20", *arguments]
        self._work = asyncio.ensure_future(asyncio.to_thread(CliRunner().invoke, main, command))

    async def asks_for(self, bay: str) -> None:
        assert f"bay {bay}" in await asyncio.to_thread(self.prompts.get, timeout=10)

    async def ended(self) -> Result:
        return await self._work


def learnt(data_dir: Path) -> dict[str, tuple[str, ...]]:
    return {bay.name: bay.ports for bay in config.load(data_dir).bays if bay.backend == "udev"}


async def test_bays_are_learnt_one_after_the_other_and_nothing_else_in_the_file_changes(
    ports: MockedUsb, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports.there(Usb("9", [KEYBOARD], address=2))
    learning = Learning(data_dir, monkeypatch, "--count", "2", "--json")
    await learning.asks_for("1")
    await ports.plug(Usb("1", [HUB], address=3))
    await ports.plug(first := Usb("1.1", [DISK], disk="sda"))
    await learning.asks_for("2")
    await ports.pull(first)
    await ports.plug(Usb("1.1", [DISK], address=8, disk="sda"))
    await learning.asks_for("1")  # that one belongs to bay 1
    await ports.plug(Usb("1", [DISK], controller=DUMMY, bus=3, address=2, disk="sdb"))
    done = await learning.ended()
    assert done.exit_code == 0, done.output
    assert [json.loads(line)["bay"] for line in done.stdout.splitlines()] == ["1", "2"]
    assert learnt(data_dir) == {"1": (f"{HERE}/usb2/1.1",), "2": ("platform/dummy_hcd.0/usb2/1",)}
    path = data_dir / "config.toml"
    assert path.read_text().startswith(WRITTEN)
    assert path.stat().st_mode & 0o777 == 0o640


async def test_the_other_side_of_a_connector_is_learnt_from_the_kernel(
    ports: MockedUsb, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports.there(device := Usb("4", [DISK], disk="sda"))
    ports.one_connector(device, f"{PCI}/usb2/2-0:1.0/usb2-port2")
    done = await Learning(data_dir, monkeypatch, "--present").ended()
    assert done.exit_code == 0, done.output
    assert learnt(data_dir) == {"1": (f"{HERE}/usb2/4", f"{HERE}/usb3/2")}


async def test_the_other_side_of_a_connector_is_learnt_by_plugging_in_twice(
    ports: MockedUsb, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learning = Learning(data_dir, monkeypatch, "--name", "left", "--twice")
    await learning.asks_for("left")
    await ports.plug(Usb("2", [DISK], disk="sda"))
    await learning.asks_for("left")
    await ports.plug(Usb("3", [DISK], bus=2, disk="sdb"))
    assert (await learning.ended()).exit_code == 0
    assert learnt(data_dir) == {"left": (f"{HERE}/usb2/2", f"{HERE}/usb3/3")}
    learning = Learning(data_dir, monkeypatch, "--name", "left")
    await learning.asks_for("left")
    await ports.plug(Usb("7", [DISK], address=9, disk="sdc"))
    assert (await learning.ended()).exit_code == 0
    assert learnt(data_dir) == {"left": (f"{HERE}/usb2/7",)}, "learnt anew"


async def test_what_belongs_to_the_dock_itself_is_learnt_once_and_is_no_bay(
    ports: MockedUsb, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports.there(Usb("9", [KEYBOARD], address=2))
    for _ in range(2):
        assert (await Learning(data_dir, monkeypatch, "--own").ended()).exit_code == 0
    assert config.load(data_dir).own_ports == (f"{HERE}/usb2/9",)
    assert (await Learning(data_dir, monkeypatch, "--present").ended()).exit_code == 0
    assert learnt(data_dir) == {}


async def test_time_that_is_over_is_a_failure_and_what_was_learnt_stays(
    ports: MockedUsb, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learning = Learning(data_dir, monkeypatch, "--count", "2", "--timeout", "2")
    await learning.asks_for("1")
    await ports.plug(Usb("1", [DISK], disk="sda"))
    done = await learning.ended()
    assert done.exit_code == 1
    assert "not all was plugged in within 2 s" in done.stderr, "in words, and not an empty line"
    assert list(learnt(data_dir)) == ["1"]


async def test_the_list_shows_what_is_in_each_bay_and_what_is_refused(ports: MockedUsb, data_dir: Path) -> None:
    with (data_dir / "config.toml").open("a") as file:
        for bay in (1, 2, 3):
            file.write(f'\n[[bay]]\nname = "{bay}"\nbackend = "udev"\nports = ["{HERE}/usb2/{bay}"]\n')
    ports.there(Usb("1", [DISK], disk="sda"))
    ports.there(Usb("2", [KEYBOARD, DISK], address=8, disk="sdb"))
    ports.there(Usb("8", [DISK], address=9, disk="sdc"))
    done = await asyncio.to_thread(CliRunner().invoke, main, ["--data", str(data_dir), "bays", "list", "--json"])
    assert done.exit_code == 0, done.output
    found = {row["bay"]: row["holds"] for row in json.loads(done.stdout)}
    assert found["1"] == "4255:0001 “Maker Recorder 0000007” /dev/sda"
    assert "键盘" in found["2"] and found["3"] == "" and found["reader"] == ""
    assert "no bay" in found[None]
