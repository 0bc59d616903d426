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
    examine_profile,
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


A1_TEXT = (default_folder() / "p-a1.toml").read_text("utf-8")
JL_TEXT = (default_folder() / "p-jl.toml").read_text("utf-8")
BC_TEXT = (default_folder() / "p-bc.toml").read_text("utf-8")
MATCH = 'transport = "disk"\npaths = ["DCIM/**"]\nnames = true'


@pytest.mark.parametrize(
    ("text", "change", "key", "why"),
    [
        (BC_TEXT, ('probes = ["unit_id", "id_code"]', 'probes = ["login"]'), "commands.login", "must only read"),
        (BC_TEXT, ('send = "BC+DID?"', 'send = "BC+LOGIN=USER:000000"'), "commands.id_code", "logging in"),
        (BC_TEXT, ('send = "BC+DID?"', 'send = "BC+UDISKEN=1"'), "commands.id_code", "what disk_mode sends"),
        (BC_TEXT, ('send = "BC+DID?"', 'send = "BC+SYSTIME=20261122"'), "commands.id_code", "what time_set sends"),
        (BC_TEXT, ('send = "BC+DID?"', 'send = "BC+DID={secret}"'), "commands.id_code.send", "{secret}"),
        (BC_TEXT, ('probes = ["unit_id", "id_code"]\n', ""), "match.probes", "harmless question"),
        (BC_TEXT, ("{role}:{secret}", "USER:000000"), "commands.login.send", "a password never stands in a profile"),
        (A1_TEXT, ("opcode = 0x15", "opcode = 0x12"), "commands.id_code", "opcode of login"),
        (A1_TEXT, ("opcode = 0x15", "opcode = 0x23"), "commands.id_code", "opcode of disk_mode"),
        (
            A1_TEXT,
            ("[commands.info]", "[commands.set_info]\nopcode = 0x18\n[commands.info]"),
            "commands.set_info",
            "unknown",
        ),
        (
            A1_TEXT,
            ("[commands.info]", "[commands.format]\nopcode = 0x99\n[commands.info]"),
            "commands.format",
            "unknown",
        ),
        (A1_TEXT, ('frame = "A1', 'frame = "A1 {secret}'), "framing.frame", "neither two hex digits"),
        (A1_TEXT, ('serial = "0:7" }', 'serial = "seven" }'), "commands.id_code.reply.serial", "offset:length"),
        (BC_TEXT, ('send = "BC+UDISKEN=1"', "sends = []"), "commands.disk_mode.sends", "says nothing"),
        (BC_TEXT, ('send = "BC+UDISKEN=1"', 'send = "磁盘"'), "commands.disk_mode.send", "ASCII"),
        (JL_TEXT, ('read_frame = "FD 81', 'read_frame = "FB 82'), "framing.read_frame", "two bytes of its own"),
        (JL_TEXT, ('write_frame = "FB 82', 'write_frame = "2A 00'), "framing.write_frame", "vendor's operation code"),
        (JL_TEXT, ('read_frame = "FD 81', 'read_frame = "28 00'), "framing.read_frame", "vendor's operation code"),
        (JL_TEXT, ('inquiry = "DV16 DEVICE*"', ""), "match.inquiry", "no command is sent"),
        (A1_TEXT, ('usb = ["4255:0001"', 'usb = ["4255"'), "match.usb", "VID:PID"),
        (OEM_TEXT, (MATCH, 'transport = "disk"'), "match.transport", "match every recorder"),
        (OEM_TEXT, (MATCH, 'transport = "disk"\npaths = ["**"]'), "match.transport", "nothing but *"),
        (OEM_TEXT, (MATCH, 'transport = "disk"\nlabel = "*"'), "match.transport", "nothing but *"),
        (OEM_TEXT, (MATCH, 'transport = "disk"\nlast_resort = true'), "match.last_resort", "clears never"),
    ],
)
def test_what_could_lock_or_wrongly_clear_a_recorder_cannot_be_written_down(
    text: str, change: tuple[str, str], key: str, why: str
) -> None:
    changed = text.replace(*change, 1)
    assert changed != text
    profile, errors = examine_profile(changed, "mine.toml")
    assert profile is None
    assert any(error.key == key and why in error.why for error in errors), [str(error) for error in errors]


@pytest.mark.parametrize(
    ("text", "change", "key"),
    [
        (OEM_TEXT, (MATCH, MATCH + '\ninquiry = "DV16*"'), "match.inquiry"),
        (BC_TEXT, ('transport = "serial"', 'transport = "serial"\npaths = ["DCIM/**"]'), "match.paths"),
        (A1_TEXT, ('transport = "usb"', 'transport = "usb"\nnames = true'), "match.names"),
        (JL_TEXT, ('transport = "scsi"', 'transport = "scsi"\nlabel = "DSJ*"'), "match.label"),
    ],
)
def test_a_condition_that_cannot_be_known_over_its_transport_is_refused(
    text: str, change: tuple[str, str], key: str
) -> None:
    """Such a profile would never fit, and nobody would say why."""
    _, errors = examine_profile(text.replace(*change, 1), "mine.toml")
    assert [error.key for error in errors] == [key]
    assert errors[0].line is not None and "would never fit" in errors[0].why


def test_a_pattern_that_fits_every_name_tells_no_recorder() -> None:
    changed = OEM_TEXT.replace(MATCH, 'transport = "disk"\nnames = true')
    changed = changed[: changed.index("patterns")] + "patterns = ['(?P<time>.*)']\n"
    _, errors = examine_profile(changed, "mine.toml")
    assert "match every recorder" in errors[0].why


def test_all_that_is_wrong_is_said_at_once_with_its_lines() -> None:
    changed = (
        OEM_TEXT.replace("clearing =", "clearings =").replace("names = true", "names = 1").replace('"A"', '"Q"', 1)
    )
    _, errors = examine_profile(changed, "mine.toml")
    assert [error.key for error in errors] == ["grade", "clearings", "match.names"]
    lines = changed.splitlines()
    for error in errors:
        assert error.line is not None and error.key.split(".")[-1] in lines[error.line - 1]


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
    assert len(SHIPPED) >= 12
    for profile in SHIPPED:
        assert profile.sources
        assert profile.title_zh
        assert profile.experimental or profile.name == "directory", "nobody has tried one on hardware"
    assert all(profile.clearing == "never" for profile in SHIPPED if profile.match.last_resort)
    assert {profile.clearing for profile in SHIPPED if profile.name in ("generic-mass-storage", "directory")} == {
        "never"
    }


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts("disk", "DSJ7A01", (OEM_CLIP, "LOG/20261122.txt")), "oem-dcim"),
        (Facts("disk", "DSJ7A01", ("DCIM/100MEDIA/IMG_0001.JPG",)), "ambarella-a9"),
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


def test_a_profile_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ProfileError, match=r"folder\.toml: TOML: cannot be read"):
        load_profiles(tmp_path)
