"""The guest's disk: built by mmdebstrap once per recipe, kept in a cache folder, never written to again.

A run works on a copy-on-write layer above it (`layer`), which is what survives a power cut and is thrown away at the end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from house.hil.recipe import Recipe


class BuildError(RuntimeError):
    """The guest's disk could not be built; the text has the last lines of what failed."""


@dataclass(frozen=True)
class Image:
    """A built guest: its disk (never to be written to), kernel and initial file system."""

    folder: Path

    @property
    def disk(self) -> Path:
        return self.folder / "disk.raw"

    @property
    def kernel(self) -> Path:
        return self.folder / "vmlinuz"

    @property
    def initrd(self) -> Path:
        return self.folder / "initrd.img"


def cache_folder() -> Path:
    """$LIUHEN_CACHE/hil, or .cache/liuhen-hil in the home folder."""
    given = os.environ.get("LIUHEN_CACHE")
    return Path(given) / "hil" if given else Path.home() / ".cache" / "liuhen-hil"


def built(recipe: Recipe, say: Callable[[str], None], cache: Path | None = None) -> Image:
    """The recipe's image, from the cache or built now (some minutes). Raises BuildError."""
    cache = cache or cache_folder()
    image = Image(cache / recipe.key)
    if image.folder.exists():
        say(f"虚拟机磁盘取自缓存 guest disk from the cache: {image.folder}")
        return image
    if os.geteuid() != 0:
        raise BuildError("须以 root 构建虚拟机磁盘 building the guest's disk needs root (device nodes, owners)")
    cache.mkdir(parents=True, exist_ok=True)
    say(f"构建虚拟机磁盘，约三分钟 building the guest's disk, about three minutes: {len(recipe.packages)} packages")
    with tempfile.TemporaryDirectory(prefix="building-", dir=cache) as scratch:
        new = Image(Path(scratch) / "image")
        new.folder.mkdir()
        _build(recipe, new, Path(scratch), say)
        for old in cache.iterdir():  # a recipe that is no longer ours will not come back
            if old != Path(scratch) and not old.name.startswith("building-"):
                shutil.rmtree(old)
        new.folder.rename(image.folder)
    return image


def layer(image: Image, path: Path) -> Path:
    """A new disk that reads from the image and keeps what is written in `path` (qcow2)."""
    _run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", image.disk.resolve(), path)
    return path


def _build(recipe: Recipe, image: Image, scratch: Path, say: Callable[[str], None]) -> None:
    root, own = scratch / "root", scratch / "own"
    for name, content in recipe.files.items():
        path = own / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    masks = " ".join(recipe.masked)
    # in a mount namespace of its own: what it mounts below `root` (this machine's /dev among it) is never within reach of what
    # clears `scratch` away, also when it is killed before it unmounts
    command: list[str | Path] = ["unshare", "--mount", "mmdebstrap", "--mode=root", "--variant=minbase", "--quiet"]
    command += ["--aptopt=Apt::Install-Recommends false"]
    command += [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "locale")]
    command += [f"--essential-hook=sync-in {own} /"]
    command += [f'--customize-hook=chroot "$1" systemctl --quiet mask {masks}']
    command += ['--customize-hook=chroot "$1" systemctl --quiet enable systemd-networkd ssh']
    command += [f"--include={','.join(recipe.packages)}", recipe.suite, root, *recipe.sources]
    _run(*command)
    say("写入磁盘映像 writing the disk image")
    for name, target in (("vmlinuz-*", image.kernel), ("initrd.img-*", image.initrd)):
        shutil.copyfile(next((root / "boot").glob(name)), target)
    with image.disk.open("wb") as disk:
        disk.truncate(recipe.size)
    _run("mkfs.ext4", "-q", "-F", "-L", "root", "-d", root, image.disk)


def _run(*command: str | Path) -> None:
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise BuildError(f"{command[0]}: {(done.stdout + done.stderr)[-2000:]}")
