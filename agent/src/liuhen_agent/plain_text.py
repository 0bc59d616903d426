"""Text that others wrote (recorders, the archive, ffmpeg, file systems) as one line that a person may read safely.

In a statement it must not hold control characters, on a terminal it must not be obeyed.
"""

from __future__ import annotations

import logging

MOST_CODE = 64  # characters of a short word for programs, where it comes from outside


def one_line(text: str, most: int = 1000) -> str:
    """`text` without line ends, escape sequences and marks that turn its direction, not longer than `most` characters."""
    return "".join(char if char.isprintable() else " " for char in text[:most])


class OneLine(logging.Formatter):
    """A log line per message, whatever stands in it. The program's own tracebacks follow below."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return one_line(super().formatMessage(record), 4000)
