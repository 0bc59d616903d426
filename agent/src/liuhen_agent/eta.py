"""How long until each recorder is safe to take: an honest estimate, or none.

Pure: every moment is handed in (seconds of a clock that only goes forward), every count is cumulative. Two steps:

    Meter       what a stream of bytes has done lately: recent seconds count more, a pause makes it forget
    forecast    all bays played forward at those rates: they share the bus, they queue for the line to the archive

"Safe to take" needs receipts, so what is read must still be sent, behind what waits already. Where a rate is not known (nothing
moved yet, or nothing moves any more) there is no estimate: a wrong one is worse than none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

RECENT_SECONDS = 15.0
"""How fast the past fades: what moved so long ago counts a third."""
SURE_SECONDS = 3.0
"""So much time at work before a rate is believed."""
READ_PAUSE_SECONDS = 10.0
SEND_PAUSE_SECONDS = 45.0
"""The archive reads a whole clip back before it answers: no byte moves meanwhile, and nothing is wrong."""
SLOWER = 0.8
"""Of the fastest bay's rate: below that, a card is slower than the others."""
RECEIPT_SECONDS = 3.0
"""From the last byte sent to the checked receipt and the cleared recorder, when all is well."""
RECEIPT_LATE_SECONDS = 30.0


@dataclass(frozen=True)
class Work:
    """One bay's work as it stands. Sizes in bytes. `ahead`: what must be sent before its last clip that is read already is there,
    that clip included; `typical`: the size of one of its files, which can only be sent once it is read whole."""

    bay: str
    reading: bool
    total: int
    read: int
    ahead: int
    typical: int

    @property
    def to_read(self) -> int:
        return max(self.total - self.read, 0) if self.reading else 0


class Meter:
    """The recent rate of a counter. Only time at work counts."""

    def __init__(self, pause: float, recent: float = RECENT_SECONDS) -> None:
        self._pause = pause
        self._recent = recent
        self._at: float | None = None
        self._count = 0
        self._busy = False
        self._moved = 0.0  # when the counter moved last
        self._bytes = 0.0  # faded sums
        self._seconds = 0.0
        self._spent = 0.0

    def look(self, at: float, count: int, *, busy: bool) -> None:
        """The counter stands at `count`; `busy`: there is something to move."""
        if self._at is None or count < self._count:
            self._at, self._count, self._moved = at, count, at
            return
        seconds, moved = at - self._at, count - self._count
        began, self._busy = busy and not self._busy, busy
        self._at, self._count = at, count
        if began or (not busy and (not moved or moved / seconds < self._faded)):
            self._moved = (
                at  # idle is no pause; at work for a part of the time, how long is not known: it can only be faster
            )
            return
        if moved:
            if at - self._moved > self._pause:
                self.forget()  # it goes on after a pause: what was before says little
            self._moved = at
        fade = math.exp(-seconds / self._recent)
        self._bytes = self._bytes * fade + moved
        self._seconds = self._seconds * fade + seconds
        self._spent += seconds

    def forget(self) -> None:
        """Begin anew: the conditions changed."""
        self._bytes = self._seconds = self._spent = 0.0

    @property
    def stalled(self) -> bool:
        return self._at is not None and self._at - self._moved > self._pause

    @property
    def moves(self) -> bool:
        """Whether it moved when it was last looked at."""
        return self._at is not None and self._moved == self._at

    @property
    def rate(self) -> float | None:
        """Bytes per second; None while it is not known or nothing moves."""
        if self.stalled or self._spent < SURE_SECONDS or self._bytes <= 0:
            return None
        return self._faded

    @property
    def _faded(self) -> float:
        return self._bytes / self._seconds if self._seconds else 0.0


@dataclass(frozen=True)
class Bus:
    """How fast recorders are read: `capacity` of all together now; `weights`: how it is divided among the bays now; `alone`: the rate of
    a bay that only its own card holds back; `best`: the best rate of any bay that had the bus for itself, None if none ever had."""

    capacity: float
    weights: Mapping[str, float]
    alone: Mapping[str, float]
    best: float | None

    def shares(self, bays: Iterable[str]) -> dict[str, float]:
        """Bytes per second of each of these bays when they are the only ones left."""
        wanted = {bay: self.weights.get(bay, 0.0) for bay in bays}
        known = [weight for weight in wanted.values() if weight > 0]
        usual = sum(known) / len(known) if known else 1.0
        wanted = {bay: weight or usual for bay, weight in wanted.items()}
        whole = sum(wanted.values())
        return {bay: min(self.capacity * weight / whole, self._most(bay)) for bay, weight in wanted.items()}

    def _most(self, bay: str) -> float:
        """How fast a bay can become when others leave the bus to it."""
        return max(self.weights.get(bay, 0.0), self.alone.get(bay, self.best or self.capacity))


def forecast(
    works: Sequence[Work], bus: Bus | None, readers: int, queue: int, sending: float | None
) -> dict[str, float | None]:
    """Seconds until each bay is safe to take. `readers` bays are read at once, those with the least left first (collect.fairness);
    `queue`: bytes read and not sent; `sending`: bytes per second to the archive. None where something that is needed is not known."""
    found: dict[str, float | None] = {}
    for work in works:
        if not work.to_read:
            found[work.bay] = _sent_after(0.0, work.ahead, sending)
    left = {work.bay: float(work.to_read) for work in works if work.to_read}
    typical = {work.bay: work.typical for work in works}
    if bus is None or readers < 1:
        return found | dict.fromkeys(left)
    passed, waiting = 0.0, float(queue)
    while left:
        shares = bus.shares(first_to_read(left, readers))
        step = min(left[bay] / share for bay, share in shares.items())
        passed += step
        waiting = max(0.0, waiting + (sum(shares.values()) - (sending or 0.0)) * step)
        for bay, share in shares.items():
            left[bay] -= share * step
            if left[bay] <= 1.0:  # less than a byte
                del left[bay]
                found[bay] = _sent_after(passed, max(waiting, typical[bay]), sending)
    return found


def held_back(rates: Mapping[str, float]) -> dict[str, float]:
    """Of bays that are read at once, those that are clearly slower than another: their own cards hold them back, not the bus."""
    fastest = max(rates.values(), default=0.0)
    return {bay: rate for bay, rate in rates.items() if 0 < rate < SLOWER * fastest}


def first_to_read(left: Mapping[str, float], readers: int) -> list[str]:
    """Whose turn it is: those with the least left to read."""
    return sorted(left, key=lambda bay: left[bay])[:readers]


def _sent_after(read: float, to_send: float, sending: float | None) -> float | None:
    if not to_send:
        return read + RECEIPT_SECONDS
    return None if sending is None else read + to_send / sending + RECEIPT_SECONDS


class Estimator:
    """Looks about once a second; keeps what it learnt of the bus and the line for the next recorders."""

    def __init__(self, readers: int) -> None:
        """`readers`: how many bays are read at once."""
        self._readers = readers
        self._bays: dict[str, Meter] = {}
        self._all_sent: dict[str, float] = {}  # since when nothing of a bay waits to be sent
        self._bus = Meter(READ_PAUSE_SECONDS)
        self._line = Meter(SEND_PAUSE_SECONDS, recent=2 * RECENT_SECONDS)
        self._read = 0  # by all bays
        self._seen: dict[str, int] = {}
        self._active: frozenset[str] = frozenset()
        self._alone: dict[str, float] = {}
        self._own: dict[str, float] = {}  # rates of bays that are slower than others beside them
        self._best: float | None = None
        self._usual_line: float | None = None

    @property
    def sending(self) -> float | None:
        """Bytes per second to the archive while there is something to send; None while not known."""
        return self._line.rate

    def forget(self, bay: str) -> None:
        """Another recorder will come there."""
        for known in (self._bays, self._seen, self._alone, self._own, self._all_sent):
            known.pop(bay, None)

    def look(self, at: float, works: Sequence[Work], queue: int, sent: int) -> dict[str, int | None]:
        """Seconds left of each bay in `works`. `queue`: bytes read and not sent yet, of all bays; `sent`: bytes sent, ever more."""
        self._measure(at, works, queue, sent)
        standing = self._standing(works)
        moving = [work for work in works if work.bay not in standing]
        capacity = self._bus.rate
        bus = None if capacity is None else Bus(capacity, self._weights(moving), self._own | self._alone, self._best)
        known = forecast(moving, bus, self._readers - len(standing), queue, self._sending(queue))
        return {work.bay: self._honest(at, work, known.get(work.bay)) for work in works}

    def _measure(self, at: float, works: Sequence[Work], queue: int, sent: int) -> None:
        active = frozenset(work.bay for work in works if work.to_read)
        for work in works:
            bay = self._bays.setdefault(work.bay, Meter(READ_PAUSE_SECONDS))
            self._read += max(work.read - self._seen.get(work.bay, 0), 0)
            self._seen[work.bay] = work.read
            bay.look(at, work.read, busy=work.bay in active)
            if work.to_read or work.ahead or not work.total:
                self._all_sent.pop(work.bay, None)
            else:
                self._all_sent.setdefault(work.bay, at)
        self._bus.look(at, self._read, busy=bool(active))
        if active != self._active:
            self._active = active
            self._bus.forget()
            for name in active:
                self._bays[name].forget()
        if len(active) == 1:
            (name,) = active
            rate = self._bays[name].rate
            if rate is not None:
                self._alone[name] = rate
                self._best = max(rate, self._best or 0.0)
        if len(active) > 1:
            rates = {name: rate for name in active if (rate := self._bays[name].rate) is not None}
            self._own = {name: own for name, own in self._own.items() if rates.get(name, 0.0) <= own / SLOWER}
            self._own |= held_back(rates)
        self._line.look(at, sent, busy=queue > 0)
        if self._line.moves:
            self._usual_line = self._line.rate or self._usual_line

    def _sending(self, queue: int) -> float | None:
        """The line's rate now; with nothing to send, or not enough seen, the rate it had last."""
        return None if queue and self._line.stalled else self._line.rate or self._usual_line

    def _weights(self, works: Sequence[Work]) -> dict[str, float]:
        rates = ((work.bay, self._bays[work.bay].rate) for work in works if work.to_read)
        return {bay: rate for bay, rate in rates if rate is not None}

    def _standing(self, works: Sequence[Work]) -> set[str]:
        """Bays whose reader stands still although a place is free for it; they keep it. Who reads now comes first: a file that has begun
        is read to its end."""
        stalled = {work.bay: self._bays[work.bay].stalled for work in works if work.to_read}
        left = {work.bay: work.to_read for work in works}
        reading = sorted(stalled, key=lambda bay: (stalled[bay], left[bay]))[: self._readers]
        return {bay for bay in reading if stalled[bay]}

    def _honest(self, at: float, work: Work, seconds: float | None) -> int | None:
        since = self._all_sent.get(work.bay)
        if since is not None and at - since > RECEIPT_LATE_SECONDS:
            return None  # the receipt does not come, and nobody knows when
        return None if seconds is None or not work.total else max(1, round(seconds))
