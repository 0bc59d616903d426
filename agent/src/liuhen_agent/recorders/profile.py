"""Recorder profiles: TOML files that say how a family of recorders is recognised, unlocked, read and cleared.

The schema is strict: an unknown or missing key, or a wrong type, is a `ProfileError` that names file, key and line.
Every profile carries its grade (A two independent sources, B one, C inferred), its sources, and `experimental = true`
until someone has tried it on the real thing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, cast, get_args

Driver = Literal["none", "line-protocol"]
Transport = Literal["disk", "serial", "directory"]
Clearing = Literal["never", "delete", "format"]
Grade = Literal["A", "B", "C"]
Kind = Literal["clip", "log", "other"]

INSTALLED = Path("/usr/share/liuhen/firmware_profiles")


class ProfileError(ValueError):
    """A profile that cannot be used: says file, line, key and what is wrong."""

    def __init__(self, file: str, line: int | None, key: str, why: str) -> None:
        at = f"{file}:{line}" if line else file
        super().__init__(f"{at}: {key}: {why}")
        self.file, self.line, self.key, self.why = file, line, key, why


@dataclass(frozen=True)
class Match:
    """All that is given must fit. `paths`: at least one of these globs is among the files. Higher `priority` goes
    first.
    """

    transport: Transport
    label: str | None
    paths: tuple[str, ...]
    names: bool  # at least one file's name fits a pattern of this profile
    priority: int


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
    clearing: Clearing
    media: tuple[str, ...]
    match: Match
    files: Files


@dataclass(frozen=True)
class Facts:
    """What is known of a recorder when a profile is chosen. `paths`: safe paths of its files."""

    transport: Transport
    label: str = ""
    paths: Sequence[str] = ()


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
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise ProfileError(path.name, None, "TOML", "not UTF-8") from error
        profile = parse_profile(text, path.name)
        if profile.name in profiles:
            raise ProfileError(path.name, None, "name", f"another profile is called {profile.name!r}")
        profiles[profile.name] = profile
    if not profiles:
        raise ProfileError(
            str(folder), None, "*.toml", "no profile found; name a folder with them as `profiles` in config.toml"
        )
    return tuple(sorted(profiles.values(), key=lambda profile: (-profile.match.priority, profile.name)))


def choose_profile(profiles: Sequence[Profile], facts: Facts) -> Profile | None:
    """The first that fits, by priority and name. None: an unknown recorder, to be collected read-only, never cleared."""
    ordered = sorted(profiles, key=lambda profile: (-profile.match.priority, profile.name))
    return next((profile for profile in ordered if _fits(profile, facts)), None)


def _fits(profile: Profile, facts: Facts) -> bool:
    match = profile.match
    if match.transport != facts.transport:
        return False
    if match.label is not None and not fnmatchcase(facts.label, match.label):
        return False
    if match.paths and not any(glob_matches(glob, path) for glob in match.paths for path in facts.paths):
        return False
    if match.names:
        names = [path.rsplit("/", 1)[-1] for path in facts.paths]
        return any(pattern.match(name) for pattern in profile.files.patterns for name in names)
    return True


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
    """One profile. Raises ProfileError."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        raise ProfileError(file, int(found.group(1)) if found else None, "TOML", str(error)) from error
    table = _Table(content, file, text, "")
    match, files = table.table("match"), table.table("files")
    profile = Profile(
        name=table.text("name"),
        title=table.text("title"),
        title_zh=table.text("title_zh"),
        driver=cast(Driver, table.one_of("driver", get_args(Driver))),
        grade=cast(Grade, table.one_of("grade", get_args(Grade))),
        experimental=table.truth("experimental"),
        sources=table.texts("sources"),
        clearing=cast(Clearing, table.one_of("clearing", get_args(Clearing), "never")),
        media=table.texts("media", ()),
        match=Match(
            transport=cast(Transport, match.one_of("transport", get_args(Transport))),
            label=match.text("label") if match.has("label") else None,
            paths=match.texts("paths", ()),
            names=match.truth("names", False),
            priority=match.number("priority", 0),
        ),
        files=Files(
            clips=files.texts("clips"),
            logs=files.texts("logs", ()),
            patterns=tuple(files.pattern(source) for source in files.texts("patterns", ())),
        ),
    )
    for part in (match, files, table):
        part.refuse_unknown()
    if profile.driver == "line-protocol" and profile.match.transport != "serial":
        raise match.error("transport", 'the driver "line-protocol" needs transport = "serial"')
    return profile


class _Table:
    """A TOML table that is read key by key: what nobody asked for is unknown."""

    def __init__(self, content: dict[str, object], file: str, text: str, name: str) -> None:
        self._content, self._file, self._text, self._name = content, file, text, name
        self._asked: set[str] = set()

    def has(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._content

    def error(self, key: str, why: str) -> ProfileError:
        return ProfileError(self._file, self._line(key), f"{self._name}.{key}" if self._name else key, why)

    def _line(self, key: str) -> int | None:
        section = ""
        for number, line in enumerate(self._text.splitlines(), 1):
            if head := re.match(r"\s*\[\s*([^\]]+?)\s*\]", line):
                section = head.group(1)
                if not self._name and section.split(".")[0].strip('"') == key:
                    return number
            elif section == self._name and re.match(rf'\s*"?{re.escape(key)}"?\s*[=.]', line):
                return number
        return None

    def _get(self, key: str, default: object) -> object:
        if self.has(key):
            return self._content[key]
        if default is _REQUIRED:
            raise self.error(key, "is missing")
        return default

    def text(self, key: str) -> str:
        value = self._get(key, _REQUIRED)
        if not isinstance(value, str) or not value:
            raise self.error(key, "must be a text")
        return value

    def texts(self, key: str, default: object = ...) -> tuple[str, ...]:
        value = self._get(key, _REQUIRED if default is ... else default)
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
            raise self.error(key, "must be a list of texts")
        return tuple(value)

    def truth(self, key: str, default: object = ...) -> bool:
        value = self._get(key, _REQUIRED if default is ... else default)
        if not isinstance(value, bool):
            raise self.error(key, "must be true or false")
        return value

    def number(self, key: str, default: int) -> int:
        value = self._get(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error(key, "must be a whole number")
        return value

    def one_of(self, key: str, allowed: tuple[str, ...], default: object = ...) -> str:
        value = self._get(key, _REQUIRED if default is ... else default)
        if value not in allowed or not isinstance(value, str):
            raise self.error(key, f"must be one of {', '.join(allowed)}")
        return value

    def table(self, key: str) -> _Table:
        value = self._get(key, _REQUIRED)
        if not isinstance(value, dict):
            raise self.error(key, "must be a table")
        return _Table(value, self._file, self._text, key)

    def pattern(self, source: str) -> re.Pattern[str]:
        try:
            pattern = re.compile(source, re.IGNORECASE)
        except re.error as error:
            raise self.error("patterns", f"{source!r} is not a pattern: {error}") from error
        if unknown := set(pattern.groupindex) - {"device", "officer", "time", "seq", "important"}:
            raise self.error("patterns", f"unknown group {sorted(unknown)[0]!r}")
        if "time" not in pattern.groupindex:
            raise self.error("patterns", f"{source!r} has no group 'time'")
        return pattern

    def refuse_unknown(self) -> None:
        for key in self._content:
            if key not in self._asked:
                raise self.error(key, "unknown key")


_REQUIRED = object()
