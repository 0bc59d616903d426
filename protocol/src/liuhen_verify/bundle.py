"""One entry bundle and its hash tile, checked without any state: what the worker processes do.

What goes back to the main process is plain tuples: dataclasses cost more to carry than to check.
"""

from __future__ import annotations

from typing import NamedTuple

from liuhen_protocol import merkle
from liuhen_protocol.errors import Malformed
from liuhen_protocol.events import Event
from liuhen_protocol.report import StepName
from liuhen_protocol.statement import Clock, Link
from liuhen_protocol.tiles import ENTRIES, HASH_SIZE, TILE_WIDTH, TileId, split_hashes
from liuhen_protocol.verify_log import ReadEntry, read_entry
from liuhen_verify.reading import WrongUse
from liuhen_verify.source import LogSource, Missing, read_tile

PlainLink = tuple[str, int, str | None, str]
PlainEntry = tuple[bytes, str, bytes, PlainLink | None, str, Event | None, tuple[int, str, str] | None, str]
Problem = tuple[str, str, int]  # code, why, index: findings of step 6
_CLOCK = Clock("", 0)  # no rule over a whole log asks for it


class ReadBundle(NamedTuple):
    """`entries` as many as the bundle has to have; `missing` says why there are none; `root` is over their leaves."""

    entries: list[PlainEntry]
    root: bytes
    problems: list[Problem]
    missing: str | None


def read_bundle(source: LogSource, index: int, width: int) -> ReadBundle:
    """Reads and checks bundle `index`. Raises WrongUse when the source fails."""
    first = index * TILE_WIDTH
    try:
        data = read_tile(source, TileId(ENTRIES, index, width))
    except Missing as error:
        return ReadBundle([], b"", [], str(error))
    except Malformed as error:
        return ReadBundle([], b"", [("malformed", f"bundle {index}: {error}", first)], str(error))
    raw, problem = _entries(data, index, width)
    problems = [] if problem is None else [problem]
    entries = [_plain(read_entry(entry)) for entry in raw]
    stored, tile_problem = _stored_leaves(source, index, width)
    if tile_problem is not None:
        problems.append(tile_problem)
    for place in range(len(entries), width):
        leaf = stored[place] if place < len(stored) else bytes(HASH_SIZE)
        wrong = (StepName.INCLUSION.value, "other-size", f"entry {first + place} is not in its bundle")
        entries.append((leaf, "", b"", None, "", None, wrong, ""))
    leaves = [entry[0] for entry in entries]
    if stored and stored != leaves:
        differing = [place for place in range(width) if stored[place] != leaves[place]]
        more = "" if len(differing) == 1 else f", and {len(differing) - 1} more of this tile"
        why = f"entry {first + differing[0]} is not the one that the hash tile has{more}"
        problems.append(("other-tile", why, first + differing[0]))
    return ReadBundle(entries, merkle.root_of(leaves), problems, None)


def read_leaves(source: LogSource, index: int, width: int) -> tuple[list[bytes], Problem | None]:
    """The leaf hashes of level 0, tile `index`: what can be checked without the entries."""
    return _stored_leaves(source, index, width)


def _stored_leaves(source: LogSource, index: int, width: int) -> tuple[list[bytes], Problem | None]:
    tile = TileId(0, index, width)
    try:
        return split_hashes(read_tile(source, tile), width), None
    except Missing as error:
        return [], ("missing-tile", str(error), index * TILE_WIDTH)
    except Malformed as error:
        return [], ("other-tile", f"{tile.path()}: {error}", index * TILE_WIDTH)


def _entries(data: bytes, index: int, width: int) -> tuple[list[bytes], Problem | None]:
    """As many whole entries as there are, at most `width`: one damaged length must not hide the entries before it."""
    entries: list[bytes] = []
    at = 0
    while at + 2 <= len(data) and len(entries) < width:
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            break
        entries.append(data[at + 2 : end])
        at = end
    if len(entries) == width and at == len(data):
        return entries, None
    what = "has more than" if len(entries) == width else f"has {len(entries)} of"
    return entries, ("other-size", f"bundle {index} {what} the {width} entries that belong there", index * TILE_WIDTH)


def _plain(entry: ReadEntry) -> PlainEntry:
    link = entry.link
    plain = None if link is None else (link.source, link.seq, link.prev, link.time)
    return (entry.leaf, entry.hash, entry.public, plain, entry.kind, entry.event, entry.problem, entry.subject)


def rebuilt(entry: PlainEntry) -> ReadEntry:
    """The other end of `_plain`."""
    leaf, this_hash, public, link, kind, event, problem, subject = entry
    return ReadEntry(
        leaf, this_hash, public, None if link is None else Link(*link, _CLOCK), kind, event, problem, subject
    )


_source: LogSource | None = None


def begin_worker(source: LogSource) -> None:
    """Gives a worker process the log that it reads from."""
    global _source
    _source = source


def work(job: tuple[int, int]) -> ReadBundle | WrongUse:
    """`read_bundle` in a worker process."""
    assert _source is not None
    try:
        return read_bundle(_source, *job)
    except WrongUse as error:
        return error
