"""A disk image or block node read without mounting: the parent's side of `volume_child`.

Whatever happens in the C parser (crash, hang, memory) ends as a `VolumeError` here. The parser says where the bytes of a
clip lie, and `volume_disk` reads them there. Bytes that only the parser can put together come through a pipe; how that
ended comes over the socket, so a short read is never taken for the end of a clip.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import cast, get_args

from liuhen_agent.recorders import DeletedEntry, FileEntry, FileSystem, Listing, VolumeError, VolumeInfo, VolumeLimits
from liuhen_agent.recorders.safe_path import safe_path
from liuhen_agent.recorders.volume_disk import Disk, ExtentStream, read_extents

CHILD = "liuhen_agent.recorders.volume_child"
DEFAULT_LIMITS = VolumeLimits()
PIPE_BYTES = 1024 * 1024
MAX_MESSAGE = 8 * 1024 * 1024
LOCAL_TIME = ("fat12", "fat16", "fat32", "exfat")  # file systems that keep the recorder's local time

Message = dict[str, object]


async def open_volume(path: Path, limits: VolumeLimits = DEFAULT_LIMITS) -> DiskVolume:
    """Starts the reader and finds the file system. Raises VolumeError."""
    return await asyncio.to_thread(_open, path, limits)


def _open(path: Path, limits: VolumeLimits) -> DiskVolume:
    try:
        disk = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise VolumeError("missing", f"{path} cannot be opened: {error.strerror}") from error
    try:
        mode = os.fstat(disk).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
            raise VolumeError("missing", f"{path} is neither a disk nor a disk image")
        reader = Reader(CHILD, str(disk), (disk,), limits)
        try:
            bytes_of = Disk.of(disk)
        except OSError as error:
            reader.end()
            raise VolumeError("missing", f"{path} cannot be opened again: {error.strerror}") from error
    finally:
        os.close(disk)
    try:
        facts = reader.hear(time.monotonic() + limits.open_seconds)
        if facts.get("kind") != "info":
            raise VolumeError("crashed", "the reader did not say what it found")
        info = _info(facts)
    except (KeyError, ValueError, TypeError) as error:
        bytes_of.close()
        raise reader.end(VolumeError("crashed", "the reader talks nonsense")) from error
    except BaseException:
        bytes_of.close()
        reader.end()
        raise
    return DiskVolume(reader, bytes_of, info, limits)


class Reader:
    """The child process and the talk with it: `python -m CHILD WHAT SOCKET_FD MEMORY ENTRIES DEPTH`. Every failure ends the child."""

    def __init__(self, child: str, what: str, fds: tuple[int, ...], limits: VolumeLimits) -> None:
        ours, theirs = socket.socketpair()
        try:
            arguments = (what, theirs.fileno(), limits.memory_bytes, limits.entries, limits.depth)
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-m", child, *(str(argument) for argument in arguments)],
                pass_fds=(*fds, theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"TZ": "UTC", "LC_ALL": "C.UTF-8"},  # UTC: local times of the card keep their digits
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.sock = ours
        self.ended: VolumeError | None = None
        self._ending = threading.Lock()

    def ask(self, request: Message, pipe: int | None = None) -> None:
        if self.ended:
            raise self.ended
        body = json.dumps(request).encode()
        data = struct.pack(">I", len(body)) + body
        try:
            if pipe is None:
                self.sock.sendall(data)
            else:
                sent = socket.send_fds(self.sock, [data], [pipe])
                self.sock.sendall(data[sent:])
        except OSError as error:
            raise self._died() from error

    def hear(self, deadline: float) -> Message:
        """The next message, or the VolumeError it carries. `deadline`: monotonic seconds."""
        if self.ended:
            raise self.ended
        (length,) = struct.unpack(">I", self._exactly(4, deadline))
        if length > MAX_MESSAGE:
            raise self.end(VolumeError("crashed", "the reader talks nonsense"))
        try:
            message = json.loads(self._exactly(length, deadline))
        except ValueError as error:
            raise self.end(VolumeError("crashed", "the reader talks nonsense")) from error
        if not isinstance(message, dict):
            raise self.end(VolumeError("crashed", "the reader talks nonsense"))
        if message.get("kind") == "error":
            raise VolumeError(str(message.get("code")), str(message.get("why")))
        return message

    def _exactly(self, count: int, deadline: float) -> bytes:
        got = bytearray()
        while len(got) < count:
            left = deadline - time.monotonic()
            if left <= 0:
                raise self.end(VolumeError("timeout", "reading the recorder took too long; the reader was stopped"))
            try:
                self.sock.settimeout(left)
                piece = self.sock.recv(count - len(got))
            except TimeoutError:
                continue
            except OSError as error:
                raise self._died() from error
            if not piece:
                raise self._died()
            got += piece
        return bytes(got)

    def _died(self) -> VolumeError:
        if self.ended:
            return self.ended
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(2)
        code = self.process.poll()
        if code is not None and code < 0:
            why = f"the reader was ended by {signal.Signals(-code).name}: the file system is damaged or hostile"
        else:
            why = "the reader ended without a word: the file system is damaged or hostile"
        return self.end(VolumeError("crashed", why))

    def end(self, because: VolumeError | None = None) -> VolumeError:
        """Kills the child (it only reads: nothing can be left half done)."""
        with self._ending:
            if self.ended is None:
                self.ended = because or VolumeError("closed", "the volume was closed")
                self.process.kill()
                with contextlib.suppress(OSError):
                    self.sock.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits in recv
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(2)  # a process in the kernel's disk wait ends when the disk answers
                self.sock.close()
            return self.ended


class DiskVolume:
    """See `recorders.Volume`."""

    def __init__(self, reader: Reader, disk: Disk, info: VolumeInfo, limits: VolumeLimits) -> None:
        self._reader = reader
        self._disk = disk
        self._info = info
        self._limits = limits
        self._busy = threading.Lock()

    @property
    def info(self) -> VolumeInfo:
        return self._info

    @property
    def reader_pid(self) -> int:
        """The child's process id (for measuring and for fault tests)."""
        return self._reader.process.pid

    async def inventory(self) -> Listing:
        return await asyncio.to_thread(self._inventory)

    def _inventory(self) -> Listing:
        if not self._busy.acquire(blocking=False):
            raise VolumeError("busy", "the volume is being read")
        try:
            deadline = time.monotonic() + self._limits.list_seconds
            self._reader.ask({"op": "list"})
            files: list[FileEntry] = []
            gone: list[DeletedEntry] = []
            while (message := self._reader.hear(deadline)).get("kind") in ("files", "deleted"):
                files.extend(self._entries(message) if message["kind"] == "files" else ())
                gone.extend(self._deleted(message) if message["kind"] == "deleted" else ())
                if max(len(files), len(gone)) > self._limits.entries:
                    raise self._reader.end(VolumeError("crashed", "the reader talks nonsense"))
            deleted, problems, unowned = message.get("deleted"), message.get("problems"), message.get("unowned")
            if (
                message.get("kind") != "listed"
                or type(deleted) is not int
                or not isinstance(problems, list)
                or not (unowned is None or type(unowned) is int)
            ):
                raise self._reader.end(VolumeError("crashed", "the reader talks nonsense"))
            said = tuple(str(problem) for problem in problems)
            return Listing(tuple(files), deleted, said, tuple(gone), unowned)
        except VolumeError as error:
            if error.code != "busy":
                self._reader.end(error)  # a listing cut off half way leaves the talk out of step
            raise
        finally:
            self._busy.release()

    def _entries(self, message: Message) -> list[FileEntry]:
        local = self._info.kind in LOCAL_TIME
        entries = []
        try:
            for raw, size, seconds, address in cast(list[tuple[str, int, int, int]], message["files"]):
                path = bytes.fromhex(raw)
                entries.append(
                    FileEntry(path, safe_path(path), int(size), time_text(int(seconds), local), int(address))
                )
        except (KeyError, ValueError, TypeError) as error:
            raise VolumeError("crashed", "the reader talks nonsense") from error
        return entries

    def _deleted(self, message: Message) -> list[DeletedEntry]:
        local = self._info.kind in LOCAL_TIME
        entries = []
        try:
            for raw, size, seconds in cast(list[tuple[str, int | None, int]], message["entries"]):
                path = bytes.fromhex(raw)
                known = None if size is None else int(size)
                entries.append(DeletedEntry(path, safe_path(path), known, time_text(int(seconds), local)))
        except (KeyError, ValueError, TypeError) as error:
            raise VolumeError("crashed", "the reader talks nonsense") from error
        return entries

    async def open_clip(self, entry: FileEntry) -> PipeStream | ExtentStream:
        return await asyncio.to_thread(self._open_clip, entry)

    def _open_clip(self, entry: FileEntry) -> PipeStream | ExtentStream:
        if not self._busy.acquire(blocking=False):
            raise VolumeError("busy", "another clip of this volume is being read")
        try:
            extents = self._ask_place(entry)
            if extents is None:
                return self._piped(entry)
            disk, stall = self._disk.copy(), self._limits.stall_seconds
            return ExtentStream(self._reader, disk, extents, entry, stall, self._busy.release)
        except BaseException:
            self._busy.release()
            raise

    def _ask_place(self, entry: FileEntry) -> list[tuple[int, int]] | None:
        self._reader.ask({"op": "place", "address": entry.address, "size": entry.size})
        message = self._reader.hear(time.monotonic() + self._limits.stall_seconds)
        try:
            if message.get("kind") != "placed":
                raise VolumeError("crashed", "the reader talks nonsense")
            return read_extents(message.get("extents"), entry.size, self._disk.size)
        except VolumeError as error:
            raise self._reader.end(error) from error

    def _piped(self, entry: FileEntry) -> PipeStream:
        reading, writing = os.pipe2(os.O_CLOEXEC)
        try:
            with contextlib.suppress(OSError):  # smaller where the system does not allow it
                fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            self._reader.ask({"op": "read", "address": entry.address, "size": entry.size}, writing)
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return PipeStream(self._reader, reading, entry, self._limits.stall_seconds, self._busy)

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._reader.end()
        self._disk.close()


class PipeStream:
    """See `recorders.ClipStream`. For one thread."""

    def __init__(self, reader: Reader, pipe: int, entry: FileEntry, stall: float, busy: threading.Lock) -> None:
        self._reader = reader
        self._pipe = pipe
        self._entry = entry
        self._stall = stall
        self._busy = busy
        self._ready = select.poll()
        self._ready.register(pipe, select.POLLIN)
        self._ended = False
        self.bytes_read = 0

    def readinto(self, buffer: memoryview | bytearray, /) -> int:
        if self._ended:
            return 0
        view, filled = memoryview(buffer), 0
        while filled < len(view):
            if not self._ready.poll(self._stall * 1000):
                self._ended = True
                raise self._reader.end(VolumeError("timeout", f"no byte for {self._stall:g} s at {self.bytes_read}"))
            count = os.readv(self._pipe, [view[filled:]])
            if count == 0:
                self._check_end()
                break
            filled += count
            self.bytes_read += count
            if self.bytes_read > self._entry.size:
                self._ended = True
                raise self._reader.end(self._differs())
        return filled

    def _check_end(self) -> None:
        self._ended = True
        message = self._reader.hear(time.monotonic() + self._stall)  # raises what the reader has to say
        if message.get("kind") != "read" or self.bytes_read != self._entry.size:
            raise self._reader.end(self._differs())

    def _differs(self) -> VolumeError:
        return VolumeError("size-differs", f"the entry says {self._entry.size} bytes, {self.bytes_read} were read")

    def close(self) -> None:
        """Also before the end: the reader stops and is ready for the next clip."""
        if self._pipe < 0:
            return
        os.close(self._pipe)
        self._pipe = -1
        try:
            if not self._ended:
                self._ended = True
                with contextlib.suppress(VolumeError):
                    self._reader.hear(time.monotonic() + self._stall)
        finally:
            self._busy.release()


def time_text(seconds: int, local: bool) -> str | None:
    """`seconds` since 1970 as text: without a zone if the file system keeps local time, else with "Z"; None if unset."""
    if seconds <= 0 or seconds >= 253_402_300_800:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + ("" if local else "Z")


def _info(facts: Message) -> VolumeInfo:
    kind, label, volume_id, free = facts["fs"], facts["label"], facts["volume_id"], facts["free_bytes"]
    if kind not in get_args(FileSystem):
        raise VolumeError("crashed", "the reader talks nonsense")
    return VolumeInfo(
        kind=cast(FileSystem, kind),
        label=safe_path(bytes.fromhex(str(label))),
        volume_id=None if volume_id is None else str(volume_id),
        cluster_size=int(str(facts["cluster_size"])),
        total_bytes=int(str(facts["total_bytes"])),
        free_bytes=None if free is None else int(str(free)),
        offset=int(str(facts["offset"])),
    )
