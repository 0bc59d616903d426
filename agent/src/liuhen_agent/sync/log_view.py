"""The dock's own view of the archive's log: one line of checkpoints, each proved to continue the one before.

A checkpoint counts only when the log signed it, the policy's quorum cosigned it, and it is consistent with the last one this dock
accepted. The consistency proof is computed here from the open hash tiles and checked here; the archive is asked for bytes, never
for a judgement. What may be true is one of four things:

    same size, same root              same          nothing new
    same size, another root           split view    two histories of the same length
    larger                            prove         old must be a beginning of new
    smaller                           prove         answers come out of order; the older must be a beginning of the last
    smaller than it was when the
      archive was asked for the newest  rolled back   a log never shrinks

The last accepted checkpoint is kept in the journal. A contradiction is an alarm that forbids clearing, and the checkpoint that
contradicts is kept too: the two notes together are the evidence against the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from liuhen_agent.journal import Journal, changes, queries
from liuhen_agent.sync import alarms
from liuhen_protocol import merkle
from liuhen_protocol.checkpoint import Checkpoint
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.policy import Accepted, Policy
from liuhen_protocol.tiles import TileId, TileNodes

ReadTile = Callable[[TileId], Awaitable[bytes]]

CONTRADICTION = "contradiction"
"""Journal note: the signed checkpoint that contradicts the kept one."""

_MOST_TILES = 64
"""A consistency proof of 2^62 leaves touches fewer tiles."""


class Untrue(Exception):
    """The log contradicts what it signed before. `code` is an alarm code."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class _Missing(Exception):
    def __init__(self, tile: TileId) -> None:
        self.tile = tile


@dataclass(frozen=True)
class ToProve:
    """`older` must be a beginning of `newer`."""

    older: Checkpoint
    newer: Checkpoint


def compare(last: Checkpoint | None, new: Checkpoint, least: int = 0) -> ToProve | None:
    """What has to be proved before `new` is accepted beside `last`; None when nothing has to. `least`: how many entries the log had when
    it was asked for this one, 0 where nobody asked for the newest. Raises Untrue."""
    if last is None or last == new:
        return None
    if last.origin != new.origin:
        raise Untrue(alarms.SPLIT_VIEW, f"the archive shows the log {new.origin}, until now it showed {last.origin}")
    if last.size == new.size:
        raise Untrue(
            alarms.SPLIT_VIEW,
            f"two different logs of {new.size} entries: root {last.root.hex()} and root {new.root.hex()}",
        )
    if new.size < least:
        raise Untrue(alarms.ROLLED_BACK, f"the log had {least} entries and now has {new.size}")
    if new.size < last.size:
        return ToProve(new, last)
    return ToProve(last, new)


async def prove(claim: ToProve, read_tile: ReadTile) -> None:
    """Computes the consistency proof from hash tiles of the newer log and checks it. Raises Untrue, and what `read_tile` raises.

    Wrong tiles cannot make a false claim hold, but they can make a true one fail; either way the log does not prove what it signed.
    """
    if claim.older.size == 0:
        return
    have: dict[TileId, bytes] = {}

    def read(tile: TileId) -> bytes:
        if tile not in have:
            raise _Missing(tile)
        return have[tile]

    while True:
        try:
            proof = merkle.consistency_proof(claim.older.size, claim.newer.size, TileNodes(claim.newer.size, read))
            merkle.check_consistency(claim.older.size, claim.newer.size, claim.older.root, claim.newer.root, proof)
            return
        except _Missing as missing:
            if len(have) >= _MOST_TILES:
                raise Untrue(
                    alarms.SPLIT_VIEW, "the proof of consistency asks for more tiles than it can need"
                ) from None
            have[missing.tile] = await read_tile(missing.tile)
        except (Refused, Malformed) as error:
            raise Untrue(
                alarms.SPLIT_VIEW,
                f"the log of {claim.newer.size} entries does not begin with the {claim.older.size} entries it had: {error}",
            ) from error


class LogView:
    """Accepts checkpoints one at a time and remembers the newest in the journal."""

    def __init__(self, journal: Journal, policy: Policy, read_tile: ReadTile) -> None:
        self._journal = journal
        self._policy = policy
        self._read_tile = read_tile
        self._one_at_a_time = asyncio.Lock()

    async def newest(self, ask: Callable[[], Awaitable[bytes | None]], now: datetime) -> Accepted | None:
        """Asks the archive for the log's newest checkpoint and accepts it; None when it has none. Raises as `accept`, and what `ask` raises.

        What was seen is read before the archive is asked: a receipt that shows a longer log while the answer is on its way is no
        contradiction.
        """
        last = await self._last()
        note = await ask()
        return None if note is None else await self.accept(note, now, least=0 if last is None else last.size)

    async def accept(self, note: bytes, now: datetime, least: int = 0) -> Accepted:
        """The checkpoint, when it holds and continues the dock's view. `least` as in `compare`.

        Raises Malformed and Refused (unsigned, not cosigned: it says nothing, no alarm); Untrue, after the alarm was raised;
        Later and Refusal when tiles cannot be had (undecided: not accepted, ask again).
        """
        accepted = self._policy.accept(note)
        async with self._one_at_a_time:
            last = await self._last()
            new = accepted.checkpoint
            try:
                claim = compare(last, new, least)
                if claim is not None:
                    await prove(claim, self._read_tile)
            except Untrue as untrue:
                await self._journal.change(changes.NoteKept(CONTRADICTION, note))
                await alarms.raise_alarm(
                    self._journal,
                    untrue.code,
                    f"{untrue.why}. Both signed checkpoints are kept in the journal. No recorder is cleared until this is settled.",
                    now,
                )
                raise
            if last is None or new.size > last.size:
                await self._journal.change(changes.NoteKept(queries.CHECKPOINT, note))
        return accepted

    async def _last(self) -> Checkpoint | None:
        kept = await self._journal.ask(queries.note, queries.CHECKPOINT)
        return None if kept is None else self._policy.open(kept)[0]
