"""Names say device, officer, time, number and importance; what they do not say is None, and gaps are found exactly."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_agent.recorders.names import ClipName, Gap, assigned, numbering_gaps, parse_name
from liuhen_agent.recorders.profile import default_folder, load_profiles
from liuhen_agent.recorders.safe_path import safe_path
from liuhen_agent.simulate.footage import clip_name

OEM = next(profile for profile in load_profiles(default_folder()) if profile.name == "oem-dcim").files.patterns


def clip(seq: int, device: str | None = "DSJ7A01", time: str = "2026-11-22T09:00:00") -> ClipName:
    return ClipName(device, None, time, seq, False)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "DCIM/100MEDIA/DSJ7A01_01234520261122093014_0007_IMP.MP4",
            ClipName("DSJ7A01", "012345", "2026-11-22T09:30:14", 7, True),
        ),
        ("DSJ7A01_01234520261122093014_0007.mp4", ClipName("DSJ7A01", "012345", "2026-11-22T09:30:14", 7, False)),
        ("DSJ7A01_012345_20261122093014.avi", ClipName("DSJ7A01", "012345", "2026-11-22T09:30:14", None, False)),
        ("7A001_01234520261122093014.MP4", ClipName("7A001", "012345", "2026-11-22T09:30:14", None, False)),
        ("0000000_00000020261122093014_0001.MP4", ClipName(None, None, "2026-11-22T09:30:14", 1, False)),
        ("DSJ7A01_01234520261399093014_0007.mp4", ClipName("DSJ7A01", "012345", None, 7, False)),
        ("DSJ7A01_01234519700101080000_0001.mp4", ClipName("DSJ7A01", "012345", "1970-01-01T08:00:00", 1, False)),
        ("DSJ7A01_01234520991231235959_0001.mp4", ClipName("DSJ7A01", "012345", "2099-12-31T23:59:59", 1, False)),
        ("现场检查.mp4", None),
        ("", None),
    ],
)
def test_names_of_real_recorders(name: str, expected: ClipName | None) -> None:
    assert parse_name(name, OEM) == expected


@given(
    device=st.text("ABCDEFXYZ123", min_size=7, max_size=7),
    officer=st.text("0123456789", min_size=6, max_size=6),
    when=st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31)),
    seq=st.integers(0, 9999),
    important=st.booleans(),
)
def test_what_a_recorder_writes_is_what_is_read(
    device: str, officer: str, when: datetime, seq: int, important: bool
) -> None:
    found = parse_name(clip_name(device, officer, when, seq, important=important), OEM)
    time = when.replace(microsecond=0).isoformat()
    assert found == ClipName(device, officer if officer.strip("0") else None, time, seq, important)


@given(st.text())
def test_any_name_is_parsed_or_none(name: str) -> None:
    found = parse_name(name, OEM)
    assert found is None or found.time is None or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", found.time)


@given(numbers=st.sets(st.integers(0, 300), min_size=1))
def test_gaps_hold_exactly_the_numbers_that_are_missing(numbers: set[int]) -> None:
    gaps = numbering_gaps((f"{number:04d}", clip(number)) for number in numbers)
    assert sum(gap.missing for gap in gaps) == max(numbers) - min(numbers) + 1 - len(numbers)
    for gap in gaps:
        assert int(gap.before) - int(gap.after) - 1 == gap.missing
        assert not set(range(int(gap.after) + 1, int(gap.before))) & numbers


def test_gaps_are_counted_per_device_and_day_and_need_a_number_and_a_time() -> None:
    names = [
        ("a1", clip(1)),
        ("a4", clip(4)),
        ("b2", clip(2, device="OTHER01")),
        ("c9", clip(9, time="2026-11-23T00:00:01")),
        ("d", ClipName("DSJ7A01", None, None, 20, False)),
        ("e", ClipName("DSJ7A01", None, "2026-11-22T10:00:00", None, False)),
        ("f4", clip(4)),  # a second file of the same recording
    ]
    assert numbering_gaps(names) == (Gap("a1", "a4", 2),)


@pytest.mark.parametrize("zeros", [None, "", "0", "000000", "00_00", "   ", "\0\0"])
def test_zero_ids_are_nobody(zeros: str | None) -> None:
    assert assigned(zeros) is None


@given(st.binary(), st.binary())
def test_different_bytes_are_different_safe_text(one: bytes, other: bytes) -> None:
    assert (safe_path(one) == safe_path(other)) == (one == other)


@given(st.binary())
def test_safe_text_is_printable_and_leads_nowhere(raw: bytes) -> None:
    text = safe_path(raw)
    assert text.isprintable()
    assert "\\" not in text
    assert not {".", ".."} & set(text.split("/"))


def test_chinese_names_stay_readable_and_direction_marks_do_not() -> None:
    assert safe_path("DCIM/现场 检查.mp4".encode()) == "DCIM/现场 检查.mp4"
    assert safe_path("a\u202egpj.exe".encode()) == "a%E2%80%AEgpj.exe"
    assert safe_path(b"../../etc") == "%2E%2E/%2E%2E/etc"
