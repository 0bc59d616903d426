"""The random moments of a run: when recorders are yanked and when the power goes. Pure: the same seed gives the same moments.

A moment is a share of a recorder's stay, from plugging in (0) to emptied (1): how long a stay takes depends on the machine and is measured
there. Moments are spread over the whole stay: one falls into each of as many equal parts of it, in a shuffled order, so that also a short
run meets the beginning, the middle and the end.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """`yanks` and `cuts`: shares of a stay, one per yank and per cut."""

    seed: int
    yanks: tuple[float, ...]
    cuts: tuple[float, ...]


def make_plan(seed: int, *, yanks: int, cuts: int) -> Plan:
    """The moments of a seed. Raising one of the two numbers leaves the moments of the other as they are."""
    return Plan(seed, _moments(f"{seed} yanks", yanks), _moments(f"{seed} cuts", cuts))


def _moments(seed: str, count: int) -> tuple[float, ...]:
    chance = random.Random(seed)
    moments = [(number + chance.random()) / count for number in range(count)]
    chance.shuffle(moments)
    return tuple(moments)
