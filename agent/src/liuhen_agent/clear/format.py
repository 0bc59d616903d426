"""A fresh file system in place of the old one, in a way that an interruption cannot spoil.

    1. read the geometry of the old one                    3. keep the plan: the bytes to write, durably, in the dock's folder
    2. let mkfs make the new one in a sparse file,         4. write them backwards: root folder first, boot sector last, each part
       carry id and label over                                synced before the boot sector
                                                           5. list it again: empty, same kind, label, id, cluster size; drop the plan

mkfs never touches the recorder: it has no idea of a partition that begins in the middle of a card (mkfs.exfat knows none at all), and
half of its work could not be repeated. While a plan is kept the recorder may be half written, and only the plan says what to write; its
boot sector is still one of two, and by it the recorder is known again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from liuhen_agent.clear import geometry
from liuhen_agent.clear.geometry import SECTOR, Exfat, Fat, NotKnown
from liuhen_agent.recorders import VolumeInfo
from liuhen_files import durable

_PIECE = 1 << 20
_MOST_METADATA = 512 * 1024 * 1024
_MKFS_SECONDS = 300
_PLACEHOLDER = "LIUHEN"


class FormatFailed(Exception):
    """The recorder could not be given a fresh file system. Says why, and whether it was written to."""


@dataclass(frozen=True)
class Plan:
    """`offset`: where the partition begins, in bytes. `image`: its new first bytes. `old_boot`: SHA-256 of the old boot sector.
    The rest is what the new file system must show when it is listed."""

    offset: int
    old_boot: str
    kind: str
    label: str
    volume_id: str | None
    cluster_size: int
    image: bytes

    def encode(self) -> bytes:
        header = {name: value for name, value in asdict(self).items() if name != "image"}
        return json.dumps(header, ensure_ascii=True).encode() + b"\n" + self.image

    @classmethod
    def decode(cls, data: bytes) -> Plan:
        header, _, image = data.partition(b"\n")
        return cls(**json.loads(header), image=image)

    def fits(self, disk: int) -> bool:
        """Whether the recorder behind this descriptor is the one the plan was made for, before or after."""
        boot = os.pread(disk, SECTOR, self.offset)
        return boot == self.image[:SECTOR] or hashlib.sha256(boot).hexdigest() == self.old_boot

    def shown_by(self, info: VolumeInfo) -> bool:
        return (info.kind, info.label, info.volume_id, info.cluster_size) == (
            self.kind,
            self.label,
            self.volume_id,
            self.cluster_size,
        )


def make_plan(disk: int, info: VolumeInfo, scratch: Path) -> Plan:
    """Reads the old file system through `disk`, makes the new one in `scratch`. Writes nothing to the recorder. Raises FormatFailed."""
    boot = os.pread(disk, SECTOR, info.offset)
    try:
        old = geometry.read_boot(boot)
        root, length = old.root
        label = geometry.label_entry(old, os.pread(disk, min(length, _PIECE), info.offset + root))
        image = _fresh(old, scratch)
        geometry.carry_over(old, label, image)
    except NotKnown as error:
        raise FormatFailed(
            f"this {info.kind} file system cannot be made anew as it was: {error}; nothing was written"
        ) from error
    return Plan(
        offset=info.offset,
        old_boot=hashlib.sha256(boot).hexdigest(),
        kind=info.kind,
        label=info.label,
        volume_id=info.volume_id,
        cluster_size=info.cluster_size,
        image=bytes(image),
    )


def keep(path: Path, plan: Plan) -> None:
    durable.replace(path, plan.encode(), mode=0o640)  # the agent recognises by it what is not completed


def load(path: Path) -> Plan | None:
    """The plan of an interrupted clearing; None when there is none. Raises FormatFailed for a damaged one."""
    try:
        return Plan.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise FormatFailed(f"{path} is damaged ({error}); a person must look at this recorder") from error


def write(disk: int, plan: Plan) -> None:
    """Puts the new file system in place, backwards. Whatever interrupts it, writing the same plan again completes it."""
    first = geometry.EXFAT_BOOT_SECTORS * SECTOR
    end = len(plan.image)
    while end > first:
        start = max(first, end - _PIECE)
        _write_all(disk, plan.image[start:end], plan.offset + start)
        end = start
    os.fsync(disk)
    _write_all(disk, plan.image[SECTOR:first], plan.offset + SECTOR)
    _write_all(disk, plan.image[:SECTOR], plan.offset)
    os.fsync(disk)


def _write_all(disk: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        count = os.pwrite(disk, view, at)
        view, at = view[count:], at + count


def _fresh(old: Fat | Exfat, scratch: Path) -> bytearray:
    """The first bytes of a new, empty file system of this geometry, made by mkfs in a sparse file."""
    with tempfile.NamedTemporaryFile(dir=scratch, prefix="fresh-") as file:
        file.truncate(old.size)
        _run(_command(old, file.name))
        made = geometry.read_boot(os.pread(file.fileno(), SECTOR, 0))
        if made.metadata_end > min(_MOST_METADATA, old.size):
            raise NotKnown(f"its tables would take {made.metadata_end} bytes")
        return bytearray(os.pread(file.fileno(), made.metadata_end, 0))


def _command(old: Fat | Exfat, path: str) -> list[str]:
    if isinstance(old, Exfat):
        return [_program("mkfs.exfat"), "-c", str(old.cluster_size), "-L", _PLACEHOLDER, path]
    options = {
        "-F": old.bits,
        "-S": old.sector,
        "-s": old.cluster_sectors,
        "-R": old.reserved,
        "-f": old.fats,
        "-M": f"0x{old.media:02x}",
        "-h": old.hidden,
        "-i": f"{old.volume_id:08x}",
        "-n": _PLACEHOLDER,
    }
    if old.bits != 32:
        options["-r"] = old.root_entries
    return [_program("mkfs.vfat"), "-a", *(str(word) for pair in options.items() for word in pair), path]


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise FormatFailed(f"{name} is not installed (Debian: dosfstools, exfatprogs); nothing was written")
    return found


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_MKFS_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise FormatFailed(f"{command[0]} did not end; nothing was written to the recorder") from error
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise FormatFailed(f"{' '.join(command[:-1])}: {said[-500:]}; nothing was written to the recorder")


def drop(path: Path) -> None:
    """The recorder is as the plan wanted it."""
    durable.remove(path)
