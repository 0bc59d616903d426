"""The inventory: everything on the recorder is said, in statements that the log takes."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from liuhen_agent.collect.inventory import plan, reading_order, statements
from liuhen_agent.collect.who import who
from liuhen_agent.recorders import DeletedEntry, FileEntry, Listing, VolumeInfo
from liuhen_agent.recorders.names import ClipName
from liuhen_agent.recorders.profile import default_folder, load_profiles
from liuhen_agent.recorders.safe_path import safe_path
from liuhen_protocol import dsse
from liuhen_protocol.events import RecorderInventory
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Clock, Link, Statement, place_in_chain, read_statement, write_statement

PROFILE = next(profile for profile in load_profiles(default_folder()) if profile.name == "oem-dcim")
SIGNER = Ed25519Signer.from_seed(bytes(32))


def listing(*raws: bytes, size: int = 1, deleted: int = 0) -> Listing:
    return Listing(tuple(FileEntry(raw, safe_path(raw), size, None, n) for n, raw in enumerate(raws)), deleted)


def sealed(event: RecorderInventory) -> Statement:
    """Through everything a statement goes through: too long or malformed raises."""
    link = Link("dock-1", 0, None, "2026-11-22T10:00:00.000Z", Clock("ntp", 1))
    payload = write_statement(Statement(link, event, place_in_chain(link, SIGNER.public)))
    return read_statement(dsse.Envelope.parse(dsse.seal(payload, SIGNER).encode()).payload)


def inventories(parts: Iterable[RecorderInventory]) -> list[RecorderInventory]:
    """What a reader of the sealed parts has."""
    events = [sealed(part).event for part in parts]
    said = [event for event in events if isinstance(event, RecorderInventory)]
    assert len(said) == len(events)
    return said


def test_twenty_thousand_files_are_all_said_in_statements_the_log_takes() -> None:
    raws = [f"DCIM/100MEDIA/DSJ7A01_012345202611221{n:05d}_{n:04d}.MP4".encode() for n in range(20_000)]
    parts = statements(plan("s", listing(*raws, deleted=3), PROFILE, 5))
    assert [file.path.encode() for event in inventories(parts) for file in event.files] == raws
    assert [part.part for part in parts] == list(range(1, len(parts) + 1))
    assert {part.parts for part in parts} == {len(parts)}
    assert [part.deleted_seen for part in parts] == [0] * (len(parts) - 1) + [3]


@pytest.mark.parametrize(
    "raw",
    [
        b"DCIM/../../etc/passwd",
        b"a\nb.mp4",
        b"x" * 255,
        b"\xff\xfe\x80" * 85,
        "现场检查".encode("gbk"),
        b"/".join([b"\xff" * 255] * 16),
        b'quote" backslash\\ \x00\x1b[2J',
        "‮gpj.exe".encode(),
    ],
)
def test_any_name_can_be_said_and_its_bytes_are_kept(raw: bytes) -> None:
    [part] = statements(plan("s", listing(raw), PROFILE, None))
    event = sealed(part).event
    assert isinstance(event, RecorderInventory)
    [file] = event.files
    assert ".." not in file.path.split("/") and file.path.isprintable()
    assert (file.raw is None) == (file.path.encode() == raw)


def test_many_gaps_and_long_names_still_fit() -> None:
    raws = [b"DCIM/" + b"\xff" * 200 + b"/DSJ7A01_01234520261122100000_%04d.MP4" % n for n in range(0, 2000, 2)]
    inventory = plan("s", listing(*raws), PROFILE, None)
    said = inventories(statements(inventory))
    assert sum(len(event.gaps) for event in said) == len(inventory.gaps) == 999


def test_deleted_entries_space_of_no_file_and_what_could_not_be_listed_are_said_whole_and_bounded() -> None:
    gone = tuple(
        DeletedEntry(b"\xff" * 200 + b"%04d" % n, f"_{n:04d}.MP4", 1 << 60 if n else None, None) for n in range(1000)
    )
    seen = Listing((FileEntry(b"a", "a", 1, None, 0),), 1200, tuple(f"p\n{n}" * 300 for n in range(300)), gone, 4096)
    inventory = plan("s", seen, PROFILE, 5)
    said = inventories(statements(inventory))
    assert [file.path for part in said for file in part.deleted] == [entry.path for entry in gone]
    assert {part.deleted_seen for part in said[:-1]} == {0} and said[-1].deleted_seen == 1200
    assert [part.unowned_bytes for part in said] == [None] * (len(said) - 1) + [4096]
    problems = [problem for part in said for problem in part.problems]
    assert len(problems) == 100 and all(len(problem) == 400 and problem.isprintable() for problem in problems)
    assert not inventory.complete


def test_an_empty_recorder_is_said_too() -> None:
    [said] = inventories(statements(plan("s", listing(), PROFILE, 100)))
    assert said.files == ()


def test_a_size_no_number_can_hold_does_not_stop_the_inventory() -> None:
    [part] = statements(plan("s", listing(b"a.mp4", b"b.mp4", size=1 << 63), PROFILE, 1 << 63))
    sealed(part)


def test_important_clips_are_read_first_and_logs_last() -> None:
    names = [
        b"LOG/20261122.txt",
        b"DCIM/DSJ7A01_01234520261122100000_0001.MP4",
        b"DCIM/DSJ7A01_01234520261122110000_0002_IMP.MP4",
    ]
    inventory = plan("s", listing(*names), PROFILE, None)
    assert [listed.row.number for listed in reading_order(inventory.files)] == [2, 1, 0]


def volume(label: str = "", volume_id: str | None = None) -> VolumeInfo:
    return VolumeInfo("fat32", label, volume_id, 512, 0, None, 0)


def name(device: str | None, officer: str | None = None) -> ClipName:
    return ClipName(device, officer, "2026-11-22T10:00:00", 1, False)


def test_zero_ids_are_unassigned_and_never_an_officer() -> None:
    found = who(None, volume("0000000", "00000000"), [name(None, None)], "1")
    assert (found.serial, found.officer, found.key) == ("", None, "bay:1")


def test_files_of_two_devices_do_not_make_one_of_them_the_recorder() -> None:
    assert who(None, volume("", "1234ABCD"), [name("AAAAAAA"), name("BBBBBBB")], "1").serial == ""
    assert who(None, volume("", "1234ABCD"), [name("AAAAAAA"), name("BBBBBBB")], "1").key.startswith("volume:")
    assert who(None, volume("", None), [name("AAAAAAA", "000123")], "1").officer == "000123"
