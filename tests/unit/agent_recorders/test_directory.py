"""A folder is read like a card, and nothing outside of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from liuhen_agent.recorders import FileEntry, VolumeError
from liuhen_agent.recorders.directory import open_directory
from support.cards import content, read_all, reason


async def test_a_folder_is_read_like_a_card(tmp_path: Path) -> None:
    root = tmp_path / "folder"
    (root / "DCIM").mkdir(parents=True)
    (root / "DCIM" / "a.mp4").write_bytes(b"abc" * 100_000)
    (root / "b\n.txt").write_bytes(b"")
    volume = await open_directory(root)
    listing = await volume.inventory()
    assert [entry.path for entry in listing.files] == ["DCIM/a.mp4", "b%0A.txt"]
    assert await content(volume, listing.files[0]) == b"abc" * 100_000
    assert await content(volume, listing.files[1]) == b""
    await volume.close()
    with pytest.raises(VolumeError, match="closed"):
        await volume.inventory()


async def test_links_and_special_files_of_a_folder_are_reported_and_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "folder"
    root.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "link.mp4").symlink_to(tmp_path / "secret")
    (root / "linked").symlink_to(tmp_path)
    os.mkfifo(root / "fifo.mp4")
    (root / "real.mp4").write_bytes(b"x")
    volume = await open_directory(root)
    listing = await volume.inventory()
    assert [entry.path for entry in listing.files] == ["real.mp4"]
    assert len(listing.problems) == 3
    (root / "real.mp4").unlink()
    (root / "real.mp4").symlink_to(tmp_path / "secret")
    assert await reason(volume, listing.files[0]) == "read-error"
    for path in (b"../secret", b"linked/secret", b"/etc/passwd"):
        assert await reason(volume, FileEntry(path, "x", 6, None, 0)) in ("read-error", "not-a-file")
    await volume.close()


async def test_a_file_that_changes_its_size_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x" * 1000)
    volume = await open_directory(tmp_path)
    (entry,) = (await volume.inventory()).files
    for new in (b"x" * 999, b"x" * 1001):
        stream = await volume.open_clip(entry)
        (tmp_path / "a.mp4").write_bytes(new)
        with pytest.raises(VolumeError, match="size-differs"):
            read_all(stream)
        assert await reason(volume, entry) == "size-differs"
        (tmp_path / "a.mp4").write_bytes(b"x" * 1000)
    await volume.close()
