"""Roots and proofs against RFC 6962 written down as its recursive definitions stand in the text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuhen_protocol import merkle, tiles
from liuhen_protocol.errors import Refused
from liuhen_protocol.signer import Ed25519Signer
from support.memory_log import MemoryLog


def split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    return [*path(m, leaves[:k]), mth(leaves[k:])] if m < k else [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


LEAVES = [merkle.leaf_hash(b"%d" % n) for n in range(70)]


def node(level: int, index: int) -> bytes:
    return mth(LEAVES[index << level : (index + 1) << level])


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    return bytes(changed)


def refuses(code: str, check: Callable[[], None]) -> None:
    with pytest.raises(Refused) as caught:
        check()
    assert caught.value.code == code


@pytest.mark.parametrize("size", range(len(LEAVES) + 1))
def test_roots_agree_with_the_recursive_definition(size: int) -> None:
    expected = mth(LEAVES[:size])
    assert merkle.root_of(LEAVES[:size]) == expected
    assert merkle.tree_root(size, node) == expected
    assert merkle.frontier_at(size, node) == merkle.Frontier().extend(LEAVES[:size])
    grown = merkle.Frontier()
    for leaf in LEAVES[:size]:
        grown = grown.append(leaf)
    assert grown.root() == expected


@pytest.mark.parametrize("size", [*range(1, 36), 63, 64, 65, 70])
def test_every_inclusion_proof_agrees_and_is_accepted(size: int) -> None:
    root = mth(LEAVES[:size])
    for index in range(size):
        proof = merkle.inclusion_proof(index, size, node)
        assert proof == path(index, LEAVES[:size])
        merkle.check_inclusion(LEAVES[index], index, size, proof, root)


@pytest.mark.parametrize("new", [*range(36), 63, 64, 65, 70])
def test_every_consistency_proof_agrees_and_is_accepted(new: int) -> None:
    root = mth(LEAVES[:new])
    for old in range(new + 1):
        proof = merkle.consistency_proof(old, new, node)
        assert proof == (subproof(old, LEAVES[:new], True) if 0 < old < new else [])
        merkle.check_consistency(old, new, mth(LEAVES[:old]), root, proof)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_changed_bit_of_an_inclusion_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    index = data.draw(st.integers(0, size - 1))
    parts = [LEAVES[index], mth(LEAVES[:size]), *merkle.inclusion_proof(index, size, node)]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flipped(parts[which], data.draw(st.integers(0, 255)))
    refuses("not-included", lambda: merkle.check_inclusion(parts[0], index, size, parts[2:], parts[1]))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_changed_bit_of_a_consistency_is_refused(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 70))
    old = data.draw(st.integers(1, new - 1))
    parts = [mth(LEAVES[:old]), mth(LEAVES[:new]), *merkle.consistency_proof(old, new, node)]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flipped(parts[which], data.draw(st.integers(0, 255)))
    refuses("inconsistent", lambda: merkle.check_consistency(old, new, parts[0], parts[1], parts[2:]))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_proof_for_another_place_or_of_another_length_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 70))
    index = data.draw(st.integers(0, size - 1))
    root, proof = mth(LEAVES[:size]), merkle.inclusion_proof(index, size, node)
    other = data.draw(st.integers(-2, size + 2).filter(lambda n: n != index))
    refuses("not-included", lambda: merkle.check_inclusion(LEAVES[index], other, size, proof, root))
    refuses("not-included", lambda: merkle.check_inclusion(LEAVES[index], index, size, proof[:-1], root))
    refuses("not-included", lambda: merkle.check_inclusion(LEAVES[index], index, size, [*proof, root], root))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_consistency_of_other_sizes_or_of_another_length_is_refused(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 70))
    old = data.draw(st.integers(1, new - 1))
    roots, proof = (mth(LEAVES[:old]), mth(LEAVES[:new])), merkle.consistency_proof(old, new, node)
    refuses("inconsistent", lambda: merkle.check_consistency(old, new, *roots, proof[:-1]))
    refuses("inconsistent", lambda: merkle.check_consistency(old, new, *roots, [*proof, roots[1]]))
    refuses("inconsistent", lambda: merkle.check_consistency(new, old, roots[1], roots[0], proof))
    refuses("inconsistent", lambda: merkle.check_consistency(old, old, *roots, []))
    refuses("inconsistent", lambda: merkle.check_consistency(0, new, roots[0], roots[1], []))


@pytest.mark.parametrize("size", [1, 255, 256, 257, 600])
def test_proofs_read_from_tiles_are_those_of_the_tree(size: int) -> None:
    log = MemoryLog("log.example", Ed25519Signer.from_seed(b"t" * 32), (b"%d" % n for n in range(size)))
    from_tiles = tiles.TileNodes(size, log.tile)
    assert merkle.tree_root(size, from_tiles) == log.checkpoint().root
    for index in {0, size // 2, size - 1}:
        proof = merkle.inclusion_proof(index, size, from_tiles)
        merkle.check_inclusion(merkle.leaf_hash(log.entries[index]), index, size, proof, log.checkpoint().root)
    for old in {1, size // 3, size}:
        assert merkle.consistency_proof(old, size, from_tiles) == merkle.consistency_proof(old, size, log.node)


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(0, 200_000), min_size=2, max_size=5).map(sorted))
def test_tiles_written_step_by_step_are_those_of_the_last_size_and_the_partial_ones_before(sizes: list[int]) -> None:
    written: set[tiles.TileId] = set()
    for old, new in zip([0, *sizes], sizes, strict=False):
        written.update(tiles.new_tiles(old, new))
    final = set(tiles.tiles_of_size(sizes[-1]))
    assert final <= written
    assert all(tile.partial for tile in written - final)
