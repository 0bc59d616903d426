"""What is on a recorder: the list of its files as rows of the journal and as statements, and the order of reading.

Everything on it is listed and collected, also logs and what is not known: what is left out would be lost when the
recorder is cleared. An inventory is split over as many statements as needed (an envelope has at most 65,535 bytes).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from liuhen_agent.journal import FileRow, FileState
from liuhen_agent.plain_text import one_line
from liuhen_agent.recorders import DeletedEntry, FileEntry, Listing
from liuhen_agent.recorders.names import NOTHING_KNOWN, ClipName, numbering_gaps, parse_name
from liuhen_agent.recorders.profile import Profile, file_kind
from liuhen_protocol.dsse import write_json
from liuhen_protocol.events import DeletedFile, InventoryFile, NumberingGap, RecorderInventory
from liuhen_protocol.shape import MAX_NUMBER, encode

Item = InventoryFile | NumberingGap | DeletedFile | str

PART_BYTES = 44_000  # JSON of the items in one statement: with the rest, in base64, below 65,535
MOST_PROBLEMS = 100  # said; any one of them keeps the recorder from being cleared
MOST_PROBLEM = 400  # characters


@dataclass(frozen=True)
class Listed:
    """One file: its row in the journal, the reader's own handle of it, and what its name says."""

    row: FileRow
    entry: FileEntry
    name: ClipName


@dataclass(frozen=True)
class Inventory:
    """All files of a recorder. `complete` is False if something could not be listed: then it is never cleared."""

    session: str
    files: tuple[Listed, ...]
    gaps: tuple[NumberingGap, ...]
    deleted_seen: int
    free_bytes: int
    problems: tuple[str, ...]
    deleted: tuple[DeletedFile, ...] = ()
    unowned_bytes: int | None = None

    @property
    def complete(self) -> bool:
        return not self.problems

    @property
    def total_bytes(self) -> int:
        return min(sum(listed.row.size for listed in self.files), MAX_NUMBER)


def plan(session: str, listing: Listing, profile: Profile, free_bytes: int | None) -> Inventory:
    """The inventory of one stay. A size no number can hold (cards lie) is written as the largest one; reading it fails."""
    files = []
    for number, entry in enumerate(listing.files):
        name = parse_name(entry.path, profile.files.patterns) or NOTHING_KNOWN
        row = FileRow(
            session=session,
            number=number,
            path=entry.path,
            raw=entry.path_raw,
            size=min(max(entry.size, 0), MAX_NUMBER),
            modified=entry.modified,
            kind=file_kind(profile, entry.path),
            important=name.important,
            state=FileState.LISTED,
            sha256=None,
            failure=None,
        )
        files.append(Listed(row, entry, name))
    gaps = numbering_gaps((listed.row.path, listed.name) for listed in files)
    return Inventory(
        session=session,
        files=tuple(files),
        gaps=tuple(NumberingGap(gap.after, gap.before, gap.missing) for gap in gaps),
        deleted_seen=listing.deleted_seen,
        free_bytes=min(free_bytes or 0, MAX_NUMBER),
        problems=listing.problems,
        deleted=tuple(_deleted(entry) for entry in listing.deleted),
        unowned_bytes=None if listing.unowned_bytes is None else min(max(listing.unowned_bytes, 0), MAX_NUMBER),
    )


def _deleted(entry: DeletedEntry) -> DeletedFile:
    size = None if entry.size is None else min(max(entry.size, 0), MAX_NUMBER)
    return DeletedFile(entry.path, raw_text(entry.path, entry.path_raw), size, entry.modified)


def reading_order(files: Iterable[Listed]) -> list[Listed]:
    """Important clips first, then clips, then the rest; each in the order of their paths."""
    return sorted(
        files, key=lambda listed: (not listed.row.important, listed.row.kind != "clip", listed.row.path, listed.row.raw)
    )


def statements(inventory: Inventory) -> tuple[RecorderInventory, ...]:
    """The inventory as statements: part 1 to n. Files come first, then gaps, deleted entries and problems; counts stand in the last."""
    files = [
        InventoryFile(
            path=listed.row.path,
            raw=raw_text(listed.row.path, listed.row.raw),
            size=listed.row.size,
            modified=listed.row.modified,
            kind=listed.row.kind,
            important=listed.row.important,
        )
        for listed in inventory.files
    ]
    problems = [one_line(problem, MOST_PROBLEM) for problem in inventory.problems[:MOST_PROBLEMS]]
    contents = _split([*files, *inventory.gaps, *inventory.deleted, *problems])
    last = len(contents)
    return tuple(
        RecorderInventory(
            session=inventory.session,
            part=number,
            parts=last,
            total_bytes=inventory.total_bytes,
            free_bytes=inventory.free_bytes,
            files=tuple(item for item in items if isinstance(item, InventoryFile)),
            gaps=tuple(item for item in items if isinstance(item, NumberingGap)),
            deleted_seen=inventory.deleted_seen if number == last else 0,
            deleted=tuple(item for item in items if isinstance(item, DeletedFile)),
            unowned_bytes=inventory.unowned_bytes if number == last else None,
            problems=tuple(item for item in items if isinstance(item, str)),
        )
        for number, items in enumerate(contents, 1)
    )


def raw_text(path: str, raw: bytes) -> str | None:
    """The name's own bytes in base64, where the text does not say them already."""
    return None if path.encode() == raw else base64.b64encode(raw).decode()


def _split(items: Iterable[Item]) -> list[list[Item]]:
    """In their order, each part below PART_BYTES; at least one part."""
    parts: list[list[Item]] = [[]]
    filled = 0
    for item in items:
        size = len(write_json(encode(item))) + 1
        if parts[-1] and filled + size > PART_BYTES:
            parts.append([])
            filled = 0
        parts[-1].append(item)
        filled += size
    return parts
