"""What the guest consists of. The recipe is a value: its hash names the built disk in the cache, so a changed recipe is another disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

SOURCES = (
    "deb http://deb.debian.org/debian bookworm main",
    # for the kernel: before 6.1.183 its dummy_hcd, on which the gadgets are, stops the whole guest now and then (CVE-2026-68370)
    "deb http://deb.debian.org/debian-security bookworm-security main",
)
SYSTEM = (
    "linux-image-amd64",
    "initramfs-tools",
    "lz4",
    "systemd",
    "systemd-sysv",
    "systemd-timesyncd",
    "udev",
    "dbus",
    "kmod",
    "iproute2",
    "adduser",
    "openssh-server",
)
WHAT_PACKAGES_NEED = (
    "python3",
    "ffmpeg",
    "libusb-1.0-0",
    "dosfstools",
    "exfatprogs",
    "openssl",
    "tzdata",
    "fonts-noto-cjk",
)

FILES = {
    # only what this machine has: unpacking a small initrd is half of the time to boot in software emulation
    "etc/initramfs-tools/conf.d/liuhen": "MODULES=list\nCOMPRESS=lz4\nFSTYPE=ext4\n",
    "etc/initramfs-tools/modules": "virtio_pci\nvirtio_blk\next4\n",
    "etc/fstab": "/dev/vda / ext4 errors=remount-ro 0 1\n",
    "etc/hostname": "dock-hil\n",
    "etc/systemd/network/10-wired.network": "[Match]\nName=en* eth*\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n",
    "etc/ssh/sshd_config.d/hil.conf": "PasswordAuthentication no\nUseDNS no\nMaxStartups 100\nMaxSessions 100\n",
    # the journal survives a power cut, and says afterwards what happened before it
    "etc/systemd/journald.conf.d/hil.conf": "[Journal]\nStorage=persistent\nSyncIntervalSec=5s\nRateLimitIntervalSec=0\n",
}
NOT_WANTED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "man-db.timer",
    "systemd-networkd-wait-online.service",
)


@dataclass(frozen=True)
class Recipe:
    """A Debian guest. `files`: content by path; `size`: bytes of its disk, which is sparse. `version`: raise it when the way of
    building changes and nothing else here does."""

    suite: str = "bookworm"
    sources: tuple[str, ...] = SOURCES
    packages: tuple[str, ...] = SYSTEM + WHAT_PACKAGES_NEED
    files: Mapping[str, str] = field(default_factory=lambda: dict(FILES))
    masked: tuple[str, ...] = NOT_WANTED
    size: int = 6 * 1024**3
    version: int = 1

    @property
    def key(self) -> str:
        """Sixteen hex digits that change with anything above."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]
