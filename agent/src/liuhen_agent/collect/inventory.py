"""What is on a recorder: the list of its files as rows of the journal and as statements, and the order of reading.

Everything on it is listed and collected, also logs and what is not known: what is left out would be lost when the
recorder is cleared. An inventory is split over as many statements as needed (an envelope has at most 65,535 bytes).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from liuhen_agent.journal import FileRow, FileState
from liuhen_agent.recorders import FileEntry, Listing
from liuhen_agent.recorders.names import NOTHING_KNOWN, ClipName, numbering_gaps, parse_name
from liuhen_agent.recorders.profile import Profile, file_kind
from liuhen_protocol.dsse import write_json
from liuhen_protocol.events import InventoryFile, NumberingGap, RecorderInventory
from liuhen_protocol.shape import MAX_NUMBER, encode

T = TypeVar("T", InventoryFile, NumberingGap)

PART_BYTES = 44_000  # JSON of files and gaps in one statement: with the rest, in base64, below 65,535


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
    )


def reading_order(files: Iterable[Listed]) -> list[Listed]:
    """Important clips first, then clips, then the rest; each in the order of their paths."""
    return sorted(
        files, key=lambda listed: (not listed.row.important, listed.row.kind != "clip", listed.row.path, listed.row.raw)
    )


def statements(inventory: Inventory) -> tuple[RecorderInventory, ...]:
    """The inventory as statements: part 1 to n. Gaps and deleted entries stand in the last part (in the last ones, if
    they do not fit into one)."""
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
    file_parts = _split(files) or [()]
    gap_parts = _split(inventory.gaps)
    contents: list[tuple[tuple[InventoryFile, ...], tuple[NumberingGap, ...]]] = [(part, ()) for part in file_parts]
    if len(gap_parts) == 1 and _size(file_parts[-1]) + _size(gap_parts[0]) <= PART_BYTES:
        contents[-1] = (file_parts[-1], gap_parts[0])
    else:
        contents += [((), part) for part in gap_parts]
    return tuple(
        RecorderInventory(
            session=inventory.session,
            part=number,
            parts=len(contents),
            total_bytes=inventory.total_bytes,
            free_bytes=inventory.free_bytes,
            files=part_files,
            gaps=part_gaps,
            deleted_seen=inventory.deleted_seen if number == len(contents) else 0,
        )
        for number, (part_files, part_gaps) in enumerate(contents, 1)
    )


def raw_text(path: str, raw: bytes) -> str | None:
    """The name's own bytes in base64, where the text does not say them already."""
    return None if path.encode() == raw else base64.b64encode(raw).decode()


def _split(items: Sequence[T]) -> list[tuple[T, ...]]:
    parts: list[tuple[T, ...]] = []
    current: list[T] = []
    filled = 0
    for item in items:
        size = _size((item,))
        if current and filled + size > PART_BYTES:
            parts.append(tuple(current))
            current, filled = [], 0
        current.append(item)
        filled += size
    if current:
        parts.append(tuple(current))
    return parts


def _size(items: Sequence[InventoryFile] | Sequence[NumberingGap]) -> int:
    return sum(len(write_json(encode(item))) + 1 for item in items)
