"""The dock's clock, as it is written into statements: a time in UTC and how far it can be trusted.

A dock has no clock of its own when it was without power: until the network set it, its time is whatever the card said
last. So a reading carries its source ("ntp" once time synchronisation reported success, else "unsynchronised") and an
uncertainty in milliseconds. Rules that need a time get a reading handed in; nothing below this module asks for one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from liuhen_protocol.moment import format_time
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
    return Reading(datetime.now(UTC), Clock("unsynchronised", UNSET_UNCERTAINTY_MS))


write_time = format_time  # a moment as statements and the journal write it
