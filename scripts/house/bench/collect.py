"""Collecting a 2 GiB clip off a FAT32 image (read without mounting, hashed twice, written, synced, named) against `cp` plus fsync."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from house.bench.measure import Goal, Result, forget, middle, progress, seconds
from liuhen_agent.collect.copy import copy_with_digest
from liuhen_agent.collect.spool import Spool
from liuhen_agent.recorders.volume import open_volume

CLIP_BYTES = 2 << 30
ROUNDS = 7


def make_clip(path: Path, size: int) -> None:
    """Bytes that no file system compresses or recognises, cheaply."""
    block = os.urandom(8 << 20)
    with path.open("wb") as file:
        for _ in range(size // len(block)):
            file.write(block)
        file.write(block[: size % len(block)])


def make_image(image: Path, clip: Path) -> None:
    """A FAT32 recorder image that holds the clip as a recorder would name it."""
    with image.open("wb") as file:
        file.truncate(clip.stat().st_size + (128 << 20))
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "MTOOLS_SKIP_CHECK": "1"}
    subprocess.run(
        ["mkfs.vfat", "-F", "32", "-n", "0000127", str(image)], check=True, env=environment, stdout=subprocess.DEVNULL
    )
    subprocess.run(["mmd", "-i", str(image), "::/DCIM"], check=True, env=environment)
    name = "::/DCIM/0000127_21032720261120180211_0001.MP4"
    subprocess.run(["mcopy", "-i", str(image), str(clip), name], check=True, env=environment)


async def _collect(image: Path, spool: Spool) -> None:
    volume = await open_volume(image)
    try:
        listing = await volume.inventory()
        stream = await volume.open_clip(listing.files[0])
        part = spool.part("bench", 0)
        target = spool.create_part(part)
        try:
            digest = await asyncio.to_thread(copy_with_digest, stream, target)
        finally:
            os.close(target)
            stream.close()
        spool.publish(part, digest.sha256)
        spool.remove(digest.sha256)
    finally:
        await volume.close()


def run(work: Path) -> Iterator[Result]:
    clip, image, spool = work / "clip.mp4", work / "recorder.img", Spool(work / "dock")
    spool.prepare()
    progress("collect: making a 2 GiB clip and its FAT32 image")
    make_clip(clip, CLIP_BYTES)
    make_image(image, clip)

    def copy() -> None:
        forget(clip)
        subprocess.run(["cp", str(clip), str(work / "copy.mp4")], check=True)
        subprocess.run(["sync", str(work / "copy.mp4")], check=True)
        (work / "copy.mp4").unlink()

    def collect() -> None:
        forget(image)
        asyncio.run(_collect(image, spool))

    megabytes = CLIP_BYTES / 1e6
    rounds = []
    for _ in range(ROUNDS):
        reference = megabytes / seconds(copy)
        rounds.append((megabytes / seconds(collect), reference))
        progress(f"collect: {rounds[-1][0]:.0f} MB/s, cp {reference:.0f} MB/s")
    ours, reference = middle(rounds)
    yield Result("collect", ours, "MB/s", "cp and fsync of the same clip", reference, Goal(0.9))
    shutil.rmtree(work / "dock")
    clip.unlink()
    image.unlink()
