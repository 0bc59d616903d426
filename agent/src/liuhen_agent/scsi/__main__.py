"""`python -m liuhen_agent.scsi PROFILES`: the SCSI helper, with the agent's connection as standard input. One disk a connection; every command is
held against the profiles in the folder PROFILES, which this reads itself, and sent or refused by name.

Leaves with 0 (the agent went), 1 (nothing more to be said: no such disk, too many commands, silence), 2 (wrong use).
"""

from __future__ import annotations

import fcntl
import os
import re
import socket
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from liuhen_agent.recorders import RecorderError
from liuhen_agent.recorders.profile import Profile, ProfileError, load_profiles
from liuhen_agent.recorders.wire_scsi import Ioctl, SgNode, as_one_line
from liuhen_agent.scsi.message import (
    LONGEST,
    Unintelligible,
    decode_disk,
    decode_send,
    encode_failed,
    encode_said,
    encode_speaks,
)
from liuhen_agent.scsi.rule import Allowed, Refused, allow, speaking

MOST_COMMANDS = 64  # of one connection; unlocking a recorder takes about ten
IDLE_SECONDS = 60.0
GENERIC = 21  # major number of generic SCSI nodes (the kernel's admin-guide/devices.txt)
DISK_TYPE = "0"  # direct access block device (SPC-4, 6.6.2)
NAME = re.compile(r"sg[0-9]{1,5}")


@dataclass(frozen=True)
class OpenDisk:
    """A generic node that was opened, and what the disk behind it calls itself."""

    at: int
    calls_itself: str


Open = Callable[[str], OpenDisk]


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m liuhen_agent.scsi PROFILES", file=sys.stderr)
        return 2
    with socket.socket(fileno=0) as channel:
        try:
            profiles = load_profiles(Path(arguments[0]))
        except ProfileError as error:
            _say(channel, encode_failed("no-profile", str(error)))
            return 2
        return serve(channel, profiles)


def open_disk(name: str, dev: Path = Path("/dev"), about: Path = Path("/sys/dev/char")) -> OpenDisk:
    """A disk in a bay: the udev rules give only those to this program's user. Raises Refused: no-disk-of-a-bay."""
    if not NAME.fullmatch(name):
        raise Refused("no-disk-of-a-bay", "not the name of a generic SCSI node")
    try:
        at = os.open(dev / name, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise Refused("no-disk-of-a-bay", f"{name}: {error.strerror}") from error
    try:
        is_so = os.fstat(at)
        if not stat.S_ISCHR(is_so.st_mode) or os.major(is_so.st_rdev) != GENERIC or is_so.st_uid != os.geteuid():
            raise Refused("no-disk-of-a-bay", f"{name} is no generic SCSI node of this user's: no bay's")
        device = about / f"{GENERIC}:{os.minor(is_so.st_rdev)}" / "device"
        if (device / "type").read_text("ascii").strip() != DISK_TYPE:
            raise Refused("no-disk-of-a-bay", f"{name} is no disk")
        # what the kernel heard when the disk came: nothing is sent to find out
        words = [(device / part).read_bytes() for part in ("vendor", "model", "rev")]
        return OpenDisk(at, as_one_line(*words))
    except (OSError, UnicodeDecodeError) as error:
        os.close(at)
        raise Refused("no-disk-of-a-bay", f"{name} has left") from error
    except BaseException:
        os.close(at)
        raise


def serve(
    channel: socket.socket, profiles: Sequence[Profile], opened: Open = open_disk, ioctl: Ioctl = fcntl.ioctl
) -> int:
    """One connection, from the name of a disk to its end. The exit code."""
    channel.settimeout(IDLE_SECONDS)
    try:
        message = channel.recv(LONGEST + 1)
        if not message:
            return 0
        disk = opened(decode_disk(message))
    except Refused as refused:
        return _refuse(channel, refused)
    except (OSError, Unintelligible) as error:
        return _broken_off(channel, error)
    try:
        speaks = speaking(profiles, disk.calls_itself)
        _say(channel, encode_speaks([profile.name for profile in speaks]))
        return _commands(channel, speaks, disk.at, ioctl)
    except Refused as refused:
        return _refuse(channel, refused)
    except (OSError, Unintelligible) as error:
        return _broken_off(channel, error)
    finally:
        os.close(disk.at)


def _commands(channel: socket.socket, speaks: Sequence[Profile], at: int, ioctl: Ioctl) -> int:
    for _ in range(MOST_COMMANDS):
        message = channel.recv(LONGEST + 1)
        if not message:
            return 0
        try:
            allowed = allow(speaks, *decode_send(message))
        except Refused as refused:
            _refuse(channel, refused)
            continue
        _say(channel, _sent(allowed, at, ioctl))
    _warn(f"more than {MOST_COMMANDS} commands")
    return 1


def _sent(allowed: Allowed, at: int, ioctl: Ioctl) -> bytes:
    try:
        return encode_said(SgNode(at, allowed.seconds, ioctl).execute(allowed.block, allowed.data, allowed.most))
    except RecorderError as error:
        return encode_failed(error.code, f"{allowed.name}: {error.why}")


def _refuse(channel: socket.socket, refused: Refused) -> int:
    _warn(f"refused: {refused}")
    _say(channel, encode_failed(refused.code, refused.why))
    return 1


def _broken_off(channel: socket.socket, error: Exception) -> int:
    _warn(f"broken off: {error}")
    if isinstance(error, Unintelligible):
        _say(channel, encode_failed("not-understood", str(error)))
    return 1


def _warn(what: str) -> None:
    print(f"<4>{what}", file=sys.stderr, flush=True)  # a warning to journald (sd-daemon(3))


def _say(channel: socket.socket, message: bytes) -> None:
    """An agent that is gone changes nothing of what was done."""
    try:
        channel.send(message)
    except OSError as error:
        _warn(f"nobody waits for the answer: {error}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
