"""Times as statements write them: UTC, milliseconds, one spelling, so that they sort as texts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from liuhen_protocol.errors import Malformed

_TIME = re.compile(r"\d{4}-\d\d-\d\dT(?!24)\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


def format_time(moment: datetime) -> str:
    """A moment with a zone as statements write it: UTC, milliseconds, `2026-11-22T10:00:00.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """Raises Malformed for any other form, and for a day or an hour that does not exist."""
    if not _TIME.fullmatch(text):
        raise Malformed(f"time: {text[:40]!r} is not like 2026-11-22T10:00:00.123Z")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed(f"time: {text} does not exist") from error


def seconds_of(text: str) -> int:
    """Whole seconds since the epoch, for comparing with a witness's time."""
    return (parse_time(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
