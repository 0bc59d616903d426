"""Documents of a case: every version is kept, under its digest, in the archive's store, and stated in the log. None is ever overwritten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert, select, update

from liuhen_files import durable
from liuhen_protocol.case_events import CaseDocument
from liuhen_protocol.statement import Subject
from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.classes import Stage, kind_of
from liuhen_server.cases.fields import one_line
from liuhen_server.cases.paper_files import MOST_BYTES, media_type_of
from liuhen_server.cases.reading import Document, document_of
from liuhen_server.cases.record import open_for_work, written
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import case_documents, case_stages
from liuhen_server.database import Connection
from liuhen_server.decisions.gates import DECISION_DOCUMENTS, may_file
from liuhen_server.decisions.refused import attempt, demand_none
from liuhen_server.decisions.standing import standing_of
from liuhen_server.store.incoming import Incoming
from liuhen_server.store.interface import Store

__all__ = ["Paper", "Received", "add_document", "find_document", "receive"]


@dataclass(frozen=True, slots=True)
class Received:
    """A file that lies in the store now, read back from the disk, whether or not it becomes a document."""

    name: str
    media_type: str
    size: int
    sha256: str
    store: Store


@dataclass(frozen=True, slots=True)
class Paper:
    """What is said of a file as it becomes a document. `replaces`: the id of the version before. Times as statements write them."""

    stage: Stage
    kind: str
    dated: str
    replaces: int | None = None
    began_time: str | None = None
    ended_time: str | None = None
    place: str = ""


async def receive(store: Store, path: Path, name: str, pieces: AsyncIterator[bytes]) -> Received:
    """Takes a file in, through `path` (in the folder of incoming files). Raises Wrong for what is not taken, of which
    nothing stays; OSError where there is no room.
    """
    name = one_line(name.replace("\\", "/").rpartition("/")[2], "file", 200)
    await asyncio.to_thread(Incoming.create, path)
    incoming = await asyncio.to_thread(Incoming.open_at, path, 0)
    try:
        async for piece in pieces:
            if incoming.written + len(piece) > MOST_BYTES:
                limit = MOST_BYTES >> 20
                raise Wrong(f"文件超过 {limit} MB", f"the file has more than {limit} MB", "file")
            await asyncio.to_thread(_take, incoming, piece)
        digest = await asyncio.to_thread(incoming.finish)
        media_type = await asyncio.to_thread(media_type_of, path, name)
        await asyncio.to_thread(store.keep, incoming, digest.sha256)
    except BaseException:
        with suppress(FileNotFoundError):
            durable.remove(path)
        raise
    finally:
        incoming.close()
    return Received(name, media_type, digest.size, digest.sha256, store)


def _take(incoming: Incoming, piece: bytes) -> None:
    incoming.write(piece)
    incoming.hash_arrived(piece)


async def add_document(acts: Acts, person: Actor, case_id: int, received: Received, paper: Paper) -> Document:
    """Raises Wrong: the class's stage has no such document, the case never came to that stage, the version it replaces is not
    the newest any more (somebody replaced it meanwhile); NotDecided (which is stated: decision.refused): it says a decision that was
    not made; NoSuchCase.
    """
    place = one_line(paper.place, "place", 120, empty=True)
    if paper.began_time is not None and paper.ended_time is not None and paper.ended_time < paper.began_time:
        raise Wrong("结束时间早于开始时间", "it ends before it begins", "ended")
    async with attempt(acts, person) as act:
        case = await open_for_work(act.conn, case_id)
        kind_of(case.rules, paper.stage, paper.kind)
        await _check_reached(act.conn, case_id, paper.stage)
        if paper.kind in DECISION_DOCUMENTS:
            standing = await standing_of(act.conn, case)
            demand_none(may_file(standing, paper.kind, paper.dated), "document", case.name)
        before = await _to_replace(act.conn, case_id, paper)
        if (
            await asyncio.to_thread(received.store.size, received.sha256) is None
        ):  # the same bytes were disposed of just now
            raise Wrong("文件需要重新上传", "the file must be sent again", "file")
        added = await act.conn.execute(
            insert(case_documents).values(
                case_id=case_id,
                stage=paper.stage,
                kind=paper.kind,
                version=1 if before is None else before.version + 1,
                replaces=paper.replaces,
                current=True,
                name=received.name,
                media_type=received.media_type,
                size=received.size,
                sha256=received.sha256,
                dated=paper.dated,
                began_time=paper.began_time,
                ended_time=paper.ended_time,
                place=place,
                by=act.by,
                added_time=act.time,
                log_index=0,
            )
        )
        assert added.inserted_primary_key is not None
        document_id = int(added.inserted_primary_key[0])
        event = CaseDocument(
            case=case.name,
            stage=paper.stage.value,
            kind=paper.kind,
            version=1 if before is None else before.version + 1,
            replaces=None if before is None else before.sha256,
            by=act.by,
        )
        subject = Subject(f"document-{document_id}", received.sha256)
        about = str(document_id)
        index = await written(act, event, case_id, case.version, "document", paper.stage, about=about, subject=subject)
        own = case_documents.c.id == document_id
        await act.conn.execute(update(case_documents).where(own).values(log_index=index))
        if before is not None:
            older = case_documents.c.id == before.id
            await act.conn.execute(update(case_documents).where(older).values(current=False))
        found = await find_document(act.conn, case_id, document_id)
    assert found is not None
    return found


async def find_document(conn: Connection, case_id: int, document_id: int) -> Document | None:
    if not (0 < case_id < 1 << 63 and 0 < document_id < 1 << 63):
        return None
    query = select(case_documents).where(case_documents.c.id == document_id, case_documents.c.case_id == case_id)
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else document_of(row)


async def _check_reached(conn: Connection, case_id: int, stage: Stage) -> None:
    query = select(case_stages.c.id).where(case_stages.c.case_id == case_id, case_stages.c.stage == stage)
    if (await conn.execute(query.limit(1))).scalar() is None:
        raise Wrong("案件尚未到这个环节", "the case has not come to this stage", "stage")


async def _to_replace(conn: Connection, case_id: int, paper: Paper) -> Document | None:
    if paper.replaces is None:
        return None
    before = await find_document(conn, case_id, paper.replaces)
    if before is None or (before.stage, before.kind) != (paper.stage, paper.kind):
        raise Wrong("要替换的不是这份文书", "what it is to replace is another document", "replaces")
    if not before.current:
        raise Wrong(
            "这份文书刚被他人换了新版本，请重新打开页面后再换",
            "somebody has replaced this document meanwhile; open the page again and replace the newest version",
            "replaces",
        )
    return before
