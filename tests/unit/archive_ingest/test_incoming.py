"""However an upload is cut into pieces, interrupted and taken up again, its digests are those of the whole file."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuhen_protocol.digest import CHUNK_SIZE, digest_of
from liuhen_server.store.folder import FolderStore
from liuhen_server.store.incoming import Busy, Incoming
from liuhen_server.store.interface import NotStored, ReadBackFailed

DATA = random.Random(7).randbytes(3 * CHUNK_SIZE + 12_345)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, CHUNK_SIZE), st.sampled_from(["", "sync", "settle", "reopen"])), max_size=12))
def test_digest_is_that_of_the_bytes_whatever_the_pieces(tmp_path: Path, steps: list[tuple[int, str]]) -> None:
    path = tmp_path / "upload"
    path.unlink(missing_ok=True)
    Incoming.create(path)
    file = Incoming.open_at(path, 0, sm3=True)
    for size, then in [*steps, (len(DATA), "")]:
        piece = DATA[file.written : file.written + size]
        file.write(piece)
        file.hash_arrived(piece)
        if then:
            file.sync()
        if then == "settle":
            file.read_back()
        if then == "reopen":
            file.close()
            file = Incoming.open_at(path, file.durable, sm3=True)
    assert file.finish() == digest_of(DATA, sm3=True)
    file.close()


def test_bytes_that_were_not_durable_are_cut_off_when_an_upload_is_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    Incoming.create(path)
    path.write_bytes(DATA)
    file = Incoming.open_at(path, 1000)
    assert (file.written, path.stat().st_size) == (1000, 1000)
    file.close()


def test_file_shorter_than_its_durable_bytes_is_a_lost_upload(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    Incoming.create(path)
    with pytest.raises(FileNotFoundError):
        Incoming.open_at(path, 1)


def test_two_processes_cannot_write_one_upload(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    Incoming.create(path)
    file = Incoming.open_at(path, 0)
    with pytest.raises(Busy):
        Incoming.open_at(path, 0)
    file.close()
    Incoming.open_at(path, 0).close()


def test_byte_changed_on_the_disk_behind_the_upload_is_seen_by_the_read_back(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    Incoming.create(path)
    file = Incoming.open_at(path, 0)
    file.write(DATA)
    file.hash_arrived(DATA)
    with path.open("r+b") as other:
        other.seek(100)
        other.write(b"x" if DATA[100:101] != b"x" else b"y")
    found = file.finish()
    assert found.chunk_root == digest_of(DATA).chunk_root
    assert found.sha256 != digest_of(DATA).sha256
    assert file.chunk_root_on_disk() != found.chunk_root
    file.close()


def incoming(folder: Path, data: bytes) -> Incoming:
    path = folder / os.urandom(4).hex()
    Incoming.create(path)
    file = Incoming.open_at(path, 0)
    file.write(data)
    file.hash_arrived(data)
    file.finish()
    return file


def test_store_keeps_one_object_and_reads_ranges(tmp_path: Path) -> None:
    store, sha256 = FolderStore(tmp_path), digest_of(DATA).sha256
    assert store.size(sha256) is None
    first = store.keep(incoming(tmp_path, DATA), sha256)
    second = store.keep(incoming(tmp_path, DATA), sha256)
    assert (first.fresh, second.fresh, first.key) == (True, False, second.key)
    assert b"".join(store.read(sha256)) == DATA
    assert b"".join(store.read(sha256, 5, CHUNK_SIZE + 2)) == DATA[5 : CHUNK_SIZE + 7]
    assert b"".join(store.read(sha256, len(DATA) + 5)) == b""
    assert [seen.why for seen in store.scrub()] == [None]


def test_scrub_names_the_changed_clip_and_a_second_upload_does_not_rest_on_it(tmp_path: Path) -> None:
    store, sha256 = FolderStore(tmp_path), digest_of(DATA).sha256
    store.keep(incoming(tmp_path, DATA), sha256)
    path = store.path_of(sha256)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.write(b"x" if DATA[:1] != b"x" else b"y")
    (seen,) = store.scrub()
    assert seen.sha256 == sha256 and seen.why is not None
    again = incoming(tmp_path, DATA)
    with pytest.raises(ReadBackFailed):
        store.keep(again, sha256)
    assert again.path.read_bytes() == DATA


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 63 + "/"])
def test_no_text_of_a_request_becomes_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotStored):
        FolderStore(tmp_path).path_of(name)
