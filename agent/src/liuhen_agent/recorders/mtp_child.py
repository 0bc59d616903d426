"""The reader of one MTP device: a process of its own (`python -I -m liuhen_agent.recorders.mtp_child PLACE SOCKET_FD MEMORY
ENTRIES DEPTH`), so that a crash, a hang or a memory blow-up of libgphoto2 cannot take the dock down.

The talk is that of `reader_talk`: it serves `list` and `read`. Clips are read in pieces at their offset (PTP GetPartialObject);
where the camera driver cannot do that, whole, straight into the pipe. PLACE is libgphoto2's name of a port: `usb:001,014`,
or `disk:/folder`, which its directory driver shows like a camera.
"""

from __future__ import annotations

import os
import sys
from typing import Any  # gphoto2 has no types

from liuhen_agent.recorders.reader_talk import Line, Obey, limit, serve, talking
from liuhen_agent.recorders.volume_facts import PIECE, Bad

PER_MESSAGE = 200
MAX_PATH = 4096
NOT_SUPPORTED = -6  # GP_ERROR_NOT_SUPPORTED


class Camera:
    """One device, opened. Raises Bad."""

    def __init__(self, place: str, max_entries: int, max_depth: int) -> None:
        import gphoto2  # after the memory limit is set

        self.gp = gphoto2
        self.max_entries, self.max_depth = max_entries, max_depth
        self.known: list[tuple[str, str]] = []  # folder and name by address
        self.camera = gphoto2.Camera()
        try:
            ports = gphoto2.PortInfoList()
            ports.load()
            self.camera.set_port_info(ports[ports.lookup_path(place)])
            if place.startswith("disk:"):
                drivers = gphoto2.CameraAbilitiesList()
                drivers.load()
                self.camera.set_abilities(drivers[drivers.lookup_model("Directory Browse")])
            self.camera.init()
        except gphoto2.GPhoto2Error as error:
            raise Bad("missing", f"the device does not speak MTP: {error}") from error

    def space(self) -> tuple[int, int | None]:
        """Total and free bytes of all its storages; 0 and None where it does not say."""
        try:
            stores = self.camera.get_storageinfo()
        except self.gp.GPhoto2Error:
            return 0, None
        total = sum(int(store.capacitykbytes) for store in stores) * 1024
        free = sum(int(store.freekbytes) for store in stores) * 1024
        return max(total, 0), max(free, 0) if stores else None

    def send_listing(self, line: Line) -> None:
        self.known = []
        files: list[tuple[str, int, int, int]] = []
        problems: list[str] = []
        waiting = [("/", 0)]
        seen = 0
        while waiting:
            folder, depth = waiting.pop()
            for name in self._names(folder, problems, folders=True):
                below = f"{folder.rstrip('/')}/{name}"
                seen += 1
                if depth >= self.max_depth or len(below.encode("utf-8", "replace")) > MAX_PATH:
                    _note(problems, f"too deep: {below[:200]!r}")
                else:
                    waiting.append((below, depth + 1))
            for name in self._names(folder, problems, folders=False):
                seen += 1
                if (found := self._file(folder, name, problems)) is not None:
                    files.append(found)
                if len(files) == PER_MESSAGE:
                    line.say("files", files=files)
                    files = []
            if seen > self.max_entries:
                raise Bad("too-many", f"more than {self.max_entries} entries")
        line.say("files", files=files)
        line.say("listed", problems=problems)

    def _names(self, folder: str, problems: list[str], *, folders: bool) -> list[str]:
        ask = self.camera.folder_list_folders if folders else self.camera.folder_list_files
        try:
            listed = ask(folder)
            return [str(listed.get_name(index)) for index in range(listed.count())]
        except (self.gp.GPhoto2Error, UnicodeError) as error:
            _note(problems, f"folder {folder[:200]!r} cannot be listed: {error}")
            return []

    def _file(self, folder: str, name: str, problems: list[str]) -> tuple[str, int, int, int] | None:
        path = f"{folder.rstrip('/')}/{name}".lstrip("/").encode("utf-8", "surrogateescape")
        try:
            file = self.camera.file_get_info(folder, name).file
        except self.gp.GPhoto2Error as error:
            _note(problems, f"no record for {path[:200]!r}: {error}")
            return None
        self.known.append((folder, name))
        return path.hex(), int(file.size), int(file.mtime), len(self.known) - 1

    def send_bytes(self, address: int, size: int, pipe: int) -> None:
        """Exactly `size` bytes into the pipe. Raises Bad, BrokenPipeError."""
        if not 0 <= address < len(self.known):
            raise Bad("not-a-file", "no such entry")
        folder, name = self.known[address]
        buffer = bytearray(PIECE)
        at = 0
        while at < size:
            piece = memoryview(buffer)[: min(PIECE, size - at)]
            try:
                count = int(self.camera.file_read(folder, name, self.gp.GP_FILE_TYPE_NORMAL, at, piece))
            except self.gp.GPhoto2Error as error:
                if at == 0 and error.code == NOT_SUPPORTED:
                    self._send_whole(folder, name, pipe)
                    return
                raise Bad("read-error", f"byte {at} cannot be read: {error}") from error
            if not 0 < count <= len(piece):
                raise Bad("size-differs", f"the entry says {size} bytes, reading ended at {at}")
            at += count
            rest = piece[:count]
            while rest:
                rest = rest[os.write(pipe, rest) :]

    def _send_whole(self, folder: str, name: str, pipe: int) -> None:
        """The library writes into its own copy of the pipe; the parent counts."""
        try:
            self.camera.file_get(folder, name, self.gp.GP_FILE_TYPE_NORMAL, self.gp.CameraFile(os.dup(pipe)))
        except self.gp.GPhoto2Error as error:
            raise Bad("read-error", str(error)) from error


def _note(problems: list[str], text: str) -> None:
    if len(problems) < 1000:
        problems.append(text[:400])


def _obeying(camera: Camera, line: Line) -> Obey:
    def obey(request: dict[str, Any], pipe: int | None) -> dict[str, Any] | None:
        if request["op"] == "list":
            camera.send_listing(line)
            return None
        assert pipe is not None
        camera.send_bytes(int(request["address"]), int(request["size"]), pipe)
        return {"kind": "read"}

    return obey


def main(arguments: list[str]) -> None:
    place, (sock, memory, entries, depth) = arguments[0], (int(argument) for argument in arguments[1:])
    limit(memory)
    with talking(sock) as line:
        camera = Camera(place, entries, depth)
        total, free = camera.space()
        line.say("info", total_bytes=total, free_bytes=free)
        serve(line, _obeying(camera, line))


if __name__ == "__main__":
    main(sys.argv[1:])
