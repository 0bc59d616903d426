"""Which recorder is in which bay: backends that report `BayEvent`s (ADR 0001).

    async for event in watch(bays, settings): ...          # liuhen_agent.detect.emulated

A backend reports what is there and every change, each at least once and never twice in a row: `plugged` and `pulled`
of one bay alternate. The consumer needs no memory of its own and may start again at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Backend = Literal["image", "directory"]
Change = Literal["plugged", "pulled"]


@dataclass(frozen=True)
class Bay:
    """One position of the dock, as configured. `folder` is the emulated port (image) or the folder of files
    (directory).

    `marker`: name of a file in `folder` whose presence means "plugged" (backend directory only; without it any
    entry does).
    """

    name: str
    backend: Backend
    folder: Path
    marker: str | None = None


@dataclass(frozen=True)
class Port:
    """What is plugged into a bay right now. Exactly one of the three places is set.

    `identity` changes when the thing in the bay changes (another file, another inode, the same file put in again).
    """

    bay: str
    backend: Backend
    folder: Path
    identity: str
    disk: Path | None = None  # a disk image or block node: `recorders.volume.open_volume`
    directory: Path | None = None  # a folder of files: `recorders.directory.open_directory`
    tty: Path | None = None  # a serial line: `recorders.line_protocol`


@dataclass(frozen=True)
class BayEvent:
    """`plugged` carries what is there now; `pulled` carries what was there."""

    bay: str
    change: Change
    port: Port


@dataclass(frozen=True)
class WatchSettings:
    """`poll_seconds`: how often a port is looked at. `settle_seconds`: how long it must not change to count as
    plugged."""

    poll_seconds: float = 0.2
    settle_seconds: float = 0.4
