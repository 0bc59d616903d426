"""The log's files from the entries of one moment of the database, so that a backup's log is neither older nor newer than its database.

Copying `log/` beside a running sequencer would give one or the other. The tiles are a pure function of the entries, so they
are made anew, and in doing so every entry is held against its leaf hash and the tree against what was signed and published.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from liuhen_protocol.checkpoint import Checkpoint
from liuhen_protocol.errors import Refused
from liuhen_protocol.merkle import EMPTY_ROOT, leaf_hash
from liuhen_protocol.note import Note
from liuhen_protocol.tiles import ENTRIES, TILE_WIDTH, TileId, encode_bundle
from liuhen_server.database import Connection
from liuhen_server.database.schema import entries
from liuhen_server.log.growth import Growth
from liuhen_server.log.reading import CHECKPOINT
from liuhen_server.log.signed_state import SignedState

PAGE = 16 * TILE_WIDTH

Keep = Callable[[str, bytes], None]
"""Called with a path below log/ and its bytes."""


async def write_log(conn: Connection, state: SignedState, keep: Keep) -> None:
    """Gives `keep` every tile of the signed size, those of the published size and the published checkpoint.

    Raises Refused when the database's entries are not what was signed: then there is nothing worth backing up, the last backup is better.
    """
    tree = Growth(0, _none)
    roots = {0: EMPTY_ROOT}
    bundle: list[bytes] = []
    edges: set[TileId] = set()
    for start in range(0, state.signed_size, PAGE):
        for envelope in await _envelopes(conn, start, min(start + PAGE, state.signed_size)):
            bundle.append(envelope)
            for tile in tree.add(leaf_hash(envelope)):
                keep(tile.id.path(), tile.data)
            size = tree.frontier.size
            if size in (state.published_size, state.signed_size):
                roots[size] = tree.frontier.root()
                for tile in tree.partial_tiles():
                    if tile.id not in edges:  # an upper level that has not grown between the two sizes
                        keep(tile.id.path(), tile.data)
                        edges.add(tile.id)
            if len(bundle) == TILE_WIDTH or size in roots:
                keep(TileId(ENTRIES, (size - 1) // TILE_WIDTH, len(bundle)).path(), encode_bundle(bundle))
            if len(bundle) == TILE_WIDTH:
                bundle = []
    if roots.get(state.signed_size) != (state.signed_root if state.signed_size else EMPTY_ROOT):
        raise _altered(f"the first {state.signed_size} entries do not give the signed root")
    if state.published_size:
        published = Checkpoint.parse(Note.parse(state.published_note).text)
        if published.size != state.published_size or published.root != roots.get(published.size):
            raise _altered(f"the first {state.published_size} entries do not give the published root")
        keep(CHECKPOINT, state.published_note)


async def _envelopes(conn: Connection, start: int, end: int) -> list[bytes]:
    query = (
        select(entries.c.log_index, entries.c.envelope, entries.c.leaf_hash)
        .where(entries.c.log_index >= start, entries.c.log_index < end)
        .order_by(entries.c.log_index)
    )
    rows = (await conn.execute(query)).all()
    if [row.log_index for row in rows] != list(range(start, end)):
        raise _altered(f"entries between {start} and {end} are missing")
    for row in rows:
        if leaf_hash(row.envelope) != row.leaf_hash:
            raise _altered(f"entry {row.log_index} is not what was appended")
    return [row.envelope for row in rows]


def _altered(what: str) -> Refused:
    return Refused(
        "database-altered",
        f"数据库与已签内容不符，未作备份，以前的备份不变 / the database is not what was signed, nothing was backed up, earlier backups stay: "
        f"{what}. Run liuhen-server verify",
    )


def _none(tile: TileId) -> bytes:
    raise AssertionError(f"the empty tree has no {tile}")
