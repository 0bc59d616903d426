"""The random moments of a run: when recorders are yanked and when the power goes. Pure: the same seed gives the same moments.

A moment is seconds after plugging in. They are spread over the whole stay of a recorder: one moment falls into each of as many equal
parts of it, in a shuffled order, so that also a short run meets the beginning, the middle and the end.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

STAY_SECONDS = 60.0  # from plugging in to emptied, in software emulation, roughly


@dataclass(frozen=True)
class Plan:
    """`yanks` and `cuts`: seconds after plugging in, one per yank and per cut."""

    seed: int
    yanks: tuple[float, ...]
    cuts: tuple[float, ...]


def make_plan(seed: int, *, yanks: int, cuts: int, stay: float = STAY_SECONDS) -> Plan:
    """The moments of a seed. Raising one of the two numbers leaves the moments of the other as they are."""
    return Plan(seed, _moments(f"{seed} yanks", yanks, stay), _moments(f"{seed} cuts", cuts, stay))


def _moments(seed: str, count: int, stay: float) -> tuple[float, ...]:
    chance = random.Random(seed)
    part = stay / count if count else 0.0
    moments = [round((number + chance.random()) * part, 1) for number in range(count)]
    chance.shuffle(moments)
    return tuple(moments)
