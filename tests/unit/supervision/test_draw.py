"""A sample that nobody chose: drawn again from the log by anybody, and each way of cheating shows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_protocol.errors import Refused
from liuhen_protocol.merkle import Node, leaf_hash, node_hash, root_of
from liuhen_server.supervision.draw import FURTHER, Drawn, digest_of_cases, draw, size_of_seed, verify_draw

LEAVES = [leaf_hash(b"%d" % n) for n in range(40)]


def tree(leaves: list[bytes]) -> Node:
    def node(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return node


def checked() -> Drawn:
    population, announced = tuple(range(100, 160)), 20
    digest, size = digest_of_cases(population), size_of_seed(announced)
    root = root_of(LEAVES[:size])
    drawn = draw(root, digest, population, 5)
    return Drawn(population, 5, announced, digest, size, root.hex(), drawn, digest_of_cases(drawn))


def test_a_drawing_is_drawn_again_from_the_log_alone() -> None:
    check = checked()
    assert check.size == 20 + 1 + FURTHER and len(check.cases) == 5
    verify_draw(check, tree(LEAVES))


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("population", {"population": tuple(range(100, 159))}),
        ("size", {"size": 30}),
        ("root", {"root": "00" * 32}),
        ("cases", {"cases": (100, 101, 102, 103, 104)}),
        ("cases", {"sample": 6}),
        ("cases", {"cases_sha256": "00" * 32}),
    ],
    ids=["a case left out", "another moment", "another seed", "cases one would like", "one more", "another result"],
)
def test_whoever_cheats_is_found(code: str, changed: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused:
        verify_draw(replace(checked(), **changed), tree(LEAVES))  # type: ignore[arg-type]
    assert refused.value.code == code


def test_an_entry_changed_after_the_announcement_draws_nothing_that_was_drawn() -> None:
    other = [*LEAVES[:25], leaf_hash(b"another"), *LEAVES[26:]]
    with pytest.raises(Refused, match="another root"):
        verify_draw(checked(), tree(other))


@given(st.sets(st.integers(1, 10**6), max_size=60), st.integers(1, 70), st.binary(min_size=32, max_size=32))
def test_a_sample_is_of_the_population_each_once_and_as_large_as_asked(ids: set[int], sample: int, root: bytes) -> None:
    drawn = draw(root, digest_of_cases(sorted(ids)), sorted(ids), sample)
    assert len(set(drawn)) == len(drawn) == min(sample, len(ids)) and set(drawn) <= ids
    assert drawn == draw(root, digest_of_cases(sorted(ids)), sorted(ids, reverse=True), sample), "whatever the order"
