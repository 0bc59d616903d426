"""Eight recorders at once, from plugged in until the last is safe to take, against the sum of the same eight one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from house.bench.docked import docked
from house.bench.measure import Goal, Result, progress, seconds
from house.bench.running_dock import RunningDock, make_card, running_dock

BAYS = 8
CARD_BYTES = 512 << 20


def run(work: Path, card_bytes: int = CARD_BYTES) -> Iterator[Result]:
    with docked(work / "county") as county, running_dock(county, "bays", BAYS) as dock:
        progress(f"eight-bays: {BAYS} recorders of {card_bytes >> 20} MiB, one after the other")
        single = 0.0
        for number in range(BAYS):
            single += _docked(dock, [make_card(work / "card.img", number, card_bytes)])
        progress("eight-bays: all at once")
        cards = [make_card(work / f"card-{number}.img", number, card_bytes) for number in range(BAYS)]
        together = _docked(dock, cards)
    name = "the same eight, one after the other"
    yield Result("eight-bays", together, "s", name, single, Goal(1.0, at_least=False))


def _docked(dock: RunningDock, cards: list[Path]) -> float:
    spent = seconds(partial(dock.dock_them, cards))
    dock.take(len(cards))
    return spent
