"""A card that lies, loops, is cut short or is no card harms nobody but itself."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

import pytest

from liuhen_agent.recorders import VolumeError, VolumeLimits
from liuhen_agent.recorders.volume import open_volume
from liuhen_agent.simulate.hostile import changing
from liuhen_agent.simulate.images import Kind, build_image
from support.cards import QUICK, card_files, content, listing_of, reason


@pytest.mark.parametrize("kind", ["fat32", "exfat"])
async def test_a_recording_that_was_cut_off_before_its_size_was_written_keeps_the_card_from_being_cleared(
    tmp_path: Path, kind: Kind
) -> None:
    files = card_files(tmp_path / "files", ("DCIM/CLIP1.MP4", "DCIM/CLIP2.MP4", "DCIM/EMPTY.MP4"))
    files[2].source.write_bytes(b"")
    image = build_image(tmp_path / "card.img", files, kind=kind)
    if kind == "fat32":
        with changing(image) as card:
            card.set_size("CLIP1.MP4", 0)
    else:
        card_bytes, size = bytearray(image.read_bytes()), files[0].source.stat().st_size.to_bytes(8, "little")
        at = card_bytes.find(size + bytes(4), 4096)  # valid data length, then the cluster, then the data length
        assert card_bytes[at - 8] == 0xC0 and card_bytes[at + 16 : at + 24] == size
        card_bytes[at : at + 8] = card_bytes[at + 16 : at + 24] = bytes(8)
        image.write_bytes(card_bytes)
    listing = await listing_of(image)
    assert len(listing.problems) == 1
    assert "CLIP1.MP4" in listing.problems[0] and "cut off" in listing.problems[0]


async def test_a_clip_said_to_be_larger_than_the_card_is_not_silently_left_out(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files", ("DCIM/CLIP1.MP4", "DCIM/CLIP2.MP4")))
    with changing(image) as card:
        card.set_size("CLIP1.MP4", 4_000_000_000)
    listing = await listing_of(image)
    assert [entry.path for entry in listing.files] == ["DCIM/CLIP2.MP4"]
    assert len(listing.problems) == 1
    assert "CLIP1.MP4" in listing.problems[0]


@pytest.mark.parametrize("size", [301_000, 20_000_000])
async def test_a_card_that_promises_more_bytes_than_it_has_fails_that_clip_only(tmp_path: Path, size: int) -> None:
    files = card_files(tmp_path / "files", ("CLIP1.MP4", "CLIP2.MP4"))
    image = build_image(tmp_path / "card.img", files)
    with changing(image) as card:
        card.set_size("CLIP1.MP4", size)
    volume = await open_volume(image, QUICK)
    liar, honest = sorted((await volume.inventory()).files, key=lambda entry: entry.path)
    assert liar.size == size
    assert await reason(volume, liar) in ("size-differs", "damaged")
    assert await content(volume, honest) == files[1].source.read_bytes()
    await volume.close()


async def test_a_file_whose_chain_leads_back_into_itself_ends_in_an_error(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files", ("CLIP1.MP4",)))
    with changing(image) as card:
        card.loop_file("CLIP1.MP4")
        card.set_size("CLIP1.MP4", 30_000_000)
    volume = await open_volume(image, QUICK)
    (entry,) = (await volume.inventory()).files
    assert await reason(volume, entry) in ("size-differs", "damaged")
    await volume.close()


async def test_a_directory_that_contains_itself_is_reported_and_left(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files", ("DCIM/SUB/CLIP1.MP4", "CLIP2.MP4")))
    with changing(image) as card:
        card.set_first_cluster("SUB", card.first_cluster("DCIM"))
    listing = await listing_of(image)
    assert "CLIP2.MP4" in [entry.path for entry in listing.files]
    assert len(listing.files) <= 3
    assert listing.problems


async def test_a_directory_whose_table_loops_ends(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files", ("DCIM/CLIP1.MP4",)))
    with changing(image) as card:
        card.loop_file("DCIM")
        card.set_next(card.root, card.root)
    try:
        listing = await listing_of(image)
    except VolumeError as error:
        assert error.why
    else:
        assert len(listing.files) <= 1 or listing.problems


async def test_a_file_that_lies_outside_the_disk_is_an_error(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files", ("CLIP1.MP4",)))
    with changing(image) as card:
        card.set_first_cluster("CLIP1.MP4", 0x0FFFFF00)
    try:
        volume = await open_volume(image, QUICK)
        listing = await volume.inventory()
    except VolumeError:
        return
    for entry in listing.files:
        assert await reason(volume, entry) in ("damaged", "size-differs")
    assert listing.files or listing.problems
    await volume.close()


@pytest.mark.parametrize("kind", ["fat32", "exfat", "ext4", "ntfs"])
async def test_a_truncated_card_never_gives_wrong_bytes(tmp_path: Path, kind: Kind) -> None:
    names = ("CLIP1.MP4", "CLIP2.MP4", "CLIP3.MP4")
    files = card_files(tmp_path / "files", names)
    image = build_image(tmp_path / "card.img", files, kind=kind)
    right = {hashlib.sha256(file.source.read_bytes()).hexdigest() for file in files}
    whole = image.stat().st_size
    for share in (0.9, 0.5, 0.1, 0.03):
        os.truncate(image, int(whole * share))
        try:
            volume = await open_volume(image, QUICK)
        except VolumeError as error:
            assert error.code in ("damaged", "no-file-system", "crashed", "timeout")
            continue
        try:
            for entry in (await volume.inventory()).files:
                assert hashlib.sha256(await content(volume, entry)).hexdigest() in right
        except VolumeError as error:
            assert error.code in ("damaged", "size-differs", "read-error", "crashed")
        await volume.close()


@pytest.mark.parametrize("kind", ["fat32", "exfat", "ext4", "ntfs"])
async def test_random_bytes_in_the_tables_end_in_an_error_or_a_listing(tmp_path: Path, kind: Kind) -> None:
    image = build_image(
        tmp_path / "card.img", card_files(tmp_path / "files", ("CLIP1.MP4", "CLIP2.MP4"), 5000), kind=kind
    )
    clean = image.read_bytes()
    limits = VolumeLimits(open_seconds=10, list_seconds=10, stall_seconds=10)
    for seed in range(4):  # more of it, and aimed better, in tests/attacks/test_fuzzed_file_systems.py
        chance = random.Random(seed)
        with image.open("r+b") as file:
            for _ in range(chance.choice((3, 30, 400))):
                file.seek(chance.randrange(min(len(clean), 1_500_000)))
                file.write(chance.randbytes(chance.choice((1, 4, 64))))
        try:
            volume = await open_volume(image, limits)
        except VolumeError as error:
            assert error.why
        else:
            try:
                for entry in (await volume.inventory()).files[:20]:
                    if entry.size < 10_000_000:
                        await content(volume, entry)
            except VolumeError as error:
                assert error.why
            await volume.close()
        image.write_bytes(clean)


@pytest.mark.parametrize("size", [0, 100, 5000, 200_000])
async def test_what_is_no_file_system_is_said_so(tmp_path: Path, size: int) -> None:
    image = tmp_path / "card.img"
    image.write_bytes(random.Random(size).randbytes(size))
    with pytest.raises(VolumeError) as failed:
        await open_volume(image, QUICK)
    assert failed.value.code == "no-file-system"


async def test_no_such_disk_and_a_folder_are_missing(tmp_path: Path) -> None:
    for path in (tmp_path / "none.img", tmp_path):
        with pytest.raises(VolumeError, match="missing"):
            await open_volume(path)
