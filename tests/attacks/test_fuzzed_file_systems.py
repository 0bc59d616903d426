"""Cards whose structures were altered on purpose, by seed: each ends as a listing or a VolumeError, within its limits, and harms nobody.

Only sectors that hold something are altered, so nearly every change is seen by the parser: numbers become extreme ones, bits flip, a
sector becomes another of the same card. `FUZZ_SEEDS=500` looks longer.
"""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest

from liuhen_agent.bay import State
from liuhen_agent.detect import Bay
from liuhen_agent.journal import queries, read_only
from liuhen_agent.recorders import ClipStream, VolumeError, VolumeLimits
from liuhen_agent.recorders.volume import DiskVolume, open_volume
from liuhen_agent.simulate.images import Kind, build_image
from support import dock_alone
from support.cards import card_files

SEEDS = int(os.environ.get("FUZZ_SEEDS", "25"))
KINDS: tuple[Kind, ...] = ("fat32", "exfat", "ext4", "ntfs")
LIMITS = VolumeLimits(open_seconds=10, list_seconds=15, stall_seconds=10, memory_bytes=512 << 20, entries=5_000)
SECTOR = 512
EXTREMES = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFF7,
    0xFFFFFFFF,
    (1 << 63) - 1,
)
CODES = {
    "no-file-system",
    "damaged",
    "crashed",
    "timeout",
    "memory",
    "too-many",
    "size-differs",
    "read-error",
    "not-a-file",
}


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, bytes]:
    made = {}
    for kind in KINDS:
        folder = tmp_path_factory.mktemp(kind)
        names = [f"CLIP{number}.MP4" for number in range(6)]
        names = names if kind == "ntfs" else [f"DCIM/{number % 2}/{name}" for number, name in enumerate(names)]
        image = build_image(folder / "card.img", card_files(folder / "files", tuple(names), 4_000), kind=kind)
        made[kind] = image.read_bytes()
    return made


def telling_sectors(card: bytes) -> list[int]:
    """Where something is written, the tables before the clips' own bytes."""
    zeros = bytes(SECTOR)
    return [at for at in range(0, len(card), SECTOR) if card[at : at + SECTOR] != zeros][:400]


def altered(card: bytes, seed: int) -> bytes:
    dice, found = random.Random(seed), bytearray(card)
    sectors = telling_sectors(card)
    for _ in range(dice.choice((1, 4, 16, 64))):
        at = dice.choice(sectors)
        place = at + dice.randrange(SECTOR - 8)
        match dice.randrange(4):
            case 0:
                width = dice.choice((1, 2, 4, 8))
                value = dice.choice(EXTREMES) & ((1 << 8 * width) - 1)
                found[place : place + width] = value.to_bytes(width, "little")
            case 1:
                found[place] ^= 1 << dice.randrange(8)
            case 2:
                other = dice.choice(sectors)
                found[at : at + SECTOR] = card[other : other + SECTOR]
            case 3:
                found[place : place + 4] = ((found[place] + dice.choice((-1, 1, 256))) & 0xFFFFFFFF).to_bytes(
                    4, "little"
                )
    return bytes(found)


def peak(volume: DiskVolume) -> int:
    status = Path(f"/proc/{volume.reader_pid}/status")
    text = status.read_text() if status.exists() else ""
    return int(text.split("VmHWM:")[1].split()[0]) * 1024 if "VmHWM:" in text else 0


async def look_through(image: Path) -> str:
    """Everything a dock does with a card; gives the code it ended with, "" for none."""
    try:
        volume = await open_volume(image, LIMITS)
    except VolumeError as error:
        return error.code
    try:
        listing = await volume.inventory()
        assert len(listing.files) <= LIMITS.entries and len(listing.deleted) <= 1_000
        for entry in listing.files[:20]:
            assert ".." not in entry.path.split("/") and entry.path.isprintable()
            if entry.size < 1 << 20:
                await asyncio.to_thread(read_through, await volume.open_clip(entry), entry.size)
        assert peak(volume) < LIMITS.memory_bytes
        return ""
    except VolumeError as error:
        return error.code
    finally:
        await volume.close()


def read_through(stream: ClipStream, size: int) -> None:
    buffer, read = bytearray(1 << 16), 0
    try:
        while count := stream.readinto(buffer):
            read += count
        assert read == size
    finally:
        stream.close()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("kind", KINDS)
async def test_an_altered_card_ends_as_a_listing_or_a_clear_error_within_its_limits(
    tmp_path: Path, cards: dict[Kind, bytes], kind: Kind
) -> None:
    image = tmp_path / "card.img"
    image.write_bytes(cards[kind])
    assert await look_through(image) == ""
    before = descriptors()
    for seed in range(SEEDS):
        image.write_bytes(altered(cards[kind], seed))
        code = await look_through(image)
        assert code in CODES | {""}, (kind, seed, code)
    async with asyncio.timeout(20):
        while descriptors() > before:  # a thread that read the disk lets go of its descriptors by itself
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("kind", ["fat32", "exfat"])
async def test_a_dock_with_altered_cards_goes_on_with_the_others(
    tmp_path: Path, cards: dict[Kind, bytes], kind: Kind
) -> None:
    data_dir = tmp_path / "dock"
    dock_alone.enrol(data_dir)
    bays = []
    for seed in range(3):
        (tmp_path / f"port{seed}").mkdir()
        (tmp_path / f"port{seed}" / "card.img").write_bytes(altered(cards[kind], 1000 + seed))
        bays.append(Bay(f"altered-{seed}", "image", tmp_path / f"port{seed}"))
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "clip.mp4").write_bytes(b"a clip of somebody else")
    views = await dock_alone.run_until_idle(data_dir, *bays, Bay("good", "directory", tmp_path / "good"))
    assert [view.state for view in views if view.bay == "good"] == [State.READY]
    for view in views[:-1]:
        assert view.state in (State.FAILED, State.QUARANTINED, State.READY), view
        assert view.state is not State.FAILED or view.note, "a reason for the officer"
    with read_only(dock_alone.journal_of(data_dir)) as db:
        assert queries.open_sessions(db) == []
