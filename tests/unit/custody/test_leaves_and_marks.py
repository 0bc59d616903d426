"""Leaves of a stored clip are those of the good bytes or lead to another root; a place in a film has one reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from liuhen_protocol.digest import CHUNK_SIZE, chunk_leaves, digest_of
from liuhen_protocol.merkle import root_of
from liuhen_server.custody.evidence import Clip
from liuhen_server.custody.leaves import LeafLists
from liuhen_server.custody.marks import clock_of, place
from liuhen_server.store.folder import FolderStore

DATA = bytes(range(256)) * (CHUNK_SIZE // 128) + b"the rest"
GOOD = b"".join(chunk_leaves(DATA))


def stored(folder: Path) -> tuple[FolderStore, Clip, Path]:
    digest, store = digest_of(DATA), FolderStore(folder / "store")
    path = store.path_of(digest.sha256)
    path.parent.mkdir(parents=True)
    path.write_bytes(DATA)
    fields = dict.fromkeys(Clip.__slots__)
    own = {"sha256": digest.sha256, "size": digest.size, "chunk_root": digest.chunk_root}
    return store, Clip(**fields | own), path  # type: ignore[arg-type]  # of a clip only these three are looked at


async def test_leaves_are_made_once_and_are_still_those_of_the_good_bytes_when_the_file_is_damaged(
    tmp_path: Path,
) -> None:
    store, clip, path = stored(tmp_path)
    assert await LeafLists(store).of(clip) == GOOD
    path.write_bytes(b"?" + DATA[1:])
    assert await LeafLists(store).of(clip) == GOOD


async def test_leaves_of_a_damaged_file_that_had_none_lead_to_another_root_and_are_not_kept(tmp_path: Path) -> None:
    store, clip, path = stored(tmp_path)
    path.write_bytes(b"?" + DATA[1:])
    made = await LeafLists(store).of(clip)
    assert root_of(made[at : at + 32] for at in range(0, len(made), 32)).hex() != clip.chunk_root
    assert store.leaves(clip.sha256) is None


async def test_leaves_that_were_altered_or_cut_are_made_anew(tmp_path: Path) -> None:
    store, clip, _ = stored(tmp_path)
    for wrong in (b"", GOOD[:-1], b"?" + GOOD[1:]):
        store.keep_leaves(clip.sha256, wrong)
        assert await LeafLists(store).of(clip) == GOOD
        assert store.leaves(clip.sha256) == GOOD


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("", None),
        ("12:05", 725_000),
        ("1:02:05", 3_725_000),
        ("00:02.5", 2_500),
        ("00：02", 2_000),
        ("90:00", 5_400_000),
    ],
)
def test_a_place_in_a_film_is_read(text: str, milliseconds: int | None) -> None:
    assert place(text) == milliseconds


@pytest.mark.parametrize("text", ["later", "5", "12:60", "1:2", "-1:00", "12:05:00:00", "99999:00", "１２:05"])
def test_what_is_no_place_in_a_film_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        place(text)


def test_a_place_is_written_as_it_is_read() -> None:
    for milliseconds in (0, 2_500, 725_000, 3_725_100):
        assert place(clock_of(milliseconds)) == milliseconds
