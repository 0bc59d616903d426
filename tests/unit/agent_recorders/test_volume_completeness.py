"""What is not there any more, and what belongs to nobody: deleted entries by name, and space that no entry owns."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from liuhen_agent.simulate.exfat import _Image
from liuhen_agent.simulate.hostile import changing
from liuhen_agent.simulate.images import Kind, Table, build_image
from support.cards import card_files, listing_of

NAMES = ("DCIM/A.MP4", "DCIM/DSJ7A01_01234520261122093014_0002.MP4", "DCIM/现场.MP4")


def delete_in_exfat(image: Path, size: int) -> None:
    """As every driver does it: the entry set is marked as not in use, its clusters are given back."""
    card = bytearray(image.read_bytes())
    at = card.find(size.to_bytes(8, "little"), 4096) - 40  # valid data length comes first in the stream entry
    assert card[at] == 0x85 and card[at + 32] == 0xC0
    for entry in range(1 + card[at + 1]):
        card[at + 32 * entry] &= 0x7F
    with image.open("r+b") as file:
        disk = _Image(file.fileno())
        first = int.from_bytes(card[at + 52 : at + 56], "little") - 2
        for index in range(first, first + -(-size // disk.cluster)):
            disk.bitmap[index // 8] &= ~(1 << index % 8)
        file.write(card)
        file.seek(disk.bitmap_place)
        file.write(disk.bitmap)


async def test_deleted_clips_are_named_with_their_size_and_time_as_far_as_a_fat_card_still_says(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files", NAMES))
    for name in NAMES[:2]:
        subprocess.run(["mdel", "-i", str(image), f"::{name}"], check=True)
    listing = await listing_of(image)
    assert [entry.path for entry in listing.files] == ["DCIM/现场.MP4"]
    assert listing.deleted_seen == len(listing.deleted) == 2
    found = {entry.path: (entry.size, entry.modified) for entry in listing.deleted}
    assert found["DCIM/_.MP4"] == (300_000, "2026-11-22T09:30:14")  # FAT writes over the first letter of a short name
    assert ("DCIM/DSJ7A01_01234520261122093014_0002.MP4", (300_977, "2026-11-22T09:30:14")) in found.items()
    assert listing.unowned_bytes == 0


async def test_deleted_clips_of_an_exfat_card_keep_their_whole_names(tmp_path: Path) -> None:
    files = card_files(tmp_path / "files", NAMES)
    image = build_image(tmp_path / "card.img", files, kind="exfat")
    delete_in_exfat(image, files[2].source.stat().st_size)
    listing = await listing_of(image)
    assert sorted(entry.path for entry in listing.files) == sorted(NAMES[:2])
    [gone] = listing.deleted
    assert (gone.path, gone.size, gone.modified) == ("DCIM/现场.MP4", 301_954, "2026-11-22T09:30:14")
    assert (listing.deleted_seen, listing.unowned_bytes) == (1, 0)


async def test_of_many_deleted_entries_the_first_thousand_are_named_and_all_are_counted(tmp_path: Path) -> None:
    names = tuple(f"C{number:04d}.MP4" for number in range(1_100))
    files = card_files(tmp_path / "files", names[:1], 1)
    image = build_image(tmp_path / "card.img", [type(files[0])(n, files[0].source, files[0].modified) for n in names])
    subprocess.run(["mdel", "-i", str(image), "::*.MP4"], check=True)
    listing = await listing_of(image)
    assert (len(listing.files), len(listing.deleted), listing.deleted_seen) == (0, 1_000, 1_100)


@pytest.mark.parametrize(("kind", "table"), [("fat32", "none"), ("fat32", "gpt"), ("exfat", "none"), ("exfat", "mbr")])
async def test_on_a_sound_card_every_cluster_in_use_has_an_owner(tmp_path: Path, kind: Kind, table: Table) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files", NAMES), kind=kind, table=table)
    assert (await listing_of(image)).unowned_bytes == 0


@pytest.mark.parametrize("kind", ["ext4", "ntfs"])
async def test_where_it_cannot_be_said_what_is_unowned_nothing_is_claimed(tmp_path: Path, kind: Kind) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files", ("A.MP4",)), kind=kind)
    assert (await listing_of(image)).unowned_bytes is None


async def test_clusters_of_a_recording_whose_entry_was_lost_are_reported(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files", ("A.MP4", "B.MP4")))
    with changing(image) as card:
        lost = len(card.chain(card.first_cluster("A.MP4"))) * card.cluster
        card.mark_deleted("A.MP4")  # the entry goes, the chain stays
    listing = await listing_of(image)
    assert ([entry.path for entry in listing.files], listing.unowned_bytes) == (["B.MP4"], lost)
    assert listing.problems == (), "harmless leftovers are said, and do not keep a recorder from being cleared"


async def test_bits_of_an_exfat_bitmap_without_an_entry_are_reported(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files", ("A.MP4",)), kind="exfat")
    with image.open("r+b") as file:
        disk = _Image(file.fileno())
        disk.allocate(5 * disk.cluster)
        disk.finish()
        cluster = disk.cluster
    assert (await listing_of(image)).unowned_bytes == 5 * cluster


async def test_chains_that_loop_or_lead_nowhere_end(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files", ("A.MP4", "B.MP4", "C.MP4")))
    with changing(image) as card:
        card.loop_file("A.MP4")
        card.set_next(card.first_cluster("B.MP4"), 0x0FFFFF00)
        card.set_first_cluster("C.MP4", 0x0FFFFFF0)
    listing = await listing_of(image)
    assert listing.unowned_bytes is not None and listing.unowned_bytes > 0
