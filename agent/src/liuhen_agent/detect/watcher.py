"""What is plugged in, and what is still settling: from what is seen in the bays to `BayEvent`s, for every backend.

A thing counts as plugged once it has not changed for the settle time, or longer where it is known that more will come
(`Seen.patience`). It counts as pulled at once.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from liuhen_agent.detect import BayEvent, Port


@dataclass(frozen=True)
class Seen:
    """What a look found. `stamp` changes while the thing is still being put in; only the settling looks at it. `patience`:
    seconds it may stay incomplete before it counts as it is."""

    port: Port
    stamp: tuple[Hashable, ...]
    patience: float = 0.0


class Watcher:
    """`step` is pure but for this state; times are monotonic seconds."""

    def __init__(self, settle_seconds: float) -> None:
        self._settle = settle_seconds
        self._plugged: dict[str, Port] = {}
        self._settling: dict[str, tuple[Seen, float]] = {}

    def step(self, bay: str, seen: Seen | None, now: float) -> list[BayEvent]:
        """The events of one look: `pulled` at once, `plugged` after the settle time."""
        events: list[BayEvent] = []
        plugged = self._plugged.get(bay)
        if plugged is not None and (seen is None or seen.port.identity != plugged.identity):
            del self._plugged[bay]
            events.append(BayEvent(bay, "pulled", plugged))
            plugged = None
        if seen is None or plugged is not None:
            self._settling.pop(bay, None)
            return events
        before = self._settling.get(bay)
        if before is None or before[0] != seen:
            self._settling[bay] = before = (seen, now)
        if now - before[1] >= self._needs(seen):
            del self._settling[bay]
            self._plugged[bay] = seen.port
            events.append(BayEvent(bay, "plugged", seen.port))
        return events

    def due(self) -> float | None:
        """When to look again although nothing changed; None: only when something does."""
        return min((since + self._needs(seen) for seen, since in self._settling.values()), default=None)

    def _needs(self, seen: Seen) -> float:
        return max(self._settle, seen.patience)
