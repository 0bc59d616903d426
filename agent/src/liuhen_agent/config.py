"""The dock's `config.toml`: strict, with errors that name the key. What is not there has a default that is safe.

    zone = "Asia/Shanghai"          # of the recorders' clocks
    parallel_readers = 2            # recorders read at once: a Pi's ports share one bus
    bus_readers = 2                 # of these at once on one USB controller
    parallel_uploads = 2
    upload_hours = "20:00-06:00"    # clips that are not important go then; statements at once
    upload_mbit = 0                 # at most so many Mbit/s for footage; 0: no limit
    sm3 = false                     # a second digest, GB/T 32905
    spool_days = 30                 # how long a receipted copy stays here
    set_clocks = true               # set a recorder's clock after it was read
    proxies = true                  # make playable copies here
    head_minutes = 60               # how often dock.head is said
    profiles = "…"                  # a folder of recorder profiles; default: those that came with the program
    credentials = "recorders.toml"  # passwords of recorders, readable by the dock's user alone; under systemd its credential comes first
    proxy_socket = ""               # socket of the media worker's unit; empty: ffmpeg is run as a child process
    wipe_socket = ""                # socket of the wipe helper's unit; empty: it is run as a child process
    scsi_socket = ""                # socket of the SCSI helper's unit; empty: the dock sends vendor SCSI commands itself, where it may
    show_officers = "masked"        # or "whole": officers' numbers on the screen

    own_ports = ["…"]               # USB ports with what belongs to the dock itself (touch screen, modem)

    [[bay]]
    name = "1"
    backend = "udev"                # a USB connector; written by `liuhen-agent bays learn`
    ports = ["…", "…"]              # its port paths, USB 2 and USB 3 (detect/port_path.py)

    [[bay]]
    name = "2"
    backend = "image"               # or "directory"
    path = "bays/2"                 # relative to the dock's folder
    marker = "…"                    # directory only: the file whose presence means "plugged"

The archive's address is not here: it belongs to the enrolment (`identity.json`), together with whom to trust.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypeVar, cast, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from liuhen_agent.detect import Backend, Bay
from liuhen_agent.detect.port_path import PORT_PATH, is_below
from liuhen_agent.recorders import Credential
from liuhen_agent.recorders.profile import default_folder
from liuhen_agent.sync.pace import UploadHours

T = TypeVar("T", str, int, bool)

FILE = "config.toml"
DEVICE_NODES = Path("/dev")
CREDENTIAL = "recorders.toml"
SOCKETS = {
    "proxy_socket": Path("/run/liuhen/proxy.sock"),
    "wipe_socket": Path("/run/liuhen/wipe.sock"),
    "scsi_socket": Path("/run/liuhen/scsi.sock"),
}
BAY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")


class ConfigError(ValueError):
    """The configuration cannot be used: which file, which key, what it should be."""


@dataclass(frozen=True)
class Config:
    """All settings. Paths are absolute."""

    bays: tuple[Bay, ...]
    zone: ZoneInfo
    parallel_readers: int
    parallel_uploads: int
    sm3: bool
    spool_term: timedelta
    set_clocks: bool
    proxies: bool
    head_every: timedelta
    profiles: Path
    credentials: Path
    proxy_socket: Path | None = None
    wipe_socket: Path | None = None
    scsi_socket: Path | None = None
    own_ports: tuple[str, ...] = ()
    bus_readers: int = 2
    upload_hours: UploadHours | None = None
    upload_mbit: int = 0
    show_officers: Literal["masked", "whole"] = "masked"


DEFAULT = """\
# 采集站配置 / Configuration of this dock. Every key: liuhen_agent/config.py
zone = "Asia/Shanghai"
"""


def first_text(sockets: Mapping[str, Path] = SOCKETS) -> str:
    """The configuration of a dock that has none: with the units' sockets where they are there."""
    found = [f'{key} = "{path}"' for key, path in sockets.items() if path.is_socket()]
    return "\n".join([DEFAULT.rstrip("\n"), *found, ""])


def load(data_dir: Path) -> Config:
    """The configuration in a dock's folder; defaults if there is none. Raises ConfigError."""
    path = data_dir / FILE
    try:
        text = path.read_text("utf-8") if path.exists() else ""
        return parse(text, data_dir, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error


def parse(text: str, data_dir: Path, where: str = FILE) -> Config:
    """Raises ConfigError for TOML errors, unknown keys and values out of range."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not TOML: {error}") from error
    keys = _Keys(content, where)
    zone = keys.take("zone", "Asia/Shanghai")
    try:
        zone_info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(f"{where}: zone: {zone!r} is no time zone, such as Asia/Shanghai") from error
    profiles = keys.take("profiles", "")
    config = Config(
        bays=_bays(content.pop("bay", []), data_dir, where),
        zone=zone_info,
        parallel_readers=keys.number("parallel_readers", 2, 1, 16),
        parallel_uploads=keys.number("parallel_uploads", 2, 1, 16),
        sm3=keys.take("sm3", False),
        spool_term=timedelta(days=keys.number("spool_days", 30, 0, 36_500)),
        set_clocks=keys.take("set_clocks", True),
        proxies=keys.take("proxies", True),
        head_every=timedelta(minutes=keys.number("head_minutes", 60, 1, 1_440)),
        profiles=data_dir / profiles if profiles else default_folder(),
        credentials=data_dir / keys.take("credentials", "recorders.toml"),
        proxy_socket=_socket(keys.take("proxy_socket", ""), f"{where}: proxy_socket"),
        wipe_socket=_socket(keys.take("wipe_socket", ""), f"{where}: wipe_socket"),
        scsi_socket=_socket(keys.take("scsi_socket", ""), f"{where}: scsi_socket"),
        own_ports=_ports(keys, "own_ports"),
        bus_readers=keys.number("bus_readers", 2, 1, 16),
        upload_hours=_hours(keys, zone_info),
        upload_mbit=keys.number("upload_mbit", 0, 0, 100_000),
        show_officers=_officers(keys.take("show_officers", "masked"), where),
    )
    keys.refuse_rest()
    return config


def _hours(keys: _Keys, zone: ZoneInfo) -> UploadHours | None:
    text = keys.take("upload_hours", "")
    try:
        return UploadHours.parse(text, zone) if text else None
    except ValueError as error:
        raise ConfigError(f"{keys.where}: upload_hours: {error}") from error


def _officers(text: str, where: str) -> Literal["masked", "whole"]:
    if text == "masked":
        return "masked"
    if text == "whole":
        return "whole"
    raise ConfigError(f"{where}: show_officers: {text!r} is not masked or whole")


def load_credentials(path: Path, environment: Mapping[str, str] = os.environ) -> dict[str, Credential]:
    """Passwords by profile: `[p-bc]`, `role`, `secret`. What systemd handed over (`$CREDENTIALS_DIRECTORY`) goes before the file; none if
    neither is there. Raises ConfigError, also when others can read the file; no message ever shows a secret."""
    if handed := environment.get("CREDENTIALS_DIRECTORY"):
        credential = Path(handed) / CREDENTIAL
        found = (
            _credentials(credential) if credential.exists() else {}
        )  # its mode may show an ACL's mask; its folder is closed
        if found:
            return found
    if not path.exists():
        return {}
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"{path}: others can read the recorders' passwords: chmod 600 {path}")
    return _credentials(path)


def _credentials(path: Path) -> dict[str, Credential]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML") from error
    found = {}
    for profile, fields in content.items():
        if not isinstance(fields, dict) or set(fields) != {"role", "secret"}:
            raise ConfigError(f"{path}: [{profile}]: needs role and secret, nothing else")
        role, secret = fields["role"], fields["secret"]
        if not isinstance(role, str) or not isinstance(secret, str):
            raise ConfigError(f"{path}: [{profile}]: role and secret are texts")
        found[profile] = Credential(role, secret)
    return found


def _socket(text: str, where: str) -> Path | None:
    if text and not text.startswith("/"):
        raise ConfigError(f"{where}: {text!r} is no absolute path of a socket")
    return Path(text) if text else None


def _bays(listed: object, data_dir: Path, where: str) -> tuple[Bay, ...]:
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise ConfigError(f"{where}: bay: write each bay as [[bay]]")
    bays: list[Bay] = []
    for number, item in enumerate(listed, 1):
        keys = _Keys(item, f"{where}: bay {number}")
        name, backend = keys.need("name"), keys.need("backend")
        if not BAY_NAME.fullmatch(name):
            raise ConfigError(f"{keys.where}: name: {name!r}: at most 32 letters, digits, dots, hyphens")
        if any(bay.name == name for bay in bays):
            raise ConfigError(f"{keys.where}: name: another bay is called {name!r}")
        bays.append(_bay(keys, name, _backend(backend, keys.where), data_dir))
        keys.refuse_rest()
    _refuse_shared_ports(bays, where)
    return tuple(bays)


def _bay(keys: _Keys, name: str, backend: Backend, data_dir: Path) -> Bay:
    if backend == "udev":
        ports = _ports(keys, "ports")
        if not ports:
            raise ConfigError(f"{keys.where}: ports: is missing: `liuhen-agent bays learn` writes it")
        return Bay(name, backend, DEVICE_NODES, ports=ports)
    path, marker = keys.need("path"), keys.take("marker", "")
    if marker and (backend != "directory" or "/" in marker):
        raise ConfigError(f"{keys.where}: marker: a file's name, and only for directory bays")
    return Bay(name, backend, (data_dir / path).resolve(), marker or None)


def _ports(keys: _Keys, key: str) -> tuple[str, ...]:
    ports = keys.texts(key)
    for port in ports:
        if not PORT_PATH.fullmatch(port):
            raise ConfigError(
                f"{keys.where}: {key}: {port!r} is no USB port path: `liuhen-agent bays learn` writes them"
            )
    return ports


def _refuse_shared_ports(bays: list[Bay], where: str) -> None:
    ports = [(port, bay.name) for bay in bays for port in bay.ports]
    for number, (port, name) in enumerate(ports):
        for other, owner in ports[number + 1 :]:
            if port == other:
                raise ConfigError(f"{where}: bay: ports: {port} belongs to bay {name} and to bay {owner}")
            if is_below(port, other) or is_below(other, port):
                raise ConfigError(
                    f"{where}: bay: ports: {port} (bay {name}) and {other} (bay {owner}): one is behind the other"
                )


def _backend(text: str, where: str) -> Backend:
    for known in get_args(Backend):
        if text == known:
            return cast(Backend, known)
    raise ConfigError(f"{where}: backend: {text!r} is not udev, image or directory")


class _Keys:
    """Takes keys out of a TOML table; what is left at the end nobody knows."""

    def __init__(self, content: dict[str, object], where: str) -> None:
        self._content = content
        self.where = where

    def take(self, key: str, default: T) -> T:
        value = self._content.pop(key, default)
        if type(value) is not type(default):
            raise ConfigError(f"{self.where}: {key}: must be a {_word(type(default))}, not {value!r}")
        return value

    def need(self, key: str) -> str:
        if key not in self._content:
            raise ConfigError(f"{self.where}: {key}: is missing")
        return self.take(key, "")

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._content.pop(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise ConfigError(f"{self.where}: {key}: must be a list of texts, not {values!r}")
        return tuple(values)

    def number(self, key: str, default: int, least: int, most: int) -> int:
        value = self.take(key, default)
        if not least <= value <= most:
            raise ConfigError(f"{self.where}: {key}: {value} is not between {least} and {most}")
        return value

    def refuse_rest(self) -> None:
        if self._content:
            raise ConfigError(f"{self.where}: {sorted(self._content)[0]}: unknown key")


def _word(kind: type) -> str:
    return {str: "text", int: "whole number", bool: "truth value (true or false)"}[kind]
