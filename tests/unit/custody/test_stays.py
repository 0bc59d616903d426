"""The account of a recorder's stay: every file has one fate, and the table of stays is what the log says, on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from liuhen_protocol.digest import digest_of
from liuhen_protocol.events import (
    ClipCollected,
    ClipFailed,
    DeletedFile,
    DockAlarm,
    Event,
    InventoryFile,
    NumberingGap,
    ReceiptRef,
    RecorderCleared,
    RecorderDocked,
    RecorderIdentity,
    RecorderInventory,
    RecorderUndocked,
)
from liuhen_protocol.statement import Subject
from liuhen_server.custody import stays as stays_room
from liuhen_server.custody.evidence import Entry, read_entry
from liuhen_server.custody.schema import stays, stays_read
from liuhen_server.custody.stay_account import Account, Fate, account
from liuhen_server.custody.stay_reading import read_account
from liuhen_server.custody.stays import Stay, StayReader, find_stay, stay_of, stays_of_clips
from liuhen_server.database import Database
from liuhen_server.database.schema import clips, entries
from liuhen_server.log import NewEntry
from support.archive import NOW, Dock, append, new_archive

RECORDER = RecorderIdentity("0000127", "210327", None, None, None, None)
DOCKED = RecorderDocked("s1", "1", RECORDER, "dsj-a9", "B", "image", None, -3200, 64, False)
A, B, C = (
    InventoryFile(f"DCIM/{name}.MP4", None, size, None, "clip", False) for name, size in (("a", 5), ("b", 6), ("c", 7))
)
GAP, DELETED = NumberingGap("a.MP4", "c.MP4", 3), DeletedFile("DCIM/?x.MP4", None, None, None)


def inventory(*files: InventoryFile, session: str = "s1", part: int = 1, parts: int = 1) -> RecorderInventory:
    return RecorderInventory(session, part, parts, sum(file.size for file in files), 0, files, (), 0)


def collected(file: InventoryFile, session: str = "s1") -> ClipCollected:
    moment = "2026-11-22T10:00:00.000Z"
    digest = digest_of(file.path.encode())
    return ClipCollected(
        session,
        "1",
        "0000127",
        None,
        file.path,
        file.raw,
        file.size,
        digest.chunk_root,
        False,
        None,
        None,
        moment,
        moment,
    )


def said(dock: Dock, *events: Event) -> list[NewEntry]:
    def subject(event: Event) -> Subject | None:
        if not isinstance(event, ClipCollected):
            return None
        return Subject(event.path.rpartition("/")[2], digest_of(event.path.encode()).sha256)

    return [dock.seal(event, subject=subject(event)) for event in events]


def told(*events: Event, session: str = "s1", earlier: dict[str, str] | None = None) -> Account | None:
    dock = Dock("dock-1")
    read = [read_entry(number, entry.envelope) for number, entry in enumerate(said(dock, *events))]
    return account(read, session, lambda file: (earlier or {}).get(file.path))


def fates(found: Account | None) -> dict[str, Fate]:
    assert found is not None
    return {each.file.path: each.fate for each in found.files}


GONE = RecorderUndocked("s1", "0000127", True, "collecting")


def test_every_file_of_the_inventory_has_exactly_one_fate() -> None:
    failed = ClipFailed("s1", "0000127", B.path, None, "read-error", "bad sector", 2)
    found = told(DOCKED, inventory(A, B, C), collected(A), failed, GONE)
    assert fates(found) == {A.path: Fate.COLLECTED, B.path: Fate.FAILED, C.path: Fate.NOT_READ}
    assert found is not None and found.files[0].fate is Fate.FAILED, "what is missing comes first"
    [failure] = [each for each in found.files if each.fate is Fate.FAILED]
    assert (failure.reason, failure.detail) == ("read-error", "bad sector")


def test_while_the_recorder_is_in_the_bay_what_is_not_read_yet_is_no_loss() -> None:
    assert fates(told(DOCKED, inventory(A, B), collected(A))) == {A.path: Fate.COLLECTED, B.path: Fate.WAITING}


def test_a_file_collected_in_an_earlier_stay_is_not_called_unread() -> None:
    found = told(DOCKED, inventory(A), GONE, earlier={A.path: "ab" * 32})
    assert fates(found) == {A.path: Fate.EARLIER} and found is not None and found.files[0].sha256 == "ab" * 32


def test_a_clip_outside_the_inventory_is_shown_and_not_hidden_in_the_count() -> None:
    assert fates(told(DOCKED, inventory(A), collected(A), collected(C), GONE))[C.path] is Fate.UNLISTED


def test_two_names_with_the_same_text_are_two_files() -> None:
    one, two = replace(A, raw="YQ=="), replace(A, raw="Yg==")
    found = told(DOCKED, inventory(one, two), collected(one), GONE)
    assert found is not None and sorted(each.fate for each in found.files) == [Fate.COLLECTED, Fate.NOT_READ]


def test_statements_of_other_stays_do_not_count() -> None:
    other = replace(DOCKED, session="s2", bay="2")
    found = told(DOCKED, other, inventory(A), inventory(B, session="s2"), collected(A, "s2"), GONE)
    assert fates(found) == {A.path: Fate.NOT_READ}
    assert told(inventory(A), session="s1") is None, "without its beginning there is no account"


def test_an_inventory_in_parts_is_put_together_and_a_missing_part_is_known() -> None:
    last = replace(inventory(B, part=3, parts=3), gaps=(GAP,), deleted_seen=5, deleted=(DELETED,), problems=("x",))
    found = told(DOCKED, inventory(A, part=1, parts=3), last)
    assert found is not None and not found.whole and found.parts == (2, 3)
    assert (found.gaps, found.deleted, found.deleted_seen, found.problems) == ((GAP,), (DELETED,), 5, ("x",))


def test_a_damaged_entry_in_between_is_no_traceback() -> None:
    dock = Dock("dock-1")
    read = [read_entry(n, entry.envelope) for n, entry in enumerate(said(dock, DOCKED, inventory(A), GONE))]
    read.insert(1, Entry(99, b"damaged", None))
    assert fates(account(read, "s1", lambda file: None)) == {A.path: Fate.NOT_READ}


# --- the table


async def table(database: Database) -> list[Stay]:
    await StayReader(database).catch_up()
    async with database.read() as conn:
        rows = (await conn.execute(select(stays).order_by(stays.c.docked_index))).mappings().all()
    return [stay_of(row) for row in rows]


async def test_the_table_of_stays_is_what_the_log_says_and_grows_with_it(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stays_room, "AT_ONCE", 3)  # the log is read in many steps
    dock = Dock("dock-1")
    async with new_archive(tmp_path / "archive", database_url) as archive:
        listed = replace(inventory(A, B, C), gaps=(GAP,), deleted_seen=2, problems=("a folder",))
        failed = ClipFailed("s1", "0000127", B.path, None, "read-error", "", 0)
        await append(archive, said(dock, DOCKED, listed, collected(A), failed))
        [stay] = await table(archive.database)
        assert (stay.files, stay.failed, stay.missing, stay.deleted, stay.problems) == (3, 1, 3, 2, 1)
        assert stay.ended_seq is None and stay.lacks and not stay.premature
        receipts = (ReceiptRef("ab" * 32, 1), ReceiptRef("cd" * 32, 2))
        again = replace(DOCKED, session="s2", quarantined=True)
        last = (
            DockAlarm("incomplete", "", "s1"),
            DockAlarm("disk-full", "", None),
            RecorderCleared("s1", "0000127", "format", 1, 1, receipts),
            RecorderUndocked("s1", "0000127", True, "failed"),
        )
        await append(archive, said(dock, *last, again))
        first, second = await table(archive.database)
        assert (first.problems, first.cleared, first.premature) == (2, 2, True) and first.ended_seq == 7
        assert (second.session, second.quarantined, second.lacks) == ("s2", True, False)
        assert await table(archive.database) == [first, second], "nothing is counted twice"
        async with archive.database.write() as conn:
            await conn.execute(stays.delete())
            await conn.execute(update(stays_read).values(next_index=0))
        assert await table(archive.database) == [first, second], "it fills itself again"


async def test_two_readers_at_once_count_once(tmp_path: Path, database_url: str) -> None:
    dock = Dock("dock-1")
    async with new_archive(tmp_path / "archive", database_url) as archive:
        await append(archive, said(dock, DOCKED, inventory(A, B)))
        reader = StayReader(archive.database)
        other = StayReader(archive.database)
        for each in (reader, other, reader):
            await each.catch_up()
        [stay] = await table(archive.database)
        assert stay.files == 2


async def test_a_session_used_twice_is_two_stays_and_a_clip_belongs_to_the_latest_before_it(
    tmp_path: Path, database_url: str
) -> None:
    dock = Dock("dock-1")
    async with new_archive(tmp_path / "archive", database_url) as archive:
        first, last = await append(archive, said(dock, DOCKED, DOCKED))
        await StayReader(archive.database).catch_up()
        async with archive.database.read() as conn:
            wanted = [
                ("dock-1", "s1", first + 1),
                ("dock-1", "s1", last + 1),
                ("dock-2", "s1", 99),
                ("dock-1", None, 9),
            ]
            found = await stays_of_clips(conn, wanted)
        assert {index: stay.docked_index for index, stay in found.items()} == {first + 1: first, last + 1: last}


async def test_names_no_database_would_take_and_numbers_beyond_it_stop_nobody(
    tmp_path: Path, database_url: str
) -> None:
    dock = Dock("dock-1")
    hostile = replace(DOCKED, session="s" * 1000, recorder=replace(RECORDER, serial="\u202e" + "x" * 400))
    most = NumberingGap("a", "b", 2**53 - 1)
    listed = replace(inventory(A, session=hostile.session), gaps=(most,) * 50, deleted_seen=2**53 - 1)
    async with new_archive(tmp_path / "archive", database_url) as archive:
        [index, *_] = await append(archive, said(dock, hostile, *(listed,) * 5))
        [stay] = await table(archive.database)
        assert len(stay.recorder) == 255 and stay.files == 5 and stay.missing == 5 * 10**9
        async with archive.database.read() as conn:
            assert await read_account(conn, stay) is not None
            assert await find_stay(conn, index + 1) is None


async def test_the_account_read_from_the_archive_finds_clips_and_earlier_ones(
    tmp_path: Path, database_url: str
) -> None:
    dock = Dock("dock-1")
    async with new_archive(tmp_path / "archive", database_url) as archive:
        gone = RecorderUndocked("s1", "0000127", False, "ready")
        items = said(
            dock, DOCKED, inventory(A), collected(A), gone, replace(DOCKED, session="s2"), inventory(A, C, session="s2")
        )
        indexes = await append(archive, items)
        promised = {"sha256": digest_of(A.path.encode()).sha256, "dock": "dock-1", "kind": "original", "size": A.size}
        told_of = {"recorder": "0000127", "session": "s1", "name": "a.MP4", "important": False, "collected_time": NOW}
        row = insert(clips).values(**promised, **told_of, chunk_root="00" * 32, promised_index=indexes[2])
        async with archive.database.write() as conn:
            await conn.execute(row)
        first, second = await table(archive.database)
        async with archive.database.read() as conn:
            here, its = await read_account(conn, first) or (None, {})
            later, _ = await read_account(conn, second) or (None, {})
            assert (await conn.execute(select(func.count()).select_from(entries))).scalar_one() == len(items) + 1
        assert fates(here) == {A.path: Fate.COLLECTED} and set(its) == {digest_of(A.path.encode()).sha256}
        assert fates(later) == {A.path: Fate.EARLIER, C.path: Fate.WAITING}
