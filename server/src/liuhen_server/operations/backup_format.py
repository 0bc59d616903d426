"""What a folder of backups looks like, and the two files by which one of them is checked.

TO/store/sha256/ab/cd/<sha256>     clips, once for all backups: a name is given only to bytes that have that digest
TO/20261123T020000Z/               one backup, complete as soon as it has this name
    BACKUP.json                    what it is of and how far the log had come
    SHA256SUMS                     every file of it and every clip it needs, as `sha256sum -c` reads it
    archive.db or archive.pgdump   the database at one moment
    log/                           the log as that database has published and signed it, never newer and never older
    config.toml ca/ca.pem          (without the database's password)
    keys/ ca/ca.key                only where asked for
TO/.unfinished/                    a backup under way, or one that was interrupted: the next one removes it
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from liuhen_protocol.digest import is_digest
from liuhen_protocol.errors import Malformed

ABOUT = "BACKUP.json"
SUMS = "SHA256SUMS"
UNFINISHED = ".unfinished"
STORE = "store"
SQLITE_FILE = "archive.db"
POSTGRESQL_FILE = "archive.pgdump"
SECRETS = ("keys/log.pem", "keys/statement.pem", "ca/ca.key")
FORMAT = 1
_ALWAYS = {ABOUT, "config.toml", "ca/ca.pem"}
_NAME = re.compile(r"\d{8}T\d{6}Z")
_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")
_LOG_FILE = re.compile(r"log/(checkpoint|tile/(entries|\d+)/[x0-9./p]+)")
_CLIP = re.compile(r"\.\./store/sha256/([0-9a-f]{2})/([0-9a-f]{2})/([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class About:
    """BACKUP.json. `entries`, `signed` and `published` are sizes of the log; `missing` are clips the archive had lost."""

    taken: str
    version: str
    origin: str
    log_key: str
    database: str  # the name of its file
    entries: int
    signed: int
    published: int
    clips: int
    clip_bytes: int
    keys: bool
    missing: tuple[str, ...] = ()

    def encode(self) -> bytes:
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, indent=1).encode() + b"\n"

    @classmethod
    def parse(cls, data: bytes) -> About:
        """Raises Malformed for anything this version did not write."""
        try:
            values = json.loads(data)
            if values.pop("format") != FORMAT:
                raise Malformed(f"{ABOUT}: written by another version of liuhen-server; restore with that one")
            about = cls(**{**values, "missing": tuple(values["missing"])})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Malformed(f"{ABOUT}: not the description of a backup") from error
        numbers = (about.entries, about.signed, about.published, about.clips, about.clip_bytes)
        texts = (about.taken, about.version, about.origin, about.log_key, *about.missing)
        if not all(type(number) is int and number >= 0 for number in numbers) or not all(
            isinstance(text, str) and text.isprintable() for text in texts
        ):
            raise Malformed(f"{ABOUT}: a number or a text in it is none")
        if about.database not in (SQLITE_FILE, POSTGRESQL_FILE) or not isinstance(about.keys, bool):
            raise Malformed(f"{ABOUT}: no such database")
        return about


@dataclass(frozen=True, slots=True)
class Sum:
    """One line of SHA256SUMS. `path` is relative to the backup."""

    sha256: str
    path: str

    @property
    def is_clip(self) -> bool:
        return self.path.startswith("../")

    def line(self) -> str:
        return f"{self.sha256}  {self.path}\n"


def name_of(moment: datetime) -> str:
    """The folder's name: it sorts by time and every file system can hold it."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def moment_of(backup: Path) -> datetime:
    """When the backup with this name was taken. Raises ValueError."""
    return datetime.strptime(backup.name, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def complete_backups(to: Path) -> list[Path]:
    """Finished backups in `to`, the oldest first."""
    return sorted(path for path in to.iterdir() if _NAME.fullmatch(path.name) and (path / ABOUT).is_file())


def clip_path(sha256: str) -> PurePosixPath:
    """Where a clip lies, relative to the folder of backups."""
    return PurePosixPath(STORE, "sha256", sha256[:2], sha256[2:4], sha256)


def clip_sum(sha256: str) -> Sum:
    return Sum(sha256, f"../{clip_path(sha256)}")


def write_sums(sums: Iterable[Sum]) -> bytes:
    return "".join(each.line() for each in sorted(sums, key=lambda each: each.path)).encode()


def read_sums(data: bytes) -> tuple[Sum, ...]:
    """Raises Malformed: a line that is none, a path no backup of ours has, one that stands twice, one that is missing."""
    sums = []
    for number, line in enumerate(data.decode("ascii", "replace").splitlines(), 1):
        found = _LINE.fullmatch(line)
        if found is None or not _allowed(found[1], found[2]):
            raise Malformed(f"{SUMS}, line {number}: not a file of a backup")
        sums.append(Sum(found[1], found[2]))
    paths = {each.path for each in sums}
    if len(paths) != len(sums):
        raise Malformed(f"{SUMS}: a file stands twice")
    if missing := _ALWAYS - paths:
        raise Malformed(f"{SUMS}: {', '.join(sorted(missing))} is not named")
    return tuple(sums)


def _allowed(sha256: str, path: str) -> bool:
    if path in _ALWAYS or path in SECRETS or path in (SQLITE_FILE, POSTGRESQL_FILE):
        return True
    if (clip := _CLIP.fullmatch(path)) is not None:
        return is_digest(clip[3]) and clip[3] == sha256 and clip[3][:4] == clip[1] + clip[2]
    return _LOG_FILE.fullmatch(path) is not None and ".." not in path
