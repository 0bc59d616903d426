"""The dock's clock: who vouches for it stands in every statement, and a dock without time never claims to have one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_agent import clock
from liuhen_agent.clock import UNSYNCHRONISED, Kernel, Reading, judge, read_system_clock
from liuhen_agent.detect import Bay
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.journal import queries, read_only
from liuhen_protocol import dsse
from liuhen_protocol.statement import Clock, read_statement
from support import dock_alone

GOOD = "A29FC87B,162.159.200.123,4,1763870000.123456789,-0.000021,0.000012,0.000034,-1.2,0.001,0.05,0.024,0.003,64.2,Normal"
LOST = "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1.000000000,1.000000000,0.0,Not synchronised"


@pytest.mark.parametrize(
    ("kernel", "age", "tracking", "expected"),
    [
        (Kernel(True, 0), None, None, Clock("ntp", 1_000)),
        (Kernel(True, 2_500_000), None, None, Clock("ntp", 3_500)),
        (Kernel(True, 15_500_000), None, None, UNSYNCHRONISED),  # nine hours without network
        (Kernel(False, 16_000_000), 0.0, GOOD, UNSYNCHRONISED),  # the kernel knows best
        (None, 0.0, None, Clock("ntp", 1_000)),
        (None, 2_048.0, None, Clock("ntp", 2_024)),
        (None, -3_600.0, None, Clock("ntp", 1_000)),  # the clock was set back just now
        (None, 86_400.0, None, UNSYNCHRONISED),
        (None, None, GOOD, Clock("ntp", 16)),
        (None, None, LOST, UNSYNCHRONISED),
        (None, None, "", UNSYNCHRONISED),
        (None, None, "506 Cannot talk to daemon", UNSYNCHRONISED),
        (None, None, GOOD.replace("0.024", "nan"), UNSYNCHRONISED),
        (None, None, GOOD.replace("0.024", "1e400"), UNSYNCHRONISED),
        (None, None, None, UNSYNCHRONISED),
    ],
)
def test_the_clock_is_trusted_as_far_as_somebody_vouches_for_it(
    kernel: Kernel | None, age: float | None, tracking: str | None, expected: Clock
) -> None:
    assert judge(kernel, age, tracking) == expected


@given(
    st.none() | st.builds(Kernel, st.booleans(), st.integers(-(1 << 63), (1 << 63) - 1)),
    st.none() | st.floats(),
    st.none() | st.text(),
)
def test_whatever_is_answered_makes_a_clock_that_a_statement_can_hold(
    kernel: Kernel | None, age: float | None, tracking: str | None
) -> None:
    found = judge(kernel, age, tracking)
    assert found == UNSYNCHRONISED or (found.source == "ntp" and 1 <= found.uncertainty_ms <= 16_000)


@pytest.fixture
def kernel_that_may_not_be_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """As in a unit with ProtectClock=; gives a folder where timesyncd's and chrony's files may lie."""
    monkeypatch.setattr(clock, "_ask_kernel", lambda: None)
    monkeypatch.setattr(clock, "TIMESYNC", tmp_path / "synchronized")
    monkeypatch.setattr(clock, "CHRONY", tmp_path / "chrony")
    monkeypatch.setattr(clock, "_chrony", clock._Chrony())
    yield tmp_path


def test_timesyncds_file_vouches_from_its_last_success_on(kernel_that_may_not_be_asked: Path) -> None:
    assert read_system_clock().clock == UNSYNCHRONISED
    file = kernel_that_may_not_be_asked / "synchronized"
    file.touch()
    fresh = read_system_clock().clock
    assert fresh.source == "ntp" and 1_000 <= fresh.uncertainty_ms < 2_000
    os.utime(file, (0, 0))
    assert read_system_clock().clock == UNSYNCHRONISED


def test_chrony_is_asked_by_its_own_program_and_not_for_every_statement(
    kernel_that_may_not_be_asked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program is a stand-in: it answers what chronyc(1) documents, and counts how often it was asked."""
    folder = kernel_that_may_not_be_asked
    (folder / "chrony").mkdir()
    program = folder / "chronyc"
    program.write_text(f"#!/bin/sh\necho x >> {folder}/asked\n[ \"$*\" = '-n -c tracking' ] && echo '{GOOD}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    assert {read_system_clock().clock for _ in range(3)} == {Clock("ntp", 16)}
    assert (folder / "asked").read_text().count("x") == 1


def test_the_kernel_is_asked_without_changing_anything() -> None:
    answer = clock._ask_kernel()
    assert answer is None or answer.max_error_us >= 0


async def test_a_dock_without_time_says_so_in_every_statement(tmp_path: Path) -> None:
    dock_alone.enrol(tmp_path / "dock")
    (tmp_path / "recorder").mkdir()
    (tmp_path / "recorder" / "clip.mp4").write_bytes(b"clip")
    back = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)
    times = iter([datetime(2026, 11, 22, 10, 0, tzinfo=UTC)])  # once it thought it knew; then the power went

    def without_time() -> Reading:
        return Reading(next(times, back + timedelta(seconds=1)), UNSYNCHRONISED)

    wishes = Wishes(once_idle=True, watch=dock_alone.QUICK, sync=dock_alone.Obliging, read_clock=without_time)
    config = dock_alone.config(tmp_path / "dock", Bay("1", "directory", tmp_path / "recorder"))
    await Dock(tmp_path / "dock", config, wishes).run()
    with read_only(dock_alone.journal_of(tmp_path / "dock")) as db:
        links = [read_statement(dsse.Envelope.parse(row.data).payload).link for row in queries.envelopes(db)]
    assert len(links) > 4
    assert {link.clock.source for link in links} <= {"unsynchronised", "behind"}
    assert min(link.clock.uncertainty_ms for link in links) >= UNSYNCHRONISED.uncertainty_ms
