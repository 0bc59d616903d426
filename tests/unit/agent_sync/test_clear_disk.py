"""A recorder's card gets a fresh file system that looks as its own firmware made it, and an interruption spoils nothing."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from liuhen_agent.clear import call, format, geometry
from liuhen_agent.clear.rule import Method
from liuhen_agent.journal import queries
from liuhen_agent.recorders import VolumeInfo
from liuhen_agent.recorders.volume import open_volume
from liuhen_agent.simulate import exfat
from liuhen_agent.simulate.footage import CardFile
from unit.agent_sync.world import SESSION, World, enrolled

MIB = 1 << 20
CLIPS = {"CLIP0001.MP4": b"first " * 50_000, "CLIP0002.MP4": os.urandom(700_000)}


@dataclass(frozen=True)
class Card:
    """How a card was formatted: program and options, size and partition offset in bytes."""

    command: tuple[str, ...]
    size: int
    offset: int = 0


CARDS = {
    "fat32": Card(("mkfs.vfat", "-F", "32", "-s", "1", "-i", "1234abcd", "-n", "0000127"), 36 * MIB),
    "fat32_in_a_partition": Card(
        ("mkfs.vfat", "-F", "32", "-s", "1", "-i", "00000001", "-n", "CAM01", "-h", "2048"), 36 * MIB, MIB
    ),
    "fat32_without_label": Card(("mkfs.vfat", "-F", "32", "-s", "1", "-i", "cafe0001"), 36 * MIB),
    "fat16": Card(("mkfs.vfat", "-F", "16", "-s", "4", "-i", "77778888", "-n", "OLD CARD"), 20 * MIB),
    "fat12": Card(("mkfs.vfat", "-F", "12", "-s", "8", "-i", "11112222", "-n", "TINY"), 8 * MIB),
    "exfat": Card(("mkfs.exfat", "-c", "32K", "-L", "执法记录仪01"), 8 * MIB),
    "exfat_in_a_partition": Card(("mkfs.exfat", "-c", "128K", "-L", "CAM02"), 12 * MIB, 4 * MIB),
}


def make_card(path: Path, card: Card) -> Path:
    """A disk image with this file system and the clips in it; with an MBR where the partition begins later."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.truncate(card.size)
    subprocess.run([*card.command, str(part)], check=True, capture_output=True)
    for name, data in CLIPS.items():
        (path.parent / name).write_bytes(data)
    if card.command[0] == "mkfs.exfat":
        exfat.add_files(part, [CardFile(name, path.parent / name, datetime(2026, 11, 20, 18, 2, 10)) for name in CLIPS])
    else:
        sources = [str(path.parent / name) for name in CLIPS]
        subprocess.run(["mcopy", "-i", str(part), *sources, "::/"], check=True)
    with path.open("wb") as file:
        if card.offset:
            kind = 0x07 if card.command[0] == "mkfs.exfat" else 0x0C
            entry = bytes([0, 0, 0, 0, kind, 0, 0, 0])
            entry += (card.offset // 512).to_bytes(4, "little") + (card.size // 512).to_bytes(4, "little")
            file.write((bytes(446) + entry).ljust(510, b"\0") + b"\x55\xaa")
        file.seek(card.offset)
        with part.open("rb") as source:
            while piece := source.read(MIB):
                file.write(piece)
    part.unlink()
    return path


async def listed(path: Path) -> tuple[VolumeInfo, list[str]]:
    volume = await open_volume(path)
    try:
        return volume.info, [entry.path for entry in (await volume.inventory()).files]
    finally:
        await volume.close()


def fsck(image: Path, card: Card, folder: Path) -> None:
    """The file system's own checker finds nothing to complain about."""
    part = folder / "checked.part"
    data = image.read_bytes()
    part.write_bytes(data[card.offset : card.offset + card.size])
    if card.command[0] == "mkfs.exfat":
        done = subprocess.run(["fsck.exfat", "-n", str(part)], capture_output=True, text=True)
    else:
        done = subprocess.run(["fsck.fat", "-n", str(part)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


async def receipted_card(world: World, folder: Path, card: Card) -> Path:
    image = await world.dock_image(make_card(folder / "made.img", card))
    await world.sync()
    return image


@pytest.mark.parametrize("name", CARDS)
async def test_card_is_made_anew_with_the_same_kind_label_id_and_cluster_size(tmp_path: Path, name: str) -> None:
    card = CARDS[name]
    async with enrolled(tmp_path) as (world, _archive):
        image = await receipted_card(world, tmp_path, card)
        before, files = await listed(image)
        assert sorted(files) == sorted(CLIPS)
        boot_before = geometry.read_boot(_read(image, card.offset, 512))
        first_bytes = _read(image, 0, card.offset)
        outcome = await world.clear(image, Method.FORMAT)
        assert outcome.cleared, outcome
        assert (outcome.removed, outcome.method) == (2, "format")
        after, left = await listed(image)
        assert left == []
        assert (after.kind, after.label, after.volume_id, after.cluster_size, after.offset) == (
            before.kind,
            before.label,
            before.volume_id,
            before.cluster_size,
            before.offset,
        )
        boot_after = geometry.read_boot(_read(image, card.offset, 512))
        assert (boot_after.volume_id, boot_after.cluster_size) == (boot_before.volume_id, boot_before.cluster_size)
        assert image.stat().st_size == card.offset + card.size
        assert _read(image, 0, card.offset) == first_bytes
        fsck(image, card, tmp_path)
        assert not list((world.data_dir / "clear").glob("*.plan"))


@pytest.mark.parametrize("name", ["fat32_in_a_partition", "fat16", "exfat"])
@pytest.mark.parametrize("part", [0.1, 0.7, 1.0])
async def test_interrupted_clearing_is_completed_by_repeating_it(tmp_path: Path, name: str, part: float) -> None:
    card = CARDS[name]
    async with enrolled(tmp_path) as (world, _archive):
        image = await receipted_card(world, tmp_path, card)
        before, _files = await listed(image)
        clear_folder = world.data_dir / "clear"
        clear_folder.mkdir()
        disk = os.open(image, os.O_RDWR)
        plan = format.make_plan(disk, before, clear_folder)
        format.keep(clear_folder / f"{SESSION}.plan", plan)
        size = len(plan.image)  # it writes backwards: what a cut leaves is the new end after the old beginning
        start = int(size * (1 - part)) if part < 1 else 512
        os.pwrite(disk, plan.image[start:], plan.offset + start)
        os.close(disk)
        outcome = await world.clear(image, Method.FORMAT)
        assert outcome.cleared, outcome
        after, left = await listed(image)
        assert (left, after.volume_id, after.label) == ([], before.volume_id, before.label)
        fsck(image, card, tmp_path)


async def test_clearing_that_was_interrupted_is_completed_in_the_recorders_next_stay(tmp_path: Path) -> None:
    card = CARDS["fat32"]
    async with enrolled(tmp_path) as (world, _archive):
        image = await receipted_card(world, tmp_path, card)
        info, _files = await listed(image)
        clear_folder = world.data_dir / "clear"
        clear_folder.mkdir()
        disk = os.open(image, os.O_RDWR)
        plan = format.make_plan(disk, info, clear_folder)
        format.keep(clear_folder / f"{SESSION}.plan", plan)
        os.pwrite(disk, plan.image[len(plan.image) // 2 :], plan.offset + len(plan.image) // 2)
        os.close(disk)
        await world.collect(await open_volume(image), "s2")
        await world.send_entries()
        outcome = await world.clear(image, Method.FORMAT, "s2")
        assert outcome.cleared, outcome
        fsck(image, card, tmp_path)
        assert not list(clear_folder.glob("*.plan"))


async def test_interrupted_clearing_is_not_completed_on_another_recorder(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, _archive):
        image = await receipted_card(world, tmp_path, CARDS["fat32"])
        info, _files = await listed(image)
        clear_folder = world.data_dir / "clear"
        clear_folder.mkdir()
        disk = os.open(image, os.O_RDONLY)
        format.keep(clear_folder / f"{SESSION}.plan", format.make_plan(disk, info, clear_folder))
        os.close(disk)
        other = make_card(tmp_path / "other.img", CARDS["fat32_in_a_partition"])
        content = other.read_bytes()
        other.replace(image)
        outcome = await world.clear(image, Method.FORMAT)
        assert (outcome.cleared, outcome.code) == (False, "failed")
        assert image.read_bytes() == content


async def test_card_with_the_boot_sector_of_an_interrupted_one_keeps_its_own_label(tmp_path: Path) -> None:
    """Makers format every card of a model with one volume id: only the label in the root folder tells them apart."""
    async with enrolled(tmp_path) as (world, _archive):
        image = await receipted_card(world, tmp_path, CARDS["exfat"])
        info, _files = await listed(image)
        clear_folder = world.data_dir / "clear"
        clear_folder.mkdir()
        disk = os.open(image, os.O_RDONLY)
        plan_file = clear_folder / f"{SESSION}.plan"
        format.keep(plan_file, format.make_plan(disk, info, clear_folder))
        os.close(disk)
        card, old = bytearray(image.read_bytes()), "执法记录仪01".encode("utf-16-le")
        at = card.find(old)
        card[at : at + len(old)] = "执法记录仪02".encode("utf-16-le")
        image.write_bytes(card)
        await world.collect(await open_volume(image), "s2")
        await world.send_entries()
        assert call.interrupted_stay(world.data_dir, image, "执法记录仪02") is None
        outcome = await world.clear(image, Method.FORMAT, "s2")
        assert outcome.cleared, outcome
        assert (await listed(image))[0].label == "执法记录仪02"
        assert plan_file.exists(), "the other card is still to be completed"


async def test_card_is_not_formatted_without_every_receipt(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, _archive):
        image = await world.dock_image(make_card(tmp_path / "made.img", CARDS["fat32"]))
        await world.send_entries()
        clips = await world.journal.ask(queries.clips_to_upload)
        await world.uploader().upload(clips[0])
        await world.fetch_receipts()
        content = image.read_bytes()
        outcome = await world.clear(image, Method.FORMAT)
        assert (outcome.cleared, outcome.code) == (False, "no-receipt")
        assert image.read_bytes() == content


async def test_disk_is_not_cleared_through_a_link(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, _archive):
        image = await receipted_card(world, tmp_path, CARDS["fat16"])
        elsewhere = tmp_path / "elsewhere.img"
        image.rename(elsewhere)
        image.symlink_to(elsewhere)
        content = elsewhere.read_bytes()
        outcome = await world.clear(image, Method.FORMAT)
        assert (outcome.cleared, outcome.code) == (False, "failed")
        assert elsewhere.read_bytes() == content


@pytest.mark.parametrize("method", [Method.NEVER, Method.DELETE])
async def test_disk_is_not_cleared_in_a_way_that_is_not_its_own(tmp_path: Path, method: Method) -> None:
    async with enrolled(tmp_path) as (world, _archive):
        image = await receipted_card(world, tmp_path, CARDS["fat16"])
        content = image.read_bytes()
        assert not (await world.clear(image, method)).cleared
        assert image.read_bytes() == content


def _read(path: Path, at: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(at)
        return file.read(length)
