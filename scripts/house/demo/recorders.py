"""Three simulated recorders: a FAT32 card, an exFAT card, and one that must be unlocked over its serial line first. Sample data, plainly so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from liuhen_agent.simulate.footage import make_card
from liuhen_agent.simulate.images import Kind, build_image
from liuhen_agent.simulate.serial_recorder import Character, SerialRecorder

PASSWORD = "000000"
ZONE = ZoneInfo("Asia/Shanghai")
FAST = timedelta(seconds=97)  # how far the serial recorder's clock is off


@dataclass(frozen=True)
class Recorder:
    """A recorder of the demonstration; `unlocked_by_serial` means that its card appears only after disk mode."""

    bay: str
    title: str
    serial: str
    officer: str
    kind: Kind
    clips: int
    unlocked_by_serial: bool = False


RECORDERS = (
    Recorder("1", "FAT32 存储卡 / FAT32 card", "DSJ7A01", "210301", "fat32", 4),
    Recorder("2", "exFAT 存储卡 / exFAT card", "DSJ7A02", "210327", "exfat", 3),
    Recorder("3", "串口解锁 / unlocked over its serial line", "0000127", "210355", "fat32", 3, unlocked_by_serial=True),
)


def _local_time() -> datetime:
    """What a right clock shows in the county, whatever zone this machine is in."""
    return datetime.now(ZONE).replace(tzinfo=None)


def make_image(recorder: Recorder, folder: Path) -> Path:
    """The recorder's card with real H.264 footage, named as real recorders name it."""
    begins = (_local_time() - timedelta(hours=6)).replace(microsecond=0)
    files = make_card(
        folder / recorder.serial, serial=recorder.serial, officer=recorder.officer, begins=begins, clips=recorder.clips
    )
    image = folder / f"{recorder.serial}.img"
    build_image(image, files, kind=recorder.kind, label=recorder.serial)
    return image


@contextmanager
def plugged(recorder: Recorder, image: Path, port: Path) -> Iterator[Path]:
    """Plugs the recorder into a port for as long as the block lasts; gives the place where its card is (or will be)."""
    port.mkdir(parents=True, exist_ok=True)
    if not recorder.unlocked_by_serial:
        card = port / image.name
        image.rename(card)
        yield card
        card.rename(image)
        return
    character = Character(
        serial=recorder.serial,
        officer=recorder.officer,
        password=PASSWORD,
        clock_offset=_local_time() - datetime.now() + FAST,
        reenumerate_seconds=1.0,
    )
    with SerialRecorder(port, image, character):
        yield port / image.name


def bays_config() -> str:
    """The dock's config.toml with one emulated port per recorder."""
    lines = ['zone = "Asia/Shanghai"', "parallel_readers = 3"]
    for recorder in RECORDERS:
        lines += ["", "[[bay]]", f'name = "{recorder.bay}"', 'backend = "image"', f'path = "bays/{recorder.bay}"']
    return "\n".join([*lines, ""])
