"""When and how fast footage goes to the archive: a county's line is shared with people who work. Pure.

Statements are never held back, nor are important clips: they are few, and somebody waits for them. A clip that was begun is sent to its
end. `Bucket` is a token bucket: what was not used for BURST_SECONDS may be made up for, no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

BURST_SECONDS = 1.0
_HOURS = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")


@dataclass(frozen=True)
class UploadHours:
    """From `begin` (included) to `end` (excluded), in `zone`; over midnight where the end is before the beginning."""

    begin: time
    end: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: ZoneInfo) -> UploadHours:
        """From "20:00-06:00". Raises ValueError with a sentence."""
        found = _HOURS.fullmatch(text)
        try:
            if found is None:
                raise ValueError
            numbers = [int(digits) for digits in found.groups()]
            begin, end = time(numbers[0], numbers[1]), time(numbers[2], numbers[3])
        except ValueError:
            raise ValueError(f"{text!r} is not like 20:00-06:00") from None
        if begin == end:
            raise ValueError(f"{text!r} is no time at all; leave the key away for the whole day")
        return cls(begin, end, zone)

    def is_open(self, now: datetime) -> bool:
        at = now.astimezone(self.zone).time()
        if self.begin < self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end


def may_go(important: bool, hours: UploadHours | None, now: datetime) -> bool:
    """Whether a clip may be begun now."""
    return important or hours is None or hours.is_open(now)


@dataclass(frozen=True)
class Bucket:
    """`rate` in bytes a second; `level`: bytes that may go at once at the moment `at` (seconds of a clock that never goes back). Below
    zero it is a debt: so many bytes were let go and are waited for."""

    rate: float
    level: float
    at: float

    def take(self, count: int, now: float) -> tuple[Bucket, float]:
        """Lets `count` bytes go; gives what is left and how many seconds to wait before they are sent."""
        filled = min(self.level + max(now - self.at, 0.0) * self.rate, self.rate * BURST_SECONDS)
        level = filled - count
        return Bucket(self.rate, level, max(now, self.at)), max(-level / self.rate, 0.0)
