"""Byte ranges as RFC 9110 section 14 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_server.web.media import attachment
from liuhen_server.web.ranges import Part, Unsatisfiable, wanted

SIZE = 1000


@pytest.mark.parametrize(
    ("header", "start", "length"),
    [
        ("bytes=0-", 0, 1000),
        ("bytes=0-0", 0, 1),
        ("bytes=500-599", 500, 100),
        ("bytes=900-5000", 900, 100),
        ("bytes=-100", 900, 100),
        ("bytes=-5000", 0, 1000),
        ("BYTES=999-", 999, 1),
    ],
)
def test_range_is_answered(header: str, start: int, length: int) -> None:
    part = wanted(header, SIZE)
    assert part == Part(start, length, whole=False)
    assert part.content_range(SIZE) == f"bytes {start}-{start + length - 1}/1000"


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
def test_range_outside_the_file_is_refused(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        wanted(header, SIZE)


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "items=0-1", "bytes=0-1,5-6", "bytes=٠-١"),
        *("bytes=1--2", "bytes=" + "9" * 5000 + "-"),
    ],
)
def test_what_is_no_single_range_gets_the_whole_file(header: str | None) -> None:
    assert wanted(header, SIZE) == Part(0, SIZE, whole=True)


def test_range_of_another_version_gets_the_whole_file() -> None:
    assert wanted("bytes=5-9", SIZE, unchanged=False).whole


def test_empty_file_has_no_range() -> None:
    assert wanted(None, 0) == Part(0, 0, whole=True)
    with pytest.raises(Unsatisfiable):
        wanted("bytes=0-", 0)


@given(st.text(max_size=40) | st.from_regex(r"bytes=\d{0,12}-\d{0,12}"), st.integers(0, 10**12))
def test_part_lies_always_inside_the_file(header: str, size: int) -> None:
    try:
        part = wanted(header, size)
    except Unsatisfiable:
        return
    assert part.start >= 0 and part.start + part.length <= size
    assert part.whole or part.length > 0


@given(st.text())
def test_download_name_can_never_leave_its_header(name: str) -> None:
    header = attachment(name)
    assert header.isascii() and "\r" not in header and "\n" not in header
    assert header.count('"') == 2 and "/" not in header and ".." not in header.partition(";")[2][:12]


def test_download_name_keeps_chinese() -> None:
    assert attachment("DCIM/执法 1.MP4").endswith("filename*=UTF-8''%E6%89%A7%E6%B3%95%201.MP4")
    assert 'filename="___1.MP4"' in attachment("执法 1.MP4")
