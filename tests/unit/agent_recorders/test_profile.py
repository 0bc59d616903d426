"""Profiles are strict: what is wrong in one is named with file, line and key; unknown recorders match the careful one."""

from __future__ import annotations

from pathlib import Path

import pytest

from liuhen_agent.recorders import profile as profiles_room
from liuhen_agent.recorders.profile import (
    Facts,
    ProfileError,
    choose_profile,
    default_folder,
    file_kind,
    glob_matches,
    load_profiles,
    parse_profile,
)

SHIPPED = load_profiles(default_folder())
OEM_TEXT = (default_folder() / "oem-dcim.toml").read_text("utf-8")
OEM_CLIP = "DCIM/100MEDIA/DSJ7A01_01234520261122093014_0007.MP4"


@pytest.mark.parametrize(
    ("change", "line_of", "key"),
    [
        (("clearing =", "clearings ="), "clearings", "clearings"),
        (("priority = 10", "prio = 10"), "prio =", "match.prio"),
        (('grade = "A"', 'grade = "AA"'), "grade", "grade"),
        (("experimental = true", 'experimental = "yes"'), "experimental", "experimental"),
        (("names = true", "names = 1"), "names", "match.names"),
        (('clearing = "format"', 'clearing = "burn"'), "clearing", "clearing"),
        (("[files]", "[extra]\nx = 1\n[files]"), "[extra]", "extra"),
        (("?P<important>", "?P<rank>"), "patterns", "files.patterns"),
        (("(?P<important>_IMP)?", "(?P<important>_IMP"), "patterns", "files.patterns"),
        (('name = "oem-dcim"', 'name = ""'), "name", "name"),
        (('transport = "disk"', 'transport = "mtp"'), "transport", "match.transport"),
        (("priority = 10", "priority = ten"), "priority", "TOML"),
    ],
)
def test_a_wrong_profile_is_refused_with_file_line_and_key(change: tuple[str, str], line_of: str, key: str) -> None:
    text = OEM_TEXT.replace(*change, 1)
    assert text != OEM_TEXT
    with pytest.raises(ProfileError) as refused:
        parse_profile(text, "mine.toml")
    assert refused.value.key == key
    assert refused.value.line is not None
    assert text.splitlines()[refused.value.line - 1].strip().startswith(line_of)
    assert str(refused.value).startswith(f"mine.toml:{refused.value.line}: {key}: ")


def test_a_missing_key_is_named() -> None:
    text = OEM_TEXT.replace('grade = "A"\n', "")
    with pytest.raises(ProfileError, match=r"mine\.toml: grade: is missing"):
        parse_profile(text, "mine.toml")


def test_two_profiles_of_one_name_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="no profile found"):
        load_profiles(tmp_path)
    for file in ("a.toml", "b.toml"):
        (tmp_path / file).write_text(OEM_TEXT, "utf-8")
    with pytest.raises(ProfileError, match="another profile"):
        load_profiles(tmp_path)


def test_every_shipped_profile_says_grade_and_sources_and_unknown_ones_are_never_cleared() -> None:
    assert {profile.name for profile in SHIPPED} >= {"generic-mass-storage", "oem-dcim", "p-bc", "directory"}
    for profile in SHIPPED:
        assert profile.sources
        assert profile.title_zh
    assert {profile.clearing for profile in SHIPPED if profile.name in ("generic-mass-storage", "directory")} == {
        "never"
    }


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts("disk", "DSJ7A01", (OEM_CLIP, "LOG/20261122.txt")), "oem-dcim"),
        (Facts("disk", "DSJ7A01", ("DCIM/100MEDIA/IMG_0001.JPG",)), "generic-mass-storage"),
        (Facts("disk", "DSJ7A01", ("elsewhere/DSJ7A01_01234520261122093014_0007.MP4",)), "generic-mass-storage"),
        (Facts("disk", "", ()), "generic-mass-storage"),
        (Facts("serial"), "p-bc"),
        (Facts("directory", "card", (OEM_CLIP,)), "directory"),
    ],
)
def test_the_profile_that_fits_best_is_chosen(facts: Facts, expected: str) -> None:
    chosen = choose_profile(SHIPPED, facts)
    assert chosen is not None
    assert chosen.name == expected


def test_no_profile_fits_nobody() -> None:
    assert choose_profile([profile for profile in SHIPPED if profile.name == "p-bc"], Facts("disk")) is None


def test_files_are_clips_logs_or_other() -> None:
    oem = next(profile for profile in SHIPPED if profile.name == "oem-dcim")
    assert file_kind(oem, OEM_CLIP) == "clip"
    assert file_kind(oem, "dcim/现场.mp4") == "clip"
    assert file_kind(oem, "LOG/20261122.txt") == "log"
    assert file_kind(oem, "ID.dat") == "other"


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("**/*.mp4", "a.MP4", True),
        ("**/*.mp4", "x/y/a.mp4", True),
        ("DCIM/*.mp4", "DCIM/x/a.mp4", False),
        ("DCIM/**", "DCIM/x/a.mp4", True),
        ("DCIM/**", "XDCIM/a.mp4", False),
        ("a?.txt", "a/.txt", False),
        ("[x].txt", "[x].txt", True),
    ],
)
def test_globs(glob: str, path: str, matches: bool) -> None:
    assert glob_matches(glob, path) is matches


def test_profiles_that_came_with_an_installed_agent_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "lib" / "python3.11" / "site-packages" / "liuhen_agent"
    (package / "firmware_profiles").mkdir(parents=True)
    monkeypatch.setattr(profiles_room, "__file__", str(package / "recorders" / "profile.py"))
    assert profiles_room.default_folder() == package / "firmware_profiles"


def test_a_profile_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "gbk.toml").write_bytes(OEM_TEXT.replace("通用执法记录仪", "执法").encode("gbk"))
    with pytest.raises(ProfileError, match=r"gbk\.toml"):
        load_profiles(tmp_path)
