"""How ffmpeg and ffprobe are run on footage nobody can vouch for: own process group, limits, no network where possible.

The fence of an installed dock is the media worker's unit (`worker`, liuhen-proxy@.service), which cannot make namespaces. Where ffmpeg is run as
a child of the dock, `bwrap` (if installed and allowed) takes network and write access away; the limits and ffmpeg's own whitelists
are there in both.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from liuhen_agent.proxy import ProxyFailed, ProxyLimits

# Containers recorders write. A playlist or a script of another demuxer, whatever it is called, is refused.
DEMUXERS = ("mov", "avi", "mpegts", "matroska", "wav", "mp3", "aac", "asf", "flv", "mpeg", "h264", "hevc", "amr", "ogg")

INPUT_FENCE = {"protocol_whitelist": "file", "format_whitelist": ",".join(DEMUXERS)}


def fenced(command: Sequence[str], limits: ProxyLimits, writes_to: Path | None) -> list[str]:
    """`command` with its limits before it. `writes_to`: the one folder it may write into."""
    cpu_seconds = int(limits.total_seconds * (os.cpu_count() or 1)) + 1
    prefix = []
    if shutil.which("prlimit"):
        sizes = (f"--as={limits.memory_bytes}", f"--fsize={limits.output_bytes}", f"--cpu={cpu_seconds}", "--core=0")
        prefix = ["prlimit", *sizes, "--"]
    if _bwrap_works():
        prefix += [*_BWRAP, *(("--bind", str(writes_to), str(writes_to)) if writes_to else ()), "--"]
    return [*prefix, *command]


_BWRAP = ("bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")


@cache
def _bwrap_works() -> bool:
    """Asked once: inside a container or a unit without namespaces bwrap is there and fails."""
    import subprocess

    if not shutil.which("bwrap"):
        return False
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run([*_BWRAP, "--", "true"], capture_output=True, timeout=5).returncode == 0
    return False


async def start(command: Sequence[str], handed: Sequence[int] = ()) -> asyncio.subprocess.Process:
    """In its own process group, so that all of it can be killed. `handed`: open files it gets under the same numbers. Raises
    ProxyFailed("no-tool")."""
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            pass_fds=tuple(handed),
        )
    except OSError as error:
        raise ProxyFailed("no-tool", f"{command[0]} cannot be run: {error.strerror}") from error


async def kill(process: asyncio.subprocess.Process) -> None:
    """The whole group, and waits until it is gone. Nobody else may be reading its output any more.

    Output left in the pipes is read away: asyncio reports the end of a process only after the end of its pipes.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        # not process.kill(): it may take the exit code away from who waits for it
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):  # a grandchild that left the group holds a pipe: its own limits end it
        async with asyncio.timeout(5):
            for stream in (process.stdout, process.stderr):
                while stream is not None and await stream.read(65536):
                    pass
            await process.wait()
