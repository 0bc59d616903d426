"""The reader of one volume: a process of its own (`python -I -m liuhen_agent.recorders.volume_child DISK_FD SOCKET_FD
MEMORY ENTRIES DEPTH`), so that a crash, a hang or a memory blow-up of the C parser cannot take the dock down.

It imports next to nothing of the dock (memory) and holds the disk read-only. The talk is that of `reader_talk`: it serves `list` (any
number of `files` and `deleted`, then `listed`), `place` (`placed`: where a clip's bytes lie, or null where only the parser can put them
together) and `read`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any  # pytsk3 and JSON have no types

from liuhen_agent.recorders.directory_bytes import (
    cut_off_in_exfat,
    cut_off_in_fat,
    names_in_exfat,
    names_in_ext,
    names_in_fat,
)
from liuhen_agent.recorders.reader_talk import Line, Obey, limit, serve, talking
from liuhen_agent.recorders.volume_allocation import Allocation
from liuhen_agent.recorders.volume_entries import AT_ONCE, MAX_PATH, REGULAR, Deleted, Names
from liuhen_agent.recorders.volume_facts import FAT_LABEL, PIECE, UNALLOCATED, Bad, VolumeFacts
from liuhen_agent.recorders.volume_places import Places

NAMES_IN = {"fat": names_in_fat, "exfat": names_in_exfat, "ext": names_in_ext}
CUT_OFF_IN = {"fat": cut_off_in_fat, "exfat": cut_off_in_exfat}
DIRECTORY = 2  # TSK_FS_META_TYPE_*
VIRTUAL_NAMES = (10, 11)  # TSK_FS_NAME_TYPE_*
MAX_DIRECTORY = 64 * PIECE
NTFS_RESERVED_RECORDS = 24
ORDINARY_ROOT_NAMES = (b"$ALLOC_BITMAP", b"$UPCASE_TABLE", b"$VOLUME_GUID", b"$TEX_FAT")


class Reader:
    def __init__(self, disk: int, line: Line, max_entries: int, max_depth: int) -> None:
        import pytsk3  # after the memory limit is set

        self.tsk = pytsk3
        self.disk = disk
        self.line = line
        self.max_entries = max_entries
        self.max_depth = max_depth
        self.other_partitions: list[str] = []
        self.disk_size = os.lseek(disk, 0, os.SEEK_END)
        if self.disk_size < 4096:
            raise Bad("no-file-system", f"the disk has only {self.disk_size} bytes")
        self.image = pytsk3.Img_Info(f"/proc/self/fd/{disk}", pytsk3.TSK_IMG_TYPE_RAW)
        self.offset, self.family, self.fs = self._find()
        self.info = VolumeFacts(self.disk, self.offset, self.family, self.fs).describe()
        self.places = Places(self.disk, self.disk_size, self.offset, self.family, self.fs)

    # -- finding the file system

    def _find(self) -> tuple[int, str, Any]:
        family = self._family_at(0)
        if family:
            return 0, family, self._open(0, family)
        found: list[tuple[int, int, str]] = []
        try:
            table = self.tsk.Volume_Info(self.image)
            sector = table.info.block_size
            for number, part in enumerate(table):
                if number >= 64:
                    break
                start, length = part.start * sector, part.len * sector
                kind = self._family_at(start) if int(part.flags) & 1 else None  # TSK_VS_PART_FLAG_ALLOC
                if kind:
                    found.append((length, start, kind))
        except OSError as error:
            raise Bad("no-file-system", "neither FAT, exFAT, ext, NTFS nor a partition table was found") from error
        if not found:
            raise Bad("no-file-system", "no partition with FAT, exFAT, ext or NTFS")
        found.sort(key=lambda item: (-item[0], item[1]))
        _, offset, family = found[0]
        self.other_partitions = [f"partition at byte {start} ({kind}) is not read" for _, start, kind in found[1:]]
        return offset, family, self._open(offset, family)

    def _family_at(self, offset: int) -> str | None:
        head = os.pread(self.disk, 2048, offset)
        if len(head) < 2048:
            return None
        if head[3:11] == b"EXFAT   ":
            return "exfat"
        if head[3:11] == b"NTFS    ":
            return "ntfs"
        if head[1080:1082] == b"\x53\xef":
            return "ext"
        sector, per_cluster, tables = int.from_bytes(head[11:13], "little"), head[13], head[16]
        if head[510:512] == b"\x55\xaa" and sector in (512, 1024, 2048, 4096) and per_cluster and tables in (1, 2):
            return "fat"
        return None

    def _open(self, offset: int, family: str) -> Any:
        kinds = {
            "exfat": self.tsk.TSK_FS_TYPE_EXFAT,
            "ntfs": self.tsk.TSK_FS_TYPE_NTFS,
            "ext": self.tsk.TSK_FS_TYPE_EXT_DETECT,
            "fat": self.tsk.TSK_FS_TYPE_FAT_DETECT,
        }
        try:
            return self.tsk.FS_Info(self.image, offset, kinds[family])
        except OSError as error:
            raise Bad("damaged", f"the {family} file system cannot be opened: {error}") from error

    # -- listing

    def send_listing(self) -> None:
        files: list[tuple[str, int, int, int]] = []
        seen = {int(self.fs.info.root_inum)}
        waiting: list[tuple[int, bytes, int]] = [(int(self.fs.info.root_inum), b"", 0)]
        deleted, gone, entries = 0, Deleted(self.line.say), 0
        allocation = Allocation(self.disk, self.offset, self.family)
        problems = list(self.other_partitions)

        def problem(text: str) -> None:
            if len(problems) < 1000:
                problems.append(text[:400])

        while waiting:
            address, parent, depth = waiting.pop()
            data = self._directory_bytes(address, parent, problem)
            allocation.note(data or b"")
            own_names = Names(data if self.family == "fat" else None)
            # ext: in the slack of an index block TSK sees entries without a type that no other reader sees
            in_use = set(names_in_ext(data, self._block())) if self.family == "ext" and data is not None else None
            listed: list[Any] = []
            for entry in self._entries(address, parent, problem):
                entries += 1
                if int(entry.info.name.flags) != UNALLOCATED:
                    listed.append(entry.info.name)
                if entries > self.max_entries:
                    raise Bad("too-many", f"more than {self.max_entries} entries")
                name, kind, flags = entry.info.name.name, int(entry.info.name.type), int(entry.info.name.flags)
                if name in (b".", b"..") or kind in VIRTUAL_NAMES or self._of_the_file_system(entry, parent):
                    continue
                if flags == UNALLOCATED or (in_use is not None and kind == 0 and name not in in_use):
                    deleted += 1
                    gone.note(entry, parent)
                    if flags != UNALLOCATED:
                        listed.pop()  # it must not make up for one that is missing
                    continue
                name = own_names.name_of(entry)
                path = parent + b"/" + name if parent else name
                meta = entry.info.meta
                if meta is None:
                    problem(f"no record for {path!r}")
                elif len(path) > MAX_PATH:
                    problem(f"path too long: {path[:80]!r}…")
                elif int(meta.type) == DIRECTORY:
                    if int(meta.addr) in seen:
                        problem(f"a directory that leads back into itself or to another: {path!r}")
                    elif depth >= self.max_depth:
                        problem(f"too deep: {path!r}")
                    else:
                        seen.add(int(meta.addr))
                        waiting.append((int(meta.addr), path, depth + 1))
                elif int(meta.type) == REGULAR:
                    files.append((path.hex(), int(meta.size), int(meta.mtime), int(meta.addr)))
                    if len(files) == AT_ONCE:
                        self.line.say("files", files=files)
                        files = []
                else:
                    problem(f"neither file nor directory: {path!r}")
            if data is not None:
                self._check_complete(data, parent, listed, problem)
                if self.family in CUT_OFF_IN:
                    for name in CUT_OFF_IN[self.family](data):
                        problem(
                            f"a recording that was cut off, with space on the card and no size: {name!r} in {parent!r}"
                        )
        self.line.say("files", files=files)
        gone.say()
        self.line.say("listed", deleted=deleted, problems=problems, unowned=allocation.unowned_bytes())

    def _directory_bytes(self, address: int, path: bytes, problem: Callable[[str], None]) -> bytes | None:
        if self.family == "ntfs":
            return None
        try:
            file = self.fs.open_meta(address)
            size = min(int(file.info.meta.size), MAX_DIRECTORY)
            return b"".join(file.read_random(at, min(PIECE, size - at)) for at in range(0, size, PIECE))
        except OSError as error:
            problem(f"directory {path!r} cannot be read: {error}")
            return None

    def _block(self) -> int:
        return min(max(int(self.fs.info.block_size), 512), 65536)

    def _check_complete(self, data: bytes, path: bytes, listed: list[Any], problem: Callable[[str], None]) -> None:
        """TSK leaves out, without a word, entries that make no sense to it (a clip said to be larger than the card):
        an entry that is in the directory's bytes and was not listed is a problem."""
        there = NAMES_IN[self.family](data, self._block())
        known = [name for name in listed if name.name not in (b".", b"..") and int(name.type) not in VIRTUAL_NAMES]
        known = [name for name in known if not name.name.endswith(FAT_LABEL) and name.name not in ORDINARY_ROOT_NAMES]
        if len(there) > len(known):
            names = {bytes(text).upper() for name in known for text in (name.name, name.shrt_name) if text}
            missing = [name for name in there if name.upper() not in names][:5]
            problem(
                f"{len(there) - len(known)} entries of directory {path!r} make no sense and are not listed: {missing}"
            )

    def _entries(self, address: int, path: bytes, problem: Callable[[str], None]) -> Iterator[Any]:
        try:
            entries = iter(self.fs.open_dir(inode=address))
        except OSError as error:
            problem(f"directory {path!r} cannot be read: {error}")
            return
        failures = 0
        while failures < 16:
            try:
                yield next(entries)
            except StopIteration:
                return
            except (OSError, RuntimeError) as error:
                failures += 1
                problem(f"an entry of {path!r} cannot be read: {error}")

    def _of_the_file_system(self, entry: Any, parent: bytes) -> bool:
        """The file system's own entries that TSK lists like files. A recorder's file of such a name is still listed."""
        name, meta = entry.info.name.name, entry.info.meta
        if parent:
            return False
        if self.family == "ntfs":
            return int(entry.info.name.meta_addr) < NTFS_RESERVED_RECORDS
        if self.family == "ext":
            return (
                name == b"lost+found" and int(entry.info.name.meta_addr) == 11 and meta is not None and self._empty(11)
            )
        nothing = meta is None or meta.size == 0
        if name.endswith(FAT_LABEL):
            return nothing
        own = self.family == "exfat" and name in ORDINARY_ROOT_NAMES
        return own and meta is not None and meta.mtime == 0 and meta.crtime == 0

    def _empty(self, address: int) -> bool:
        try:
            return all(entry.info.name.name in (b".", b"..") for entry in self.fs.open_dir(inode=address))
        except OSError:
            return False

    # -- reading

    def place(self, address: int, size: int) -> list[tuple[int, int]] | None:
        """Where the bytes of a file lie on the disk; None when only the parser can put them together."""
        return self.places.of(self._file(address, size), address, size)

    def send_bytes(self, address: int, size: int, pipe: int) -> None:
        file = self._file(address, size)
        written = self.places.written_bytes(address, size)
        self._copy_parsed(file, written, pipe)
        _send_zeros(size - written, pipe)

    def _file(self, address: int, size: int) -> Any:
        try:
            file = self.fs.open_meta(address)
        except OSError as error:
            raise Bad("damaged", f"the file's record cannot be read: {error}") from error
        meta = file.info.meta
        if meta is None or int(meta.type) != REGULAR:
            raise Bad("not-a-file", "the record is no longer a regular file")
        if int(meta.size) != size:
            raise Bad("size-differs", f"the entry said {size} bytes, the record says {int(meta.size)}")
        return file

    def _copy_parsed(self, file: Any, size: int, pipe: int) -> None:
        at = 0
        while at < size:
            try:
                piece = memoryview(file.read_random(at, min(PIECE, size - at)))
            except OSError as error:
                raise Bad("damaged", f"byte {at} cannot be read: {error}") from error
            if not piece:
                raise Bad("size-differs", f"the entry says {size} bytes, reading ended at {at}")
            at += len(piece)
            while piece:
                piece = piece[os.write(pipe, piece) :]


def _send_zeros(count: int, pipe: int) -> None:
    zeros = bytes(min(count, PIECE))
    while count:
        count -= os.write(pipe, zeros[: min(count, PIECE)])


def _obeying(reader: Reader) -> Obey:
    def obey(request: dict[str, Any], pipe: int | None) -> dict[str, Any] | None:
        if request["op"] == "list":
            reader.send_listing()
            return None
        if request["op"] == "place":
            return {"kind": "placed", "extents": reader.place(request["address"], request["size"])}
        assert pipe is not None
        reader.send_bytes(request["address"], request["size"], pipe)
        return {"kind": "read"}

    return obey


def main(arguments: list[str]) -> None:
    disk, sock, memory, entries, depth = (int(argument) for argument in arguments)
    limit(memory)
    with talking(sock) as line:
        reader = Reader(disk, line, entries, depth)
        line.say("info", **reader.info)
        serve(line, _obeying(reader))


if __name__ == "__main__":
    main(sys.argv[1:])
