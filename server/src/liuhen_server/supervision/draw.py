"""Which cases a spot check takes: drawn by a seed that nobody chose, so that anybody can draw them again. Pure.

The order is fixed: the population (which cases could be drawn) and the sample's size are stated first; the seed is the root of the log's tree
once `FURTHER` more entries have followed that statement. Whoever would want another sample had to know the root before those entries were written, or
announce again, which stands in the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from liuhen_protocol.errors import Refused
from liuhen_protocol.merkle import Node, tree_root

__all__ = ["FURTHER", "Drawn", "digest_of_cases", "draw", "size_of_seed", "verify_draw"]

FURTHER = 8
"""Entries that must follow the announcement: acts of other people and heads of docks among them."""

_PREFIX = b"liuhen-spot-check-v1\n"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A check as its two statements and its rows tell it. `population`, `cases`: ids of cases, ascending; `announced` is the index of
    the announcement in the log; `size` and `root` (hexadecimal) are of the tree that gave the seed.
    """

    population: tuple[int, ...]
    sample: int
    announced: int
    population_sha256: str
    size: int
    root: str
    cases: tuple[int, ...]
    cases_sha256: str


def digest_of_cases(ids: Sequence[int]) -> str:
    """SHA-256 over `case-<id>`, ascending, a line each, hexadecimal."""
    return hashlib.sha256("".join(f"case-{each}\n" for each in sorted(ids)).encode()).hexdigest()


def size_of_seed(announced: int) -> int:
    """The tree whose root is the seed: fixed by the announcement's place alone, so that no moment can be waited for."""
    return announced + 1 + FURTHER


def draw(root: bytes, population_sha256: str, ids: Sequence[int], sample: int) -> tuple[int, ...]:
    """The `sample` cases whose SHA-256 over prefix, root, population digest and name is lowest; all of them where there are fewer."""

    def place(case_id: int) -> bytes:
        return hashlib.sha256(_PREFIX + root + bytes.fromhex(population_sha256) + f"case-{case_id}".encode()).digest()

    return tuple(sorted(sorted(set(ids), key=place)[:sample]))


def verify_draw(check: Drawn, node: Node) -> None:
    """Draws again from the log's own tree (`node` as `merkle` has it). Raises Refused: `population`, `size`, `root` or `cases`."""
    if digest_of_cases(check.population) != check.population_sha256:
        raise Refused("population", "the cases that could be drawn are not those that were announced")
    if check.size != size_of_seed(check.announced):
        raise Refused("size", "the seed is not of the tree that the announcement fixes")
    root = tree_root(check.size, node)
    if root.hex() != check.root:
        raise Refused("root", "the log's tree has another root")
    drawn = draw(root, check.population_sha256, check.population, check.sample)
    if drawn != check.cases or digest_of_cases(drawn) != check.cases_sha256:
        raise Refused("cases", "the seed draws other cases")
