"""The dock's clock, as it is written into statements: a time in UTC and how far it can be trusted.

A dock has no clock of its own when it was without power: until the network set it, its time is whatever the card said
last. So a reading carries its source ("ntp" once time synchronisation reported success, else "system") and an
uncertainty in milliseconds. Rules that need a time get a reading handed in; nothing below this module asks for one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from liuhen_protocol.statement import Clock

SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")  # touched by systemd-timesyncd after each success
NTP_UNCERTAINTY_MS = 1_000
UNSET_UNCERTAINTY_MS = 86_400_000  # nobody vouches for it: a day


@dataclass(frozen=True)
class Reading:
    """A moment (aware, UTC) and what vouches for it."""

    time: datetime
    clock: Clock


ReadClock = Callable[[], Reading]


def read_system_clock() -> Reading:
    """The machine's clock, and whether the network set it since it started."""
    if SYNCHRONIZED.exists():
        return Reading(datetime.now(UTC), Clock("ntp", NTP_UNCERTAINTY_MS))
    return Reading(datetime.now(UTC), Clock("system", UNSET_UNCERTAINTY_MS))


def write_time(moment: datetime) -> str:
    """A statement's time: UTC, milliseconds, "Z". Never rounded up."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_time(text: str) -> datetime:
    """The moment of a statement's time; ValueError if it is not one."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def not_before(last: str | None, reading: Reading) -> Reading:
    """The reading, or the last statement's time if the clock stands behind it: a chain's times never go back. Then the
    source says "behind" and the uncertainty is the difference."""
    if last is None:
        return reading
    floor = read_time(last)
    if reading.time >= floor:
        return reading
    behind = (floor - reading.time) // timedelta(milliseconds=1)
    return Reading(floor, Clock("behind", behind))
