"""The index follows the log by itself and can be made anew, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import update

from liuhen_protocol.digest import digest_of
from liuhen_protocol.events import ClipCollected, RecorderDocked, RecorderIdentity
from liuhen_protocol.statement import Subject
from liuhen_server.database import Connection, Database
from liuhen_server.database.schema import entries
from liuhen_server.log import NewEntry
from liuhen_server.search import indexer as indexer_room
from liuhen_server.search import sources
from liuhen_server.search.facets import Reach
from liuhen_server.search.finder import Filters, Finder, Page
from liuhen_server.search.index import Indexed, put
from liuhen_server.search.indexer import Indexer
from liuhen_server.search.schema import search_read
from support.archive import Dock, append, enrol, new_archive
from unit.search.conftest import note

NIGHT = "2026-11-20T16:30:00.000Z"  # half past midnight of the 21st where the agency is
DOCKED = RecorderDocked(
    "s1",
    "1",
    RecorderIdentity("0000127", "210327", "稽查大队", None, None, None),
    "x",
    "B",
    "image",
    None,
    None,
    None,
    False,
)


def collected(dock: Dock, name: str, officer: str | None = "210327") -> NewEntry:
    digest = digest_of(name.encode())
    event = ClipCollected(
        "s1", "1", "0000127", officer, f"DCIM/{name}", None, 5, digest.chunk_root, False, None, None, NIGHT, NIGHT
    )
    return dock.seal(event, subject=Subject(name, digest.sha256))


async def ids(database: Database, typed: str) -> list[str]:
    visible = {"clip": Reach(), "stay": Reach(), "note": Reach()}
    found = await Finder(database).find(typed, visible, Filters(), Page())
    return [hit.id for group in found.groups for hit in group.hits]


async def test_clips_and_stays_are_found_by_everything_that_names_them(tmp_path: Path, database_url: str) -> None:
    async with new_archive(tmp_path / "a", database_url) as archive:
        dock = Dock("dock-03")
        await enrol(archive, dock)
        [stay, _] = await append(archive, [dock.seal(DOCKED), collected(dock, "0000127_0001.MP4")])
        indexer = Indexer(archive.database)
        assert await indexer.catch_up() == 0
        digest = digest_of(b"0000127_0001.MP4").sha256
        clip = f"{digest}/dock-03"
        for typed in ("0000127_0001", "0001.mp4", digest[:10], "2026-11-21", "2026年11月21日"):
            assert await ids(archive.database, typed) == [clip], typed
        for typed in ("210327", "0000127", "dock-03", "market-supervision", "dock 210327"):
            assert await ids(archive.database, typed) == [clip, str(stay)], typed
        assert await ids(archive.database, "稽查") == [str(stay)]
        assert await ids(archive.database, "2026-11-20") == []
        # what comes later is read from there on, and a clip that is promised again is one
        await append(archive, [collected(dock, "0000127_0002.MP4"), collected(dock, "0000127_0001.MP4", "210328")])
        assert await indexer.catch_up() == 0
        assert await ids(archive.database, "210328") == [clip]
        assert len(await ids(archive.database, "0000127_0001")) == 1 and len(await ids(archive.database, "mp4")) == 2


async def test_a_damaged_entry_is_passed_over(tmp_path: Path, database_url: str) -> None:
    async with new_archive(tmp_path / "a", database_url) as archive:
        dock = Dock("dock-03")
        await enrol(archive, dock)
        [bad, _] = await append(archive, [collected(dock, "a.MP4"), collected(dock, "b.MP4")])
        async with archive.database.write() as conn:
            await conn.execute(update(entries).where(entries.c.log_index == bad).values(envelope=b"\x00{"))
        assert await Indexer(archive.database).catch_up() == 0
        assert len(await ids(archive.database, "mp4")) == 1


async def test_a_search_waits_for_a_part_of_a_long_log_only(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer_room, "AT_ONCE", 10)
    async with new_archive(tmp_path / "a", database_url) as archive:
        await append(archive, Dock("dock-03").heads(49))
        indexer = Indexer(archive.database)
        assert await indexer.catch_up(most=20) == 30
        assert await indexer.catch_up(most=20) == 10
        assert await indexer.catch_up() == 0


async def one_note(conn: Connection, position: int, most: int) -> tuple[Sequence[Indexed], int | None]:
    """A room's source in two steps."""
    return [note(position, "查封现场")], 1 if position == 0 else None


async def test_an_index_made_anew_has_what_the_log_and_the_rooms_have_and_nothing_else(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "SOURCES", (f"{__name__}:one_note",))
    monkeypatch.setattr(sources, "import_module", lambda name: __import__("sys").modules[name])
    async with new_archive(tmp_path / "a", database_url) as archive:
        dock = Dock("dock-03")
        await enrol(archive, dock)
        await append(archive, [collected(dock, "a.MP4")])
        async with archive.database.write() as conn:
            await put(conn, [note("stale", "查封")])
        heard: list[int] = []
        assert await Indexer(archive.database).rebuild(heard.append) == 3
        assert heard == [1, 2, 3]
        assert await ids(archive.database, "查封") == ["1", "0"]
        assert len(await ids(archive.database, "mp4")) == 1


async def ten_notes(_conn: Connection, position: int, most: int) -> tuple[Sequence[Indexed], int | None]:
    """A room whose documents are given in steps of one."""
    return [note(str(position), "查封")], position + 1 if position < 9 else None


async def test_whoever_is_ended_while_the_index_is_made_anew_leaves_it_to_the_next_search(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "SOURCES", (f"{__name__}:ten_notes", f"{__name__}:one_note"))
    monkeypatch.setattr(sources, "import_module", lambda name: __import__("sys").modules[name])

    def ended(done: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    async with new_archive(tmp_path / "a", database_url) as archive:
        with pytest.raises(KeyboardInterrupt):
            await Indexer(archive.database).rebuild(ended)
        assert len(await ids(archive.database, "查封")) == 4
        await Indexer(archive.database).has_rooms()
        assert sorted(await ids(archive.database, "查封")) == [str(each) for each in range(10)]
        assert sorted(await ids(archive.database, "现场")) == ["0", "1"], "the room after it was read too"


async def test_an_index_by_another_rule_is_made_anew_by_itself(tmp_path: Path, database_url: str) -> None:
    async with new_archive(tmp_path / "a", database_url) as archive:
        async with archive.database.write() as conn:
            await put(conn, [note("stale", "查封")])
            await conn.execute(update(search_read).values(version=0))
        assert await Indexer(archive.database).catch_up() == 0
        assert await ids(archive.database, "查封") == []
