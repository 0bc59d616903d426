"""Disk images of recorders, built without root and without mounting.

FAT32 by mkfs.vfat and mtools, ext4 by `mkfs.ext4 -d`, NTFS by mkntfs and ntfscp (files in the root only), exFAT by
mkfs.exfat and our own writer (`exfat`). Any of them bare (superfloppy) or in an MBR or GPT partition (`partitions`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import Literal

from liuhen_agent.simulate import exfat
from liuhen_agent.simulate.footage import CardFile
from liuhen_agent.simulate.partitions import wrap

Kind = Literal["fat32", "exfat", "ext4", "ntfs"]
Table = Literal["none", "mbr", "gpt"]
MIB = 1024 * 1024
SMALLEST = {"fat32": 36 * MIB, "exfat": 2 * MIB, "ext4": 4 * MIB, "ntfs": 4 * MIB}  # sparse


def build_image(
    path: Path,
    files: Sequence[CardFile],
    *,
    kind: Kind = "fat32",
    label: str = "DSJ7A01",
    size: int | None = None,
    table: Table = "none",
) -> Path:
    """Writes a sparse image at `path` and returns it. `size` in bytes; by default the files with some room."""
    content = sum(file.source.stat().st_size for file in files)
    room = size or max(SMALLEST[kind], int(content * 1.15) + 4 * MIB + len(files) * 8192)
    room += -room % MIB
    bare = path if table == "none" else path.with_name(path.name + ".bare")
    with bare.open("wb") as image:
        image.truncate(room)
    {"fat32": _fat32, "exfat": _exfat, "ext4": _ext4, "ntfs": _ntfs}[kind](bare, files, label)
    if table != "none":
        wrap(bare, path, table, kind)
        bare.unlink()
    return path


def _run(*command: str | Path) -> None:
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin", "TZ": "UTC"}
    environment |= {"LC_ALL": "C.UTF-8", "MTOOLS_SKIP_CHECK": "1"}
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}".strip())


def _stage(files: Sequence[CardFile], folder: Path) -> None:
    """The tree as ordinary files; times of the recorder's clock go in as if they were UTC."""
    for file in files:
        place = folder / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.source, place)
        stamp = file.modified.replace(tzinfo=UTC).timestamp()
        os.utime(place, (stamp, stamp))


def _fat32(image: Path, files: Sequence[CardFile], label: str) -> None:
    _run("mkfs.vfat", "-F", "32", "-s", "1" if image.stat().st_size < 256 * MIB else "64", "-n", label, image)
    with tempfile.TemporaryDirectory(dir=image.parent) as staging:
        _stage(files, Path(staging))
        if tops := sorted(Path(staging).iterdir()):
            _run("mcopy", "-i", image, "-s", "-m", "-Q", *tops, "::/")


def _exfat(image: Path, files: Sequence[CardFile], label: str) -> None:
    _run("mkfs.exfat", "-n", label, image)
    exfat.add_files(image, files)


def _ext4(image: Path, files: Sequence[CardFile], label: str) -> None:
    with tempfile.TemporaryDirectory(dir=image.parent) as staging:
        _stage(files, Path(staging))
        inodes = str(max(64, len(files) * 2))
        _run("mkfs.ext4", "-q", "-F", "-L", label[:16], "-N", inodes, "-d", staging, image)


def _ntfs(image: Path, files: Sequence[CardFile], label: str) -> None:
    _run("mkntfs", "-q", "-F", "-f", "-L", label, image)
    with tempfile.TemporaryDirectory(dir=image.parent) as staging:
        _stage(files, Path(staging))
        for file in files:
            if "/" in file.path:
                raise ValueError(f"{file.path}: ntfscp writes into the root folder only")
            _run("ntfscp", "-q", "-f", "-t", image, Path(staging) / file.path, file.path)
