"""RFC 6962 Merkle trees: roots, inclusion and consistency, and the frontier that grows a tree without its leaves.

A *node* is the hash of a complete subtree: `node(level, index)` covers the leaves `[index << level, (index + 1) << level)`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from liuhen_protocol.errors import Refused

LEAF_PREFIX = b"\x00"
NODE_PREFIX = b"\x01"
EMPTY_ROOT = hashlib.sha256(b"").digest()

Node = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(00 ‖ data), RFC 6962 section 2.1."""
    return hashlib.sha256(LEAF_PREFIX + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(01 ‖ left ‖ right), RFC 6962 section 2.1."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: the roots of its complete subtrees, largest first. Grows by one leaf at a time."""

    size: int = 0
    nodes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> Frontier:
        nodes = list(self.nodes)
        carry, size = leaf, self.size
        while size & 1:
            carry = node_hash(nodes.pop(), carry)
            size >>= 1
        return Frontier(self.size + 1, (*nodes, carry))

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        nodes, size = list(self.nodes), self.size
        for leaf in leaves:
            carry, rest = leaf, size
            while rest & 1:
                carry = node_hash(nodes.pop(), carry)
                rest >>= 1
            nodes.append(carry)
            size += 1
        return Frontier(size, tuple(nodes))

    def root(self) -> bytes:
        if not self.nodes:
            return EMPTY_ROOT
        root = self.nodes[-1]
        for left in reversed(self.nodes[:-1]):
            root = node_hash(left, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes."""
    return Frontier().extend(leaves).root()


def subtrees(size: int) -> list[tuple[int, int]]:
    """The (level, index) of the complete subtrees that make up a tree of `size` leaves, left to right."""
    found, start = [], 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            found.append((level, start >> level))
            start += 1 << level
    return found


def frontier_at(size: int, node: Node) -> Frontier:
    """The frontier of the tree's first `size` leaves, read from stored nodes."""
    return Frontier(size, tuple(node(level, index) for level, index in subtrees(size)))


def _range_root(start: int, end: int, node: Node) -> bytes:
    """MTH(D[start:end]) where `start` is a multiple of the largest power of two below `end - start`'s span."""
    width = end - start
    if width & (width - 1) == 0 and start % width == 0:
        level = width.bit_length() - 1
        return node(level, start >> level)
    split = 1 << ((width - 1).bit_length() - 1)
    return node_hash(_range_root(start, start + split, node), _range_root(start + split, end, node))


def tree_root(size: int, node: Node) -> bytes:
    """The root of the first `size` leaves, read from stored nodes."""
    return _range_root(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """PATH(index, D[size]), RFC 6962 section 2.1.1, from the leaf's sibling up to the root's child."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size} leaves")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + (1 << ((end - start - 1).bit_length() - 1))
        if index < split:
            proof.append(_range_root(split, end, node))
            end = split
        else:
            proof.append(_range_root(start, split, node))
            start = split
    proof.reverse()
    return proof


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """PROOF(old, D[new]), RFC 6962 section 2.1.2. Empty when `old` is 0 or equals `new`."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves has no earlier state of {old} leaves")
    if old in (0, new):
        return []
    proof: list[bytes] = []
    start, end, whole = (
        0,
        new,
        True,
    )  # `whole`: the old tree is exactly D[start:old] and its root is known to the verifier
    while old != end:
        split = start + (1 << ((end - start - 1).bit_length() - 1))
        if old <= split:
            proof.append(_range_root(split, end, node))
            end = split
        else:
            proof.append(_range_root(start, split, node))
            start, whole = split, False
    if not whole:
        proof.append(_range_root(start, end, node))
    proof.reverse()
    return proof


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 section 2.1.3.2. Raises Refused("not-included")."""
    if not 0 <= index < size:
        raise Refused("not-included", f"leaf {index} is not in a tree of {size} leaves")
    fn, sn, computed = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            raise Refused("not-included", f"the inclusion proof of leaf {index} is too long")
        if fn & 1 or fn == sn:
            computed = node_hash(sibling, computed)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            computed = node_hash(computed, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise Refused("not-included", f"the inclusion proof of leaf {index} is too short")
    if computed != root:
        raise Refused(
            "not-included", f"the inclusion proof of leaf {index} does not lead to the root of the {size} leaves"
        )


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """RFC 9162 section 2.1.4.2: the first `old` leaves of the new tree are the old tree. Raises Refused("inconsistent")."""
    sizes = f"the tree of {new} leaves does not continue the tree of {old} leaves"
    if old > new:
        raise Refused("inconsistent", sizes)
    if old == new:
        if proof or old_root != new_root:
            raise Refused("inconsistent", f"two trees of {old} leaves differ")
        return
    if old == 0:
        if proof or old_root != EMPTY_ROOT:
            raise Refused("inconsistent", "the empty tree needs no proof and has one root")
        return
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise Refused("inconsistent", f"{sizes}: the proof is empty")
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    from_old = from_new = path[0]
    for sibling in path[1:]:
        if sn == 0:
            raise Refused("inconsistent", f"{sizes}: the proof is too long")
        if fn & 1 or fn == sn:
            from_old = node_hash(sibling, from_old)
            from_new = node_hash(sibling, from_new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            from_new = node_hash(from_new, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn or from_old != old_root or from_new != new_root:
        raise Refused("inconsistent", sizes)
