"""The cards of the recorders: small real footage, no two files alike, so that every clip can be told by its digest alone.

A clip is one of the sample clips with a `free` box at its end (ISO/IEC 14496-12, 8.1.2) that names recorder and number: it still plays, and is
another file.
"""

from __future__ import annotations

import asyncio
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from liuhen_agent.recorders.volume import open_volume
from liuhen_agent.simulate.footage import CardFile, clip_name, real_clips
from liuhen_agent.simulate.images import Kind, build_image

MOST_BYTES = 600_000  # the guest reads about 16 MB/s for all of its work
OFFICER = "210301"


@dataclass(frozen=True)
class Card:
    """One recorder's footage. `digests`: SHA-256 of every file, by path. `image` is what the machine sees, `folder` the same
    as files; `as_folder`: it sees the files (MTP)."""

    serial: str
    image: Path
    folder: Path
    digests: dict[str, str]
    as_folder: bool = False


def make_card(folder: Path, serial: str, kind: Kind, clips: int, begins: datetime, *, label: str | None = None) -> Card:
    """A card with that many clips and the recorder's log, as an image and as a folder of files below `folder`."""
    tree = folder / f"{serial}.files"
    files = [*_clips(tree, serial, clips, begins), _log(tree, serial, begins)]
    image = build_image(folder / f"{serial}.img", files, kind=kind, label=label or serial)
    digests = {file.path: hashlib.sha256(file.source.read_bytes()).hexdigest() for file in files}
    return Card(serial, image, tree, digests)


def _clips(tree: Path, serial: str, count: int, begins: datetime) -> list[CardFile]:
    samples = [clip for clip in real_clips() if clip.stat().st_size <= MOST_BYTES]
    made = []
    for number in range(1, count + 1):
        when = begins + timedelta(minutes=5 * number)
        path = f"DCIM/100MEDIA/{clip_name(serial, OFFICER, when, number, important=number == 2)}"
        place = tree / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(samples[number % len(samples)].read_bytes() + _free_box(f"{serial} {number}"))
        made.append(CardFile(path, place, when))
    return made


def _free_box(text: str) -> bytes:
    content = text.encode()
    return struct.pack(">I4s", 8 + len(content), b"free") + content


def _log(tree: Path, serial: str, begins: datetime) -> CardFile:
    path = f"LOG/{begins:%Y%m%d}.txt"
    place = tree / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"{begins:%Y-%m-%d %H:%M:%S} power on {serial}\r\n")
    return CardFile(path, place, begins)


def files_left(card: Card) -> Sequence[str]:
    """Paths of the files that are on the card now, read as the dock reads it: without mounting."""

    if card.as_folder:
        return [path.relative_to(card.folder).as_posix() for path in card.folder.rglob("*") if path.is_file()]

    async def listed() -> list[str]:
        volume = await open_volume(card.image)
        try:
            return [entry.path for entry in (await volume.inventory()).files]
        finally:
            await volume.close()

    return asyncio.run(listed())
