"""Recorder profiles: TOML files that say how a family of recorders is recognised, unlocked, read and cleared.

The schema is strict: an unknown or missing key, or a wrong type, is a `ProfileError` that names file, line and key.
Every profile carries its grade (A two independent sources, B one, C inferred), its sources, and `experimental = true`
until someone has tried it on the real thing. Each says what it matches: only a last resort, which clears nothing, may
match everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, cast, get_args

from liuhen_agent.detect import UsbDevice
from liuhen_agent.recorders.protocol import TRANSPORTS, Driver, Protocol, Transport, read_protocol
from liuhen_agent.recorders.toml_table import ProfileError, Table, read_toml

__all__ = ["Driver", "ProfileError", "Transport"]

Clearing = Literal["never", "delete", "format"]
Grade = Literal["A", "B", "C"]
Kind = Literal["clip", "log", "other"]

TOLD_OVER = {  # what is known of a recorder when its profile is chosen, where that is not always so
    "label": ("disk", "directory"),
    "paths": ("disk", "directory", "mtp"),
    "names": ("disk", "directory", "mtp"),
    "inquiry": ("scsi",),
}
INSTALLED = Path("/usr/share/liuhen/firmware_profiles")
USB_ID = re.compile(r"([0-9a-f]{4}):([0-9a-f]{4}|\*)")
LAYOUT = re.compile(r"([0-9a-f]{2}|\*)/([0-9a-f]{2}|\*)/([0-9a-f]{2}|\*)((?: (?:bulk|interrupt)-(?:in|out))*)")


@dataclass(frozen=True)
class Match:
    """All that is given must fit. `usb`: at least one of these VID:PID; `interface`: class/subclass/protocol and the endpoints of
    one interface; `strings`: globs of what the device calls itself; `paths`: at least one of these globs is among the files.
    Higher `priority` goes first. `last_resort`: fits whatever nothing else fits."""

    transport: Transport
    usb: tuple[str, ...]
    interface: str | None
    strings: dict[str, str]
    inquiry: str | None
    label: str | None
    paths: tuple[str, ...]
    names: bool  # at least one file's name fits a pattern of this profile
    priority: int
    last_resort: bool


@dataclass(frozen=True)
class Files:
    """Globs over safe paths, case folded; "**" crosses folders. Everything is collected; this only says what a file
    is.
    """

    clips: tuple[str, ...]
    logs: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]


@dataclass(frozen=True)
class Profile:
    name: str
    title: str
    title_zh: str
    driver: Driver
    grade: Grade
    experimental: bool
    sources: tuple[str, ...]
    quirks: tuple[str, ...]  # for people: what is odd about these recorders
    clearing: Clearing
    media: tuple[str, ...]
    match: Match
    protocol: Protocol
    files: Files


@dataclass(frozen=True)
class Facts:
    """What is known of a recorder when a profile is chosen. `paths`: safe paths of its files; `usb`: None where the bus is not seen
    (emulated ports); `inquiry`: what its SCSI disk calls itself."""

    transport: Transport
    label: str = ""
    paths: Sequence[str] = ()
    usb: UsbDevice | None = None
    inquiry: str = ""


def default_folder() -> Path:
    """`firmware_profiles/` of the checkout the agent runs from, else those that were installed with it (in the wheel, or by a
    package of the system)."""
    here = Path(__file__).resolve()
    for folder in (here.parents[4] / "firmware_profiles", here.parents[1] / "firmware_profiles"):
        if folder.is_dir():
            return folder
    return INSTALLED


def load_profiles(folder: Path) -> tuple[Profile, ...]:
    """All `*.toml` of the folder. Raises ProfileError, also when there is none or two share a name."""
    profiles: dict[str, Profile] = {}
    for path in sorted(folder.glob("*.toml")):
        profile = parse_profile(read_profile_text(path), path.name)
        if profile.name in profiles:
            raise ProfileError(path.name, None, "name", f"another profile is called {profile.name!r}")
        profiles[profile.name] = profile
    if not profiles:
        raise ProfileError(
            str(folder), None, "*.toml", "no profile found; name a folder with them as `profiles` in config.toml"
        )
    return by_priority(profiles.values())


def by_priority(profiles: Iterable[Profile]) -> tuple[Profile, ...]:
    return tuple(sorted(profiles, key=lambda profile: (-profile.match.priority, profile.name)))


def read_profile_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ProfileError(path.name, None, "TOML", "not UTF-8") from error
    except OSError as error:
        raise ProfileError(path.name, None, "TOML", f"cannot be read: {error.strerror}") from error


def choose_profile(profiles: Sequence[Profile], facts: Facts) -> Profile | None:
    """The first that fits, by priority and name. None: an unknown recorder, to be collected read-only, never cleared."""
    return next((profile for profile in by_priority(profiles) if fits(profile, facts)), None)


def candidates(profiles: Sequence[Profile], facts: Facts) -> list[Profile]:
    """All that may be spoken to over this transport, best first. What files lie on them is not known yet."""
    return [profile for profile in by_priority(profiles) if profile.driver != "none" and fits(profile, facts)]


def fits(profile: Profile, facts: Facts) -> bool:
    match = profile.match
    if match.transport != facts.transport or not _fits_the_bus(match, facts.usb):
        return False
    if match.inquiry is not None and not fnmatchcase(facts.inquiry, match.inquiry):
        return False
    if match.label is not None and not fnmatchcase(facts.label, match.label):
        return False
    if match.paths and not any(glob_matches(glob, path) for glob in match.paths for path in facts.paths):
        return False
    if match.names:
        names = [path.rsplit("/", 1)[-1] for path in facts.paths]
        return any(pattern.match(name) for pattern in profile.files.patterns for name in names)
    return True


def _fits_the_bus(match: Match, usb: UsbDevice | None) -> bool:
    if usb is None:  # an emulated port: there is no bus to ask; its probes decide
        return match.transport not in ("usb", "scsi", "mtp") or not match.usb
    ids = {f"{usb.vendor:04x}:{usb.product:04x}", f"{usb.vendor:04x}:*"}
    if match.usb and not ids.intersection(match.usb):
        return False
    said = {"manufacturer": usb.manufacturer, "product": usb.model, "serial": usb.serial}
    if not all(fnmatchcase(said[name], glob) for name, glob in match.strings.items()):
        return False
    return match.interface is None or any(
        layout_fits(match.interface, usb, index) for index in range(len(usb.interfaces))
    )


def layout_fits(layout: str, usb: UsbDevice, index: int) -> bool:
    """Whether an interface is of this class and has these endpoints (and maybe others). Numbers and addresses do not count."""
    found = LAYOUT.fullmatch(layout)
    interface = usb.interfaces[index]
    if found is None:
        return False
    is_so = (interface.usb_class, interface.subclass, interface.protocol)
    if any(want not in ("*", f"{value:02x}") for want, value in zip(found.groups(), is_so, strict=False)):
        return False
    has = [f"{end.kind}-{'in' if end.address & 0x80 else 'out'}" for end in interface.endpoints]
    wanted = found.group(4).split()
    return all(has.count(kind) >= wanted.count(kind) for kind in wanted)


def file_kind(profile: Profile, path: str) -> Kind:
    """`path`: safe text. Logs are asked first: a recorder's own log may lie beside its clips."""
    if any(glob_matches(glob, path) for glob in profile.files.logs):
        return "log"
    return "clip" if any(glob_matches(glob, path) for glob in profile.files.clips) else "other"


def glob_matches(glob: str, path: str) -> bool:
    """ "*" and "?" stay inside a folder, "**/" is any number of folders, "**" at the end anything below. Case is
    ignored.
    """
    return _glob_pattern(glob).fullmatch(path) is not None


_globs: dict[str, re.Pattern[str]] = {}


def _glob_pattern(glob: str) -> re.Pattern[str]:
    if glob not in _globs:
        parts = []
        for piece in re.split(r"(\*\*/|\*\*|\*|\?)", glob):
            wild = {"**/": r"(?:[^/]+/)*", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
            parts.append(wild.get(piece) or re.escape(piece))
        _globs[glob] = re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
    return _globs[glob]


def parse_profile(text: str, file: str) -> Profile:
    """One profile. Raises the first ProfileError."""
    profile, errors = examine_profile(text, file)
    if profile is None:
        raise errors[0]
    return profile


def examine_profile(text: str, file: str) -> tuple[Profile | None, list[ProfileError]]:
    """One profile, or all that is wrong with it, by line."""
    try:
        table, complaints = read_toml(text, file)
    except ProfileError as error:
        return None, [error]
    profile = _profile(table)
    errors = sorted(complaints.found, key=lambda error: error.line or 0)
    return (None, errors) if errors else (profile, [])


def _profile(table: Table) -> Profile:
    driver = table.one_of("driver", get_args(Driver))
    match, files = table.table("match"), table.table("files")
    probes = match.texts("probes", ()) if driver not in ("none", "mtp") else ()
    profile = Profile(
        name=table.text("name"),
        title=table.text("title"),
        title_zh=table.text("title_zh"),
        driver=cast(Driver, driver),
        grade=cast(Grade, table.one_of("grade", get_args(Grade))),
        experimental=table.truth("experimental"),
        sources=table.texts("sources"),
        quirks=table.texts("quirks", ()),
        clearing=cast(Clearing, table.one_of("clearing", get_args(Clearing), "never")),
        media=table.texts("media", ()),
        match=_match(match),
        protocol=read_protocol(table, driver, probes),
        files=Files(clips=files.texts("clips"), logs=files.texts("logs", ()), patterns=_patterns(files)),
    )
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", profile.name):
        table.complain("name", "at most 40 small letters, digits and hyphens")
    if profile.match.transport not in TRANSPORTS[driver]:
        match.complain("transport", f'the driver "{driver}" needs {" or ".join(TRANSPORTS[driver])}')
    if profile.clearing != "never" and driver == "mtp":
        table.complain("clearing", "nothing is written over MTP: never")
    _check_breadth(match, table, profile)
    for part in (match, files, table):
        part.refuse_unknown()
    return profile


def _match(table: Table) -> Match:
    strings = {name: table.text(name) for name in ("manufacturer", "product", "serial") if table.has(name)}
    match = Match(
        transport=cast(Transport, table.one_of("transport", get_args(Transport))),
        usb=table.texts("usb", ()),
        interface=table.maybe("interface"),
        strings=strings,
        inquiry=table.maybe("inquiry"),
        label=table.maybe("label"),
        paths=table.texts("paths", ()),
        names=table.truth("names", False),
        priority=table.number("priority", 0, -1000, 1000),
        last_resort=table.truth("last_resort", False),
    )
    for key, transports in TOLD_OVER.items():
        if getattr(match, key) and match.transport not in transports:
            table.complain(key, f"is not known over {match.transport}: such a profile would never fit; leave it out")
    for usb in match.usb:
        if not USB_ID.fullmatch(usb):
            table.complain("usb", f'{usb!r} is no VID:PID in small hex digits, such as "4255:0001"')
    if match.interface is not None and not LAYOUT.fullmatch(match.interface):
        table.complain("interface", 'must be class/subclass/protocol and endpoints, such as "ff/*/* bulk-out bulk-in"')
    return match


def _check_breadth(match: Table, table: Table, profile: Profile) -> None:
    """A profile that fits everything would take recorders it does not know for its own, and clear them."""
    is_so = profile.match
    globs = [glob for glob in (is_so.label, is_so.inquiry, *is_so.strings.values(), *is_so.paths) if glob]
    telling = [glob for glob in globs if glob.strip("*?/")]
    if len(telling) < len(globs):
        match.complain("transport", "a pattern of nothing but * and ? says nothing about a recorder; leave it out")
    broad = any(fits_anything(pattern) for pattern in profile.files.patterns)
    conditions = bool(telling or is_so.usb or is_so.interface or profile.protocol.probes or (is_so.names and not broad))
    if is_so.last_resort and (profile.clearing != "never" or is_so.priority >= 0):
        match.complain("last_resort", "a last resort clears never and has a priority below 0")
    if not conditions and not is_so.last_resort and is_so.transport != "directory":
        match.complain("transport", "this would match every recorder there is: say what its own look like")
    if profile.driver == "scsi" and not is_so.inquiry:
        match.complain("inquiry", "what its disk calls itself is missing: without it no command is sent to a disk")
    if profile.driver not in ("none", "mtp") and not profile.protocol.probes:
        match.complain("probes", "a recorder that is spoken to must be told from others by a harmless question")


def fits_anything(pattern: re.Pattern[str]) -> bool:
    """Whether names that no recorder gives fit as well."""
    return any(pattern.match(name) for name in ("README.TXT", "a", "IMG_0001.JPG", "x" * 60))


def _patterns(files: Table) -> tuple[re.Pattern[str], ...]:
    patterns = []
    for source in files.texts("patterns", ()):
        pattern = files.compiled("patterns", source, re.IGNORECASE)
        if pattern is None:
            continue
        if unknown := set(pattern.groupindex) - {"device", "officer", "time", "seq", "important"}:
            files.complain("patterns", f"unknown group {sorted(unknown)[0]!r}")
        if "time" not in pattern.groupindex:
            files.complain("patterns", f"{source!r} has no group 'time'")
        patterns.append(pattern)
    return tuple(patterns)
