"""Cards are read without mounting: every byte and every name as it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from liuhen_agent.collect.who import who
from liuhen_agent.recorders import VolumeError, VolumeLimits
from liuhen_agent.recorders.volume import open_volume
from liuhen_agent.simulate.footage import CardFile
from liuhen_agent.simulate.hostile import changing
from liuhen_agent.simulate.images import Kind, Table, build_image
from support.cards import NAMES, QUICK, WHEN, card_files, content, listing_of, peak_memory


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("fat32", "none"),
        ("fat32", "mbr"),
        ("fat32", "gpt"),
        ("exfat", "none"),
        ("exfat", "mbr"),
        ("ext4", "none"),
        ("ext4", "gpt"),
    ],
)
async def test_every_file_is_listed_and_read_byte_for_byte(tmp_path: Path, kind: Kind, table: Table) -> None:
    files = card_files(tmp_path / "files")
    volume = await open_volume(build_image(tmp_path / "card.img", files, kind=kind, table=table, label="CAM0042"))
    info = volume.info
    assert (info.kind, info.label, info.offset) == (kind, "CAM0042", 0 if table == "none" else 1024 * 1024)
    assert info.volume_id
    assert info.free_bytes is not None
    assert 0 < info.free_bytes < info.total_bytes
    listing = await volume.inventory()
    assert (listing.deleted_seen, listing.problems) == (0, ())
    assert sorted(entry.path for entry in listing.files) == sorted(NAMES)
    for file in files:
        entry = next(entry for entry in listing.files if entry.path == file.path)
        assert entry.path_raw == file.path.encode()
        assert entry.modified == ("2026-11-22T09:30:14Z" if kind == "ext4" else "2026-11-22T09:30:14")
        assert await content(volume, entry) == file.source.read_bytes()
    await volume.close()


async def test_ntfs_is_read_byte_for_byte_even_where_the_file_lies_inside_its_record(tmp_path: Path) -> None:
    files = card_files(tmp_path / "files", ("clip.mp4", "现场.mp4"))
    small = tmp_path / "files" / "small"
    small.write_bytes(b"resident")
    files.append(CardFile("small.txt", small, WHEN))
    volume = await open_volume(build_image(tmp_path / "card.img", files, kind="ntfs", label="CAM0042"))
    assert (volume.info.kind, volume.info.label) == ("ntfs", "CAM0042")
    listing = await volume.inventory()
    assert {entry.path: await content(volume, entry) for entry in listing.files} == {
        file.path: file.source.read_bytes() for file in files
    }
    await volume.close()


def test_our_exfat_cards_are_clean_to_the_checker_of_exfatprogs(tmp_path: Path) -> None:
    names = tuple(f"DCIM/100MEDIA/{'长' * (number % 80)}{number:05d}.mp4" for number in range(300)) + NAMES
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files", names, 1000), kind="exfat")
    checked = subprocess.run(["/usr/sbin/fsck.exfat", "-n", str(image)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "files 303" in checked.stdout


@pytest.mark.parametrize("label", [None, "NO NAME", "no name"])
async def test_a_card_without_a_label_has_none(tmp_path: Path, label: str | None) -> None:
    """mkfs.vfat writes "NO NAME" where none is given; somebody may have typed it too. It is nobody's serial."""
    image = tmp_path / "card.img"
    with image.open("wb") as file:
        file.truncate(36 * 1024 * 1024)
    named = ["-n", label] if label else []
    subprocess.run(["mkfs.vfat", "-F", "32", *named, str(image)], check=True, capture_output=True)
    volume = await open_volume(image, QUICK)
    await volume.close()
    assert volume.info.label == ""
    assert who(None, volume.info, [], "1").serial == ""


@pytest.mark.parametrize("kind", ["fat32", "exfat", "ext4"])
async def test_empty_files_and_one_byte_are_read(tmp_path: Path, kind: Kind) -> None:
    files = card_files(tmp_path / "files", ("EMPTY.MP4", "ONE.MP4"), 0)
    files[1].source.write_bytes(b"x")
    volume = await open_volume(build_image(tmp_path / "card.img", files, kind=kind))
    listing = await volume.inventory()
    assert {entry.path: await content(volume, entry) for entry in listing.files} == {"EMPTY.MP4": b"", "ONE.MP4": b"x"}
    await volume.close()


async def test_exfat_bytes_that_were_reserved_and_never_written_are_zeros(tmp_path: Path) -> None:
    files = card_files(tmp_path / "files", ("CLIP1.MP4", "CLIP2.MP4"), 3_000_000)
    image = build_image(tmp_path / "card.img", files, kind="exfat", table="mbr")
    size = files[0].source.stat().st_size
    card = bytearray(image.read_bytes())
    at = card.find(size.to_bytes(8, "little"), card.find(b"\x85", 1024 * 1024 + 4096))  # valid data length comes first
    assert card[at - 8] == 0xC0
    card[at : at + 8] = (1_000_001).to_bytes(8, "little")
    image.write_bytes(card)
    volume = await open_volume(image)
    first, second = sorted((await volume.inventory()).files, key=lambda entry: entry.path)
    assert await content(volume, first) == files[0].source.read_bytes()[:1_000_001] + bytes(size - 1_000_001)
    assert await content(volume, second) == files[1].source.read_bytes()
    await volume.close()


async def test_deleted_clips_are_counted_and_not_listed(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files", ("A.MP4", "B.MP4", "C.MP4")))
    subprocess.run(["mdel", "-i", str(image), "::B.MP4"], check=True)
    listing = await listing_of(image)
    assert listing.deleted_seen == 1
    assert sorted(entry.path for entry in listing.files) == ["A.MP4", "C.MP4"]


async def test_names_of_any_bytes_are_listed_one_to_one_as_safe_text(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    raw_names = [
        b"line\nbreak.mp4",
        b"\xff\xfe.mp4",
        "王芳".encode("gbk") + b".mp4",
        b"a" * 255,
        b"100%.mp4",
        b"\\back",
        b"\x1b[2J",
    ]
    for name in raw_names:
        (tree / os.fsdecode(name)).write_bytes(name)
    image = tmp_path / "card.img"
    with image.open("wb") as file:
        file.truncate(8 * 1024 * 1024)
    subprocess.run(["/usr/sbin/mkfs.ext4", "-q", "-F", "-d", str(tree), str(image)], check=True)
    volume = await open_volume(image)
    listing = await volume.inventory()
    assert listing.problems == ()
    assert sorted(entry.path_raw for entry in listing.files) == sorted(raw_names)
    assert len({entry.path for entry in listing.files}) == len(raw_names)
    assert all(entry.path.isprintable() for entry in listing.files)
    for entry in listing.files:
        assert await content(volume, entry) == entry.path_raw
    await volume.close()


async def test_short_names_in_gbk_keep_their_bytes_and_are_not_mixed_up(tmp_path: Path) -> None:
    files = card_files(tmp_path / "files", ("DCIM/ABCDEFGH.MP4", "DCIM/ABCDEFGI.MP4"), 1000)
    image = build_image(tmp_path / "card.img", files)
    content_now = image.read_bytes()
    new = {"ABCDEFGH": "现场检查".encode("gbk"), "ABCDEFGI": "现场检验".encode("gbk")}
    for old, name in new.items():
        content_now = content_now.replace(f"{old}MP4".encode(), name + b"MP4")
    image.write_bytes(content_now)
    volume = await open_volume(image)
    listing = await volume.inventory()
    assert listing.problems == ()
    assert {entry.path_raw: await content(volume, entry) for entry in listing.files} == {
        b"DCIM/" + name + b".MP4": file.source.read_bytes() for name, file in zip(new.values(), files, strict=True)
    }
    await volume.close()


async def test_two_entries_of_one_name_are_two_clips(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files", ("CLIP1.MP4", "CLIP2.MP4")))
    image.write_bytes(image.read_bytes().replace(b"CLIP2   MP4", b"CLIP1   MP4"))
    listing = await listing_of(image)
    assert len({entry.path for entry in listing.files}) == 2
    assert len({entry.path_raw for entry in listing.files}) == 2


async def test_a_fat_name_that_leads_upwards_is_only_a_name(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files", ("DCIM/xx_xx_evil.mp4",)))
    with changing(image) as card:
        card.replace_in_long_name("xx_xx", "../..")
    listing = await listing_of(image)
    for entry in listing.files:
        assert ".." not in entry.path.split("/")
    assert len(listing.files) + len(listing.problems) == 1


async def test_twenty_thousand_files_are_listed(tmp_path: Path) -> None:
    source = tmp_path / "x"
    source.write_bytes(b"x")
    files = [CardFile(f"DCIM/{number // 5000}/C{number:05d}.MP4", source, WHEN) for number in range(20_000)]
    image = build_image(tmp_path / "card.img", files, kind="exfat", size=128 * 1024 * 1024)
    volume = await open_volume(image, QUICK)
    listing = await volume.inventory()
    assert len(listing.files) == 20_000
    assert len({entry.path for entry in listing.files}) == 20_000
    assert peak_memory(volume) < 40 * 1024 * 1024
    await volume.close()
    with pytest.raises(VolumeError, match="too-many"):
        await listing_of(image, VolumeLimits(entries=10_000))


async def test_a_large_ext4_folder_with_an_index_is_listed_exactly(tmp_path: Path) -> None:
    source = tmp_path / "x"
    source.write_bytes(b"x")
    names = [f"DCIM/C{number:05d}_{'名' * 12}.MP4" for number in range(2500)]
    image = build_image(tmp_path / "card.img", [CardFile(name, source, WHEN) for name in names], kind="ext4")
    subprocess.run(["/usr/sbin/e2fsck", "-fyD", str(image)], capture_output=True)  # builds the index
    listing = await listing_of(image)
    assert sorted(entry.path for entry in listing.files) == names
    assert listing.problems == ()
