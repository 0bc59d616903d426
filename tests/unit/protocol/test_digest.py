"""The digest of a clip is the same however its bytes arrive, and is what other programs compute."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuhen_protocol import merkle
from liuhen_protocol.digest import CHUNK_SIZE, Digest, Digester, chunk_leaves, digest_of
from liuhen_protocol.errors import Malformed

PATTERN = bytes(range(251)) * (3 * CHUNK_SIZE // 251 + 1)
SIZES = [0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 7]


@settings(max_examples=12, deadline=None)
@given(size=st.sampled_from(SIZES), cuts=st.lists(st.integers(0, 2 * CHUNK_SIZE + 7), max_size=6), kind=st.booleans())
def test_digest_does_not_depend_on_the_pieces_in_which_bytes_arrive(size: int, cuts: list[int], kind: bool) -> None:
    data = PATTERN[:size]
    digester, start = Digester(sm3=kind), 0
    for end in [*sorted(min(cut, size) for cut in cuts), size]:
        digester.update(memoryview(data)[start:end] if kind else data[start:end])
        start = end
    assert digester.finish() == digest_of(data, sm3=kind)


@pytest.mark.parametrize("size", SIZES)
def test_flat_hashes_are_those_of_hashlib(size: int) -> None:
    data = PATTERN[:size]
    digest = digest_of(data, sm3=True)
    assert digest.sha256 == hashlib.sha256(data).hexdigest()
    assert digest.sm3 == hashlib.new("sm3", data).hexdigest()
    assert digest.size == size


@pytest.mark.parametrize("size", SIZES)
def test_chunk_root_is_the_rfc_6962_root_over_chunks_of_one_mebibyte(size: int) -> None:
    data = PATTERN[:size]
    leaves = [hashlib.sha256(b"\x00" + data[i : i + (1 << 20)]).digest() for i in range(0, size, 1 << 20)]
    assert chunk_leaves(data) == leaves
    assert digest_of(data).chunk_root == merkle.root_of(leaves).hex()


def test_sm3_is_computed_only_where_it_is_asked_for() -> None:
    assert digest_of(b"abc").sm3 is None
    # the first example of GB/T 32905
    assert digest_of(b"abc", sm3=True).sm3 == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


@pytest.mark.parametrize(
    ("size", "sha256", "root", "sm3"),
    [
        (-1, "0" * 64, "0" * 64, None),
        (0, "A" * 64, "0" * 64, None),
        (0, "0" * 63, "0" * 64, None),
        (0, "0" * 64, "g" * 64, None),
        (0, "0" * 64, "0" * 64, "x"),
    ],
)
def test_a_digest_of_another_form_is_refused(size: int, sha256: str, root: str, sm3: str | None) -> None:
    with pytest.raises(Malformed):
        Digest(size, sha256, root, sm3)
