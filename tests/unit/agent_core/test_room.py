"""Which copies leave the spool, and when none does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from liuhen_agent.clock import Reading
from liuhen_agent.collect.room import Room
from liuhen_agent.collect.spool import Spool
from liuhen_agent.journal import ClipKind, ClipState, Journal, changes, queries
from liuhen_agent.sync.alarms import HALTING
from liuhen_protocol.digest import digest_of
from liuhen_protocol.events import DockHead
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Clock

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
CLIP = b"receipted long ago"


def read_clock() -> Reading:
    return Reading(NOW, Clock("ntp", 50))


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    """With one clip, receipted a year ago, its copy in the spool."""
    signer = Ed25519Signer.from_seed(bytes(32))
    journal = await Journal.open(tmp_path / "journal.db", source="dock-1", signer=signer, read_clock=read_clock)
    spool, digest = Spool(tmp_path), digest_of(CLIP)
    spool.prepare()
    spool.path(digest.sha256).write_bytes(CLIP)
    row = await journal.append(
        DockHead(0, 0),
        changes=[
            changes.ClipSpooled(
                digest.sha256,
                digest.size,
                digest.chunk_root,
                None,
                "a.mp4",
                "",
                ClipKind.ORIGINAL,
                spool.relative(digest.sha256),
                False,
            )
        ],
    )
    await journal.change(
        changes.EntriesLogged(((row.seq, 7),)),
        changes.Receipted(digest.sha256, b"a receipt", "2025-11-22T18:00:00.000Z"),
    )
    yield journal
    await journal.close()


@pytest.mark.parametrize("alarm", sorted(HALTING))
async def test_no_copy_leaves_the_spool_while_the_archive_cannot_be_believed(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alarm: str
) -> None:
    spool, sha256 = Spool(tmp_path), digest_of(CLIP).sha256
    room = Room(journal, spool, read_clock, timedelta(days=30))
    await journal.change(changes.AlarmRaised(alarm, "it lost a clip", "2026-11-22T17:00:00.000Z"))
    assert await room.expire() == 0
    monkeypatch.setattr(Spool, "free", lambda spool: 0)
    assert not await room._free(1)
    clip = await journal.ask(queries.clip, sha256)
    assert clip is not None and clip.state is ClipState.RECEIPTED
    assert spool.path(sha256).read_bytes() == CLIP
    await journal.change(changes.AlarmCleared(alarm))
    assert await room.expire() == 1
    assert not spool.path(sha256).exists()
