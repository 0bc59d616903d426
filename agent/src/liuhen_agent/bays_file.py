"""Bays in `config.toml`, written by a program into a file that people write too.

It is changed where it has to be and nowhere else: comments, order and all other keys stay. The new text is read as the dock reads
it before it takes the old one's place, at once and durably, and it belongs to the dock's user from its first byte on: an
administrator who is stopped halfway leaves no file that the dock cannot read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import tomlkit
from tomlkit.items import AoT

from liuhen_agent import config
from liuhen_files import durable

MODE = 0o640  # the dock's user and its group: the kiosk and the wipe helper read it


def with_bay(text: str, name: str, ports: Sequence[str]) -> str:
    """The configuration with these ports for a bay; a bay of that name gets them in place of what it had. Raises ConfigError
    when that bay is none on a USB port."""
    content = tomlkit.parse(text)
    bays = content.get("bay")
    if bays is None:
        bays = tomlkit.aot()
        content.append("bay", bays)
    assert isinstance(bays, AoT)
    for bay in bays:
        if bay.get("name") == name:
            if bay.get("backend") != "udev":
                raise config.ConfigError(
                    f"bay {name}: its backend is {bay.get('backend')}, not udev: choose another name"
                )
            bay["ports"] = list(ports)
            return tomlkit.dumps(content)
    if not text.endswith("\n\n"):
        return with_bay(f"{text.rstrip(chr(10))}\n\n", name, ports)
    new = tomlkit.table()
    for key, value in (("name", name), ("backend", "udev"), ("ports", list(ports))):
        new.append(key, value)
    bays.append(new)
    return tomlkit.dumps(content)


def with_own_ports(text: str, ports: Sequence[str]) -> str:
    """The configuration with these ports among the dock's own."""
    content = tomlkit.parse(text)
    known = [str(port) for port in content.get("own_ports", [])]
    content["own_ports"] = known + [port for port in ports if port not in known]
    return tomlkit.dumps(content)


def change(data_dir: Path, edit: Callable[[str], str]) -> None:
    """Put the edited text in the file's place. Raises ConfigError (the result would not be read), OSError."""
    durable.mkdirs(data_dir)
    path = data_dir / config.FILE
    with _as_owner_of(data_dir):
        there = path.exists()
        text = edit(path.read_text("utf-8") if there else config.first_text())
        config.parse(text, data_dir, str(path))
        durable.replace(path, text.encode(), path.stat().st_mode & 0o777 if there else MODE)


@contextmanager
def _as_owner_of(folder: Path) -> Iterator[None]:
    """Root acts as the user whose folder it is; anybody else as themselves."""
    owner, us = folder.stat(), (os.geteuid(), os.getegid())
    if us[0] != 0 or owner.st_uid == 0:
        yield
        return
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(us[0])
        os.setegid(us[1])
