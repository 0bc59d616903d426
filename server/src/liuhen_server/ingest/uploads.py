"""Uploads from creation to clip.stored: the durable order of steps, and what is done when one of them fails.

    promise in the log → incoming/<id> and its row → bytes, synced, counted in the row, read back → hashes are the
    promised ones → name in the store → clip.stored, the clip's row and the upload's row in one transaction → 204

A process that ends between any two of them loses nothing: bytes that were counted are on the disk, and an upload
whose bytes are all there but which no clip.stored names is finished at the next start (`recover`) or when the dock
asks again with an empty PATCH. Every dock gets a clip.stored of its own for a digest it promised, also where the
bytes were stored already.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar

from aiohttp import StreamReader
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from liuhen_files import durable
from liuhen_protocol.digest import Digest, Digester, is_digest
from liuhen_protocol.errors import Refused
from liuhen_protocol.events import ClipStored
from liuhen_protocol.moment import format_time, parse_time
from liuhen_protocol.statement import Subject
from liuhen_server import log
from liuhen_server.database import Connection, Database
from liuhen_server.database.schema import clips, entries
from liuhen_server.ingest import promises, tus
from liuhen_server.ingest import upload_records as records
from liuhen_server.ingest.problems import is_no_room
from liuhen_server.ingest.promises import KnownClip
from liuhen_server.ingest.receiving import Cut, receive
from liuhen_server.ingest.threads import in_thread
from liuhen_server.ingest.tus import Append, TusProblem, UploadState
from liuhen_server.ingest.upload_limits import RESERVED_FOR, Places, check_room, free_bytes
from liuhen_server.ingest.upload_records import Upload
from liuhen_server.log import signed_state
from liuhen_server.log.archive_chain import ArchiveChain
from liuhen_server.registry import docks
from liuhen_server.store.incoming import Busy, Incoming
from liuhen_server.store.interface import ReadBackFailed, Store

TERM = timedelta(days=7)
"""How long an upload may lie without a byte; each durable step begins it anew."""

KEPT_OPEN = 32
"""Uploads whose hashes stay in memory between two requests (some kilobytes and one file handle each)."""

P = ParamSpec("P")
T = TypeVar("T")

_logger = logging.getLogger("liuhen.uploads")


class Uploads:
    """All uploads of this process. Its answers are tus states; its errors are TusProblem, Refused and OSError."""

    def __init__(
        self,
        database: Database,
        store: Store,
        chain: ArchiveChain,
        incoming: Path,
        threads: Executor,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._store = store
        self._chain = chain
        self._incoming = incoming
        self._threads = threads
        self._now = now
        self._busy: set[str] = set()
        self._places = Places()
        self._open: dict[str, Incoming] = {}

    async def create(self, dock: str, creation: tus.Creation, body: StreamReader | None) -> tuple[str, UploadState]:
        """A new upload of a promised clip, with its first bytes where they came along. Returns its id and state.

        Raises Refused: not-promised, already-stored (ask for the receipt); OSError where the disk has no room for it.
        """
        sha256 = creation.metadata.get("sha256", b"").decode("ascii", "replace")
        if not is_digest(sha256):
            raise TusProblem(400, "malformed", "Upload-Metadata names no sha256 of 64 lower-case hexadecimal digits")
        async with self._database.read() as conn:
            promise = await promises.find(conn, sha256, dock)
            earlier = await records.unfinished_of(conn, dock, sha256)
            promises.check(promise, dock, sha256, creation.length)
            await self._check_room(conn, creation.length, earlier)
        if (body is None or not creation.with_upload) and creation.length > 0:
            return await self._begin(dock, sha256, creation, earlier, None)
        with self._places.taken(dock):  # else nothing is left of it, no room either
            return await self._begin(dock, sha256, creation, earlier, body)

    async def _begin(
        self, dock: str, sha256: str, creation: tus.Creation, earlier: Sequence[Upload], body: StreamReader | None
    ) -> tuple[str, UploadState]:
        """The file and the row of a new upload in place of `earlier` ones, and its first bytes where there is a body."""
        for attempt in earlier:
            await self._end(attempt)
        now = self._now()
        upload = Upload(
            id=secrets.token_urlsafe(18),
            dock=dock,
            sha256=sha256,
            length=creation.length,
            durable=0,
            finished=False,
            created_time=format_time(now),
            expires_time=format_time(now + TERM),
        )
        await self._run(Incoming.create, self._path(upload))
        try:
            async with self._database.write() as conn:
                await log.lock(conn)  # creations of several processes, too, see each other's promises
                await self._check_room(conn, creation.length)
                await records.create(conn, upload)
        except TusProblem:
            await self._run(durable.remove, self._path(upload))
            raise
        if body is not None or creation.length == 0:
            with self._claim(upload.id):
                append = Append(0, creation.body_length, creation.checksum)
                upload = await self._append(upload, append, body)
        return upload.id, state_of(upload)

    async def head(self, dock: str, upload_id: str) -> UploadState | None:
        """What of the upload is durable now."""
        upload = await self._find(dock, upload_id)
        return None if upload is None else state_of(upload)

    async def patch(
        self, dock: str, upload_id: str, read: Callable[[UploadState | None], Append], body: StreamReader
    ) -> UploadState:
        """Append to the upload as `read` (the tus rules) allows. Returns when the bytes are durable, and after the last
        one only when the clip is stored, read back and stated.
        """
        if upload_id in self._busy:
            upload = await self._find(dock, upload_id)
            read(None if upload is None else state_of(upload, busy=True))
            raise tus.busy()
        with self._claim(upload_id):
            upload = await self._find(dock, upload_id)
            append = read(None if upload is None else state_of(upload))
            assert upload is not None  # `read` refuses what is unknown
            if not upload.finished:
                with self._places.taken(dock):
                    upload = await self._append(upload, append, body)
            return state_of(upload)

    async def terminate(self, dock: str, upload_id: str, check: Callable[[UploadState | None], None]) -> None:
        """Drop an unfinished upload."""
        upload = await self._find(dock, upload_id)
        check(None if upload is None else state_of(upload, busy=upload_id in self._busy))
        if upload is not None:
            await self._end(upload)

    async def recover(self) -> None:
        """Finish what a process that ended left complete but unstated. Failures are logged and tried again at the
        next call.
        """
        async with self._database.read() as conn:
            waiting = await records.complete_but_unfinished(conn)
        for upload in waiting:
            if upload.id in self._busy:
                continue
            try:
                async with signed_state.stopping(self._database, self._now):
                    with self._claim(upload.id):
                        await self._append(upload, Append(upload.length, 0, None), None)
                _logger.info("finished upload %s of dock %s left by an earlier run", upload.sha256, upload.dock)
            except (TusProblem, Refused, OSError) as error:
                _logger.error("upload %s of dock %s cannot be finished: %s", upload.sha256, upload.dock, error)

    async def expire(self) -> None:
        """Drop uploads past their term and files without a row."""
        now = self._now()
        async with self._database.read() as conn:
            old = await records.expired(conn, format_time(now))
        for upload in old:
            if upload.id not in self._busy:
                await self._end(upload)
        await self._drop_orphans((now - TERM).timestamp())

    async def close(self) -> None:
        """Let go of every file; what was durable stays so."""
        for upload_id in list(self._open):
            self._let_go(upload_id)

    # -- one upload ------------------------------------------------------------------------------------------------

    async def _append(self, upload: Upload, append: Append, body: StreamReader | None) -> Upload:
        """Receive, and finish when all is there. The upload is claimed."""
        try:
            file = await self._take(upload)
            if file is None:
                return await self._known(upload)
            if body is not None and append.offset < upload.length:
                await receive(
                    file,
                    body,
                    append,
                    upload.length - append.offset,
                    lambda count: self._note_durable(upload, count),
                    self._threads,
                )
            if file.written < upload.length:
                self._keep_open(upload.id, file)
                return await self._known(upload)
            await self._finish(upload, file)
        except Cut as cut:
            self._keep_open(upload.id, self._open[upload.id])
            raise TusProblem(400, "cut", "the body ended early; ask with HEAD where to continue") from cut
        except OSError as error:
            if is_no_room(error) and append.checksum is None:
                await self._save_what_came(upload)
            self._let_go(upload.id)
            raise
        except BaseException:
            self._let_go(upload.id)
            raise
        self._let_go(upload.id)
        return await self._known(upload)

    async def _take(self, upload: Upload) -> Incoming | None:
        """The upload's file, as it was left in memory or opened anew at its durable offset; None when all was in the
        store.
        """
        file = self._open.get(upload.id)
        if file is not None and file.written == upload.durable:
            try:
                file.lock_again()
            except Busy as busy:
                raise tus.busy() from busy
            await self._check_unchanged(upload)
            await self._run(file.cut_to_written)
            return file
        self._let_go(upload.id)
        async with self._database.read() as conn:
            promise = await promises.find(conn, upload.sha256, upload.dock)
        sm3 = promise is not None and promise.sm3 is not None
        try:
            handle = await self._run(Incoming.lock, self._path(upload))
            try:
                await self._check_unchanged(upload)
            except BaseException:
                os.close(handle)
                raise
            file = await self._run(Incoming.take_up, self._path(upload), handle, upload.durable, sm3=sm3)
        except Busy as busy:
            raise tus.busy() from busy
        except FileNotFoundError as gone:
            if upload.durable == upload.length and await self._run(self._store.size, upload.sha256) == upload.length:
                await self._finish_from_store(upload)
                return None
            await self._end(upload, claimed=True)
            raise TusProblem(404, "lost-upload", "the archive lost the bytes of this upload; create it again") from gone
        self._open[upload.id] = file
        return file

    async def _check_unchanged(self, upload: Upload) -> None:
        """With the file locked: another process may have gone on with the upload, or ended it, since its row was read.
        Nothing that it made durable is cut.
        """
        now = await self._known(upload)
        if (now.durable, now.finished) != (upload.durable, upload.finished):
            raise tus.busy()

    async def _save_what_came(self, upload: Upload) -> None:
        """The disk is full: what was written so far is the true beginning of the clip, so the dock need not send it
        again.
        """
        file = self._open.get(upload.id)
        if file is not None and file.written > upload.durable:
            with suppress(OSError, SQLAlchemyError):  # the full disk may refuse this too: then the old count stands
                await self._note_durable(upload, await self._run(file.sync))

    async def _note_durable(self, upload: Upload, count: int) -> None:
        async with self._database.write() as conn:
            await self._check_dock(conn, upload.dock)
            await records.note_durable(conn, upload.id, count, format_time(self._now() + TERM))

    async def _finish(self, upload: Upload, file: Incoming) -> None:
        """All bytes are durable: check them against the promise, store them, state it."""
        async with self._database.read() as conn:
            promise = await promises.find(conn, upload.sha256, upload.dock)
        promises.check(promise, upload.dock, upload.sha256, upload.length)
        assert promise is not None
        found = await self._run(file.finish)
        if not promises.fulfils(promise, found):
            wrong_disk = (
                found.chunk_root == promise.chunk_root and await self._run(file.chunk_root_on_disk) != found.chunk_root
            )
            await self._end(upload, claimed=True)
            if wrong_disk:
                _logger.critical("read-back failed: %s of dock %s; check the disk", upload.sha256, upload.dock)
                raise ReadBackFailed(f"{upload.sha256}: the archive's disk gave back other bytes; send the clip again")
            _logger.error("dock %s sent bytes that are not the promised clip %s", upload.dock, upload.sha256)
            raise TusProblem(
                460, "not-what-was-promised", f"the bytes are not the clip {upload.sha256} that this dock promised"
            )
        kept = await self._run(self._store.keep, file, upload.sha256)
        await self._run(self._store.keep_leaves, upload.sha256, file.leaves)
        await self._state_stored(upload, promise, kept.key)

    async def _finish_from_store(self, upload: Upload) -> None:
        """The process ended after the bytes got their name and before clip.stored: read them back from the store."""
        async with self._database.read() as conn:
            promise = await promises.find(conn, upload.sha256, upload.dock)
        if promise is None:
            raise TusProblem(409, "not-promised", "the promise of this clip is gone")
        seen = await self._run(self._store.check, upload.sha256)
        found = await self._run(self._digest_in_store, upload.sha256, promise.sm3 is not None)
        if seen.why is not None or not promises.fulfils(promise, found):
            raise ReadBackFailed(f"{upload.sha256}: the store's copy is damaged; run liuhen-server scrub")
        await self._state_stored(upload, promise, self._store.key_of(upload.sha256))

    async def _state_stored(self, upload: Upload, promise: KnownClip, key: str) -> None:
        """clip.stored, the clip's row and the upload's row: all or nothing, and once per dock and digest."""
        async with self._database.write() as conn:
            await log.lock(conn)
            await self._check_dock(conn, upload.dock)
            if await records.find(conn, upload.id) is None:  # ended meanwhile: maybe since its bytes were others
                raise TusProblem(404, "unknown-upload", "the upload is gone; create it again")
            current = await promises.find(conn, upload.sha256, upload.dock)
            if current is None or promises.replaced(promise, current):
                raise TusProblem(
                    409, "promise-changed", "the dock promised this clip anew meanwhile; send an empty PATCH"
                )
            if current.stored_index is None:
                leaf = (
                    await conn.execute(select(entries.c.leaf_hash).where(entries.c.log_index == current.promised_index))
                ).scalar_one()
                event = ClipStored(
                    kind=current.kind,
                    original=current.original,
                    size=current.size,
                    chunk_root=current.chunk_root,
                    dock=upload.dock,
                    promised_index=current.promised_index,
                    promised_leaf=bytes(leaf).hex(),
                    store=self._store.name,
                    read_back=format_time(self._now()),
                )
                stated = await self._chain.append(conn, event, Subject(current.name, current.sha256, current.sm3))
                await conn.execute(
                    update(clips)
                    .where(clips.c.sha256 == upload.sha256, clips.c.dock == upload.dock)
                    .values(stored_index=stated.index, store_key=key)
                )
            await records.note_finished(conn, upload.id)

    async def _end(self, upload: Upload, *, claimed: bool = False) -> None:
        """Forget an upload: first the row, then the bytes, so that no row ever speaks of bytes that are gone."""
        if not claimed:
            with self._claim(upload.id):  # nobody begins to write what is being closed
                await self._end(upload, claimed=True)
            return
        async with self._database.write() as conn:
            await records.forget(conn, upload.id)
        self._let_go(upload.id)
        await self._run(durable.remove, self._path(upload))

    # -- small parts -----------------------------------------------------------------------------------------------

    async def _find(self, dock: str, upload_id: str) -> Upload | None:
        async with self._database.read() as conn:
            upload = await records.find(conn, upload_id)
        return upload if upload is not None and upload.dock == dock else None

    async def _known(self, upload: Upload) -> Upload:
        found = await self._find(upload.dock, upload.id)
        if found is None:
            raise TusProblem(404, "unknown-upload", "the upload is gone; create it again")
        return found

    async def _check_dock(self, conn: Connection, dock: str) -> None:
        known = await docks.find(conn, dock)
        if known is None or known.state != docks.ENROLLED:
            raise Refused("revoked", f"dock {dock} was revoked")

    @contextmanager
    def _claim(self, upload_id: str) -> Iterator[None]:
        if upload_id in self._busy:
            raise tus.busy()
        self._busy.add(upload_id)
        try:
            yield
        finally:
            self._busy.discard(upload_id)

    def _keep_open(self, upload_id: str, file: Incoming) -> None:
        file.unlock()
        self._open.pop(upload_id, None)
        self._open[upload_id] = file  # the newest stands last
        idle = [known for known in self._open if known not in self._busy]
        for oldest in idle[: max(0, len(self._open) - KEPT_OPEN)]:
            self._let_go(oldest)

    def _let_go(self, upload_id: str) -> None:
        file = self._open.pop(upload_id, None)
        if file is not None:
            file.close()

    def _path(self, upload: Upload) -> Path:
        return self._incoming / upload.id

    async def _check_room(self, conn: Connection, length: int, instead_of: Sequence[Upload] = ()) -> None:
        free = await self._run(free_bytes, self._incoming)
        expiry = format_time(self._now() + TERM - RESERVED_FOR)
        check_room(free, await records.still_to_come(conn, expiry, [each.id for each in instead_of]), length)

    def _digest_in_store(self, sha256: str, sm3: bool) -> Digest:
        digester = Digester(sm3=sm3)
        for piece in self._store.read(sha256):
            digester.update(piece)
        return digester.finish()

    async def _drop_orphans(self, before: float) -> None:
        async with self._database.read() as conn:
            known = await records.ids(conn)

        def drop() -> None:
            for path in self._incoming.iterdir():
                if path.name not in known and path.stat().st_mtime < before:
                    durable.remove(path)

        await self._run(drop)

    async def _run(self, step: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        return await in_thread(self._threads, step, *arguments, **named)


def state_of(upload: Upload, *, busy: bool = False) -> UploadState:
    """The upload as the tus rules see it."""
    return UploadState(upload.length, upload.durable, parse_time(upload.expires_time), upload.finished, busy)
