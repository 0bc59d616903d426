"""How long to wait before trying again: exponential, with jitter, and never less than the archive asked for.

All docks of a county lose the network together and find it together; without jitter they would come back as one crowd.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Random = Callable[[], float]
"""A number from 0 (included) to 1 (excluded), handed in so that tests decide it."""


@dataclass(frozen=True)
class Backoff:
    """Seconds: the first pause and the longest."""

    first: float = 1.0
    longest: float = 300.0

    def delay(self, failures: int, random: Random, asked: float | None = None) -> float:
        """The pause after `failures` failures in a row (1 or more): between half and all of the exponential step."""
        step = min(self.longest, self.first * 2.0 ** min(max(failures - 1, 0), 32))
        return max(step * (0.5 + random() / 2), asked or 0.0)
