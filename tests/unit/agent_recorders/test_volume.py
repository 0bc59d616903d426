"""Cards are read without mounting: every byte and every name as it is, and a hostile card harms nobody but itself."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
import subprocess
import time
from datetime import datetime
from pathlib import Path

import pytest

from liuhen_agent.collect.who import who
from liuhen_agent.recorders import FileEntry, Listing, Volume, VolumeError, VolumeLimits
from liuhen_agent.recorders.directory import open_directory
from liuhen_agent.recorders.volume import DiskVolume, open_volume
from liuhen_agent.simulate.footage import CardFile
from liuhen_agent.simulate.hostile import changing
from liuhen_agent.simulate.images import Kind, Table, build_image

WHEN = datetime(2026, 11, 22, 9, 30, 14)
NAMES = ("DCIM/100MEDIA/DSJ7A01_01234520261122093014_0001_IMP.MP4", "DCIM/100MEDIA/现场检查.mp4", "LOG/20261122.txt")
QUICK = VolumeLimits(open_seconds=20, list_seconds=20, stall_seconds=20)


def card_files(folder: Path, names: tuple[str, ...] = NAMES, size: int = 300_000) -> list[CardFile]:
    folder.mkdir(exist_ok=True)
    files = []
    for number, name in enumerate(names):
        source = folder / f"bytes{number}"
        source.write_bytes(random.Random(number).randbytes(size + number * 977))
        files.append(CardFile(name, source, WHEN))
    return files


def read_all(volume_stream: object) -> bytes:
    stream, whole, buffer = volume_stream, bytearray(), bytearray(64 * 1024)
    try:
        while count := stream.readinto(buffer):  # type: ignore[attr-defined]
            whole += buffer[:count]
    finally:
        stream.close()  # type: ignore[attr-defined]
    return bytes(whole)


async def content(volume: Volume, entry: FileEntry) -> bytes:
    return await asyncio.to_thread(read_all, await volume.open_clip(entry))


async def reason(volume: Volume, entry: FileEntry) -> str:
    with pytest.raises(VolumeError) as failed:
        await content(volume, entry)
    assert failed.value.why
    return failed.value.code


async def listing_of(path: Path, limits: VolumeLimits = QUICK) -> Listing:
    volume = await open_volume(path, limits)
    try:
        return await volume.inventory()
    finally:
        await volume.close()


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


def peak_memory(volume: DiskVolume) -> int:
    status = Path(f"/proc/{volume.reader_pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


async def test_the_reader_is_small(tmp_path: Path) -> None:
    volume = await open_volume(build_image(tmp_path / "card.img", card_files(tmp_path / "files")))
    for entry in (await volume.inventory()).files:
        await content(volume, entry)
    assert peak_memory(volume) < 25 * 1024 * 1024
    await volume.close()


# -- hostile cards


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


# -- the reader dies or hangs


async def test_a_killed_parser_that_puts_a_clip_together_is_an_error_and_not_the_end_of_the_clip(
    tmp_path: Path,
) -> None:
    files = card_files(tmp_path / "files", ("CLIP1.MP4",), 8_000_000)
    volume = await open_volume(build_image(tmp_path / "card.img", files, kind="ntfs"))
    (entry,) = (await volume.inventory()).files
    stream = await volume.open_clip(entry)
    buffer = bytearray(100_000)
    assert stream.readinto(buffer) == 100_000
    os.kill(volume.reader_pid, signal.SIGKILL)
    with pytest.raises(VolumeError, match="crashed"):
        await asyncio.to_thread(lambda: read_all(stream))
    with pytest.raises(VolumeError, match="crashed"):
        await volume.inventory()
    await volume.close()


async def test_a_reader_that_hangs_is_stopped_after_its_time(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files"))
    volume = await open_volume(image, VolumeLimits(list_seconds=0.2))
    os.kill(volume.reader_pid, signal.SIGSTOP)  # stands for a card that no longer answers
    with pytest.raises(VolumeError, match="timeout"):
        await volume.inventory()
    assert not Path(f"/proc/{volume.reader_pid}").exists()


async def test_a_parser_that_stops_giving_bytes_is_noticed(tmp_path: Path) -> None:
    files = card_files(tmp_path / "files", ("CLIP1.MP4",), 8_000_000)
    volume = await open_volume(build_image(tmp_path / "card.img", files, kind="ntfs"), VolumeLimits(stall_seconds=0.2))
    (entry,) = (await volume.inventory()).files
    stream = await volume.open_clip(entry)
    os.kill(volume.reader_pid, signal.SIGSTOP)
    with pytest.raises(VolumeError, match="timeout"):
        await asyncio.to_thread(lambda: read_all(stream))


async def test_a_reader_over_its_memory_is_an_error(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files"))
    with pytest.raises(VolumeError):
        await open_volume(image, VolumeLimits(memory_bytes=12 * 1024 * 1024))


async def test_a_clip_left_half_way_does_not_disturb_the_next(tmp_path: Path) -> None:
    files = card_files(tmp_path / "files", ("CLIP1.MP4", "CLIP2.MP4"), 8_000_000)
    volume = await open_volume(build_image(tmp_path / "card.img", files))
    first, second = sorted((await volume.inventory()).files, key=lambda entry: entry.path)
    stream = await volume.open_clip(first)
    stream.readinto(bytearray(10))
    with pytest.raises(VolumeError, match="busy"):
        await volume.open_clip(second)
    stream.close()
    assert await content(volume, second) == files[1].source.read_bytes()
    await volume.close()


async def test_closing_wakes_a_waiting_reader(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files"))
    volume = await open_volume(image)
    os.kill(volume.reader_pid, signal.SIGSTOP)
    listing = asyncio.create_task(volume.inventory())
    await asyncio.sleep(0)
    began = time.monotonic()
    while volume._busy.acquire(blocking=False):  # until the listing has begun
        volume._busy.release()
        await asyncio.sleep(0.001)
        assert time.monotonic() - began < 10
    await volume.close()
    with pytest.raises(VolumeError):
        await asyncio.wait_for(listing, 10)


# -- folders


async def test_a_folder_is_read_like_a_card(tmp_path: Path) -> None:
    root = tmp_path / "folder"
    (root / "DCIM").mkdir(parents=True)
    (root / "DCIM" / "a.mp4").write_bytes(b"abc" * 100_000)
    (root / "b\n.txt").write_bytes(b"")
    volume = await open_directory(root)
    listing = await volume.inventory()
    assert [entry.path for entry in listing.files] == ["DCIM/a.mp4", "b%0A.txt"]
    assert await content(volume, listing.files[0]) == b"abc" * 100_000
    assert await content(volume, listing.files[1]) == b""
    await volume.close()
    with pytest.raises(VolumeError, match="closed"):
        await volume.inventory()


async def test_links_and_special_files_of_a_folder_are_reported_and_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "folder"
    root.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "link.mp4").symlink_to(tmp_path / "secret")
    (root / "linked").symlink_to(tmp_path)
    os.mkfifo(root / "fifo.mp4")
    (root / "real.mp4").write_bytes(b"x")
    volume = await open_directory(root)
    listing = await volume.inventory()
    assert [entry.path for entry in listing.files] == ["real.mp4"]
    assert len(listing.problems) == 3
    (root / "real.mp4").unlink()
    (root / "real.mp4").symlink_to(tmp_path / "secret")
    assert await reason(volume, listing.files[0]) == "read-error"
    for path in (b"../secret", b"linked/secret", b"/etc/passwd"):
        assert await reason(volume, FileEntry(path, "x", 6, None, 0)) in ("read-error", "not-a-file")
    await volume.close()


async def test_a_file_that_changes_its_size_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x" * 1000)
    volume = await open_directory(tmp_path)
    (entry,) = (await volume.inventory()).files
    for new in (b"x" * 999, b"x" * 1001):
        stream = await volume.open_clip(entry)
        (tmp_path / "a.mp4").write_bytes(new)
        with pytest.raises(VolumeError, match="size-differs"):
            read_all(stream)
        assert await reason(volume, entry) == "size-differs"
        (tmp_path / "a.mp4").write_bytes(b"x" * 1000)
    await volume.close()
