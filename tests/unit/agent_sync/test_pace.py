"""Footage goes when and as fast as the configuration says; what must not wait does not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_agent.journal import ClipState, queries
from liuhen_agent.sync.pace import Bucket, UploadHours, may_go
from liuhen_agent.sync.service import Pace, Sync
from liuhen_agent.sync.uploads import THROTTLED_PIECE, Throttle, pieces_of
from unit.agent_sync.world import NOW, enrolled

ZONE = ZoneInfo("Asia/Shanghai")
NIGHT = UploadHours.parse("20:00-06:00", ZONE)


@pytest.mark.parametrize(
    ("local", "is_open"),
    [
        ("19:59", False),
        ("20:00", True),
        ("23:59", True),
        ("00:00", True),
        ("05:59", True),
        ("06:00", False),
        ("12:00", False),
    ],
)
def test_hours_over_midnight_are_those_of_the_docks_zone(local: str, is_open: bool) -> None:
    now = datetime.combine(NOW.date(), time.fromisoformat(local), ZONE).astimezone(UTC)
    assert NIGHT.is_open(now) is is_open
    assert may_go(False, NIGHT, now) is is_open
    assert may_go(True, NIGHT, now) and may_go(False, None, now)


@given(st.times(), st.times(), st.datetimes(timezones=st.just(UTC)))
def test_every_moment_lies_in_the_hours_or_in_those_between(begin: time, end: time, now: datetime) -> None:
    begin, end = begin.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)
    if begin != end:
        assert UploadHours(begin, end, ZONE).is_open(now) != UploadHours(end, begin, ZONE).is_open(now)


@pytest.mark.parametrize(
    "text", ["20-06", "20:00", "24:00-06:00", "20:60-06:00", "06:00-06:00", " 20:00-06:00", "２０:00-06:00"]
)
def test_what_are_no_hours_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"20:00-06:00|no time at all"):
        UploadHours.parse(text, ZONE)


@given(st.integers(1, 10**9), st.lists(st.tuples(st.integers(1, 1 << 20), st.floats(0, 10)), max_size=50))
def test_in_no_span_of_time_goes_more_than_the_rate_and_one_second_of_it(
    rate: int, sendings: list[tuple[int, float]]
) -> None:
    bucket, now, sent = Bucket(rate, 0.0, 0.0), 0.0, 0
    for count, pause in sendings:
        now += pause
        bucket, wait = bucket.take(count, now)
        now += wait  # it is sent now
        sent += count
        assert sent <= rate * (now + 1) * (1 + 1e-9) + 1e-3
        assert wait <= (sent / rate) * (1 + 1e-9) + 1e-9, "nobody waits longer than all that went takes"


async def test_throttled_pieces_are_the_same_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9_999 + b"end"
    (tmp_path / "clip").write_bytes(data)
    told: list[int] = []
    pieces = [piece async for piece in pieces_of(tmp_path / "clip", 3, len(data) - 3, told.append, Throttle(100_000))]
    assert b"".join(pieces) == data[3:] and max(map(len, pieces)) == THROTTLED_PIECE
    assert told[-1] == len(data) - 3 and told == sorted(told)


async def test_outside_the_hours_statements_and_important_clips_go_and_the_others_wait(tmp_path: Path) -> None:
    """NOW is two o'clock in the morning in Shanghai."""
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"plain.mp4": b"plain" * 1000})
        await world.dock_folder({"important.mp4": b"important" * 1000}, "s2", tmp_path / "bay2", important=True)
        moment = NOW + timedelta(hours=10)
        sync = Sync(
            world.journal,
            world.data_dir,
            now=lambda: moment,
            random=lambda: 0.0,
            pace=Pace(idle=0.01, receipts=0.01, hours=NIGHT, upload_mbit=1_000),
        )
        running = asyncio.create_task(sync.run())
        try:
            while not await world.journal.ask(queries.clips_in, ClipState.RECEIPTED):
                await asyncio.sleep(0.01)
            assert await world.journal.ask(queries.unsent_count) == 0
            assert [clip.name for clip in await world.journal.ask(queries.clips_to_upload)] == ["plain.mp4"]
            assert list(archive.stored.values()) == [b"important" * 1000]
            moment = NOW + timedelta(hours=24)
            while len(await world.journal.ask(queries.clips_in, ClipState.RECEIPTED)) < 2:
                await asyncio.sleep(0.01)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
