"""Clips are linked by people only, stay within their agency, and leave with a reason that stays; documents are never overwritten."""

from __future__ import annotations

import asyncio
import hashlib
import io
import struct
import zipfile
from pathlib import Path

import pytest

from liuhen_protocol.case_events import CaseDocument, ClipLinked, ClipUnlinked, ListApproved
from liuhen_protocol.statement import Subject
from liuhen_server.cases import documents
from liuhen_server.cases.approval import digest_of
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.coverage import ListRow, Method, NeedState
from liuhen_server.cases.documents import Paper, add_document, find_document
from liuhen_server.cases.linking import (
    Goal,
    history_of_clip,
    link_clips,
    links_of_clips,
    method_of,
    unlink_clip,
    unlinked,
)
from liuhen_server.cases.lists import approve_list, draft_list, lists_of, save_rows
from liuhen_server.cases.reading import list_rows
from liuhen_server.cases.said import Wrong
from support.case_office import COLLEAGUE, HANDLER, HEAD, PDF, TODAY, Office

SCENE = ListRow("1", "penalty", "立案现场", Stage.INITIATION, Method.VIDEO, True)
HERE = Stage.INITIATION


async def test_a_linked_clip_covers_its_row_and_is_stated(office: Office) -> None:
    await office.approved(SCENE)
    case, clip = await office.open(), await office.clip("a")
    assert await link_clips(office.acts, HANDLER, Goal(case.id, HERE, "1"), [clip], "hand") == (1, 0)
    (need,) = [need for need in (await office.whole(case)).needs() if need.item == "1"]
    assert (need.state, need.count) == (NeedState.PRESENT, 1)
    (stated,) = await office.stated("clip.linked")
    assert stated.event == ClipLinked("case-1", "initiation", "1", "person-7", "hand", None)
    assert stated.subject == Subject("0000127_210327_20261120140000_0001.MP4", "a" * 64)
    async with office.archive.database.read() as conn:
        found = await links_of_clips(conn, [clip])
    assert [each.id for each in found[clip]] == [case.id]


async def test_linking_twice_is_linking_once(office: Office) -> None:
    case, clip = await office.open(), await office.clip("a")
    goal = Goal(case.id, HERE)
    assert await link_clips(office.acts, HANDLER, goal, [clip, clip], "bulk") == (1, 0)
    assert await link_clips(office.acts, HANDLER, goal, [clip], "hand") == (0, 1)
    other = await office.clip("b")
    done = await asyncio.gather(*(link_clips(office.acts, who, goal, [other], "hand") for who in (HANDLER, COLLEAGUE)))
    assert sorted(done) == [(0, 1), (1, 0)]
    assert len(await office.stated("clip.linked")) == 2


async def test_bulk_is_all_or_nothing(office: Office) -> None:
    case, mine = await office.open(), await office.clip("a")
    theirs = await office.clip("b", office.other_dock)
    derivative = await office.clip("c", kind="derivative", original="a" * 64)
    for wrong in (theirs, derivative, ("dock-03", "f" * 64), ("nowhere", "a" * 64)):
        with pytest.raises(Wrong, match="not of this case's agency"):
            await link_clips(office.acts, HANDLER, Goal(case.id, HERE), [mine, wrong], "bulk")
    assert await office.stated("clip.linked") == []
    with pytest.raises(Wrong, match="choose clips"):
        await link_clips(office.acts, HANDLER, Goal(case.id, HERE), [], "bulk")
    with pytest.raises(Wrong, match="at most 200"):
        await link_clips(
            office.acts, HANDLER, Goal(case.id, HERE), [("dock-03", f"{n:064x}") for n in range(201)], "bulk"
        )
    with pytest.raises(Wrong, match="no such row"):
        await link_clips(office.acts, HANDLER, Goal(case.id, HERE, "1' OR 1=1 --"), [mine], "hand")
    with pytest.raises(Wrong, match="no such stage"):
        await link_clips(office.acts, HANDLER, Goal(case.id, Stage.ARCHIVED), [mine], "hand")


async def test_unlinking_needs_a_reason_and_keeps_the_history(office: Office) -> None:
    case, clip = await office.open(), await office.clip("a")
    await link_clips(office.acts, HANDLER, Goal(case.id, HERE), [clip], "suggestion")
    (link,) = (await office.whole(case)).links
    with pytest.raises(Wrong, match="say why"):
        await unlink_clip(office.acts, HANDLER, case.id, link.id, " ")
    ended = await unlink_clip(office.acts, COLLEAGUE, case.id, link.id, "是另一起案件的现场")
    assert (ended.unlinked_by, ended.how, ended.linked_by) == ("person-8", "suggestion", "person-7")
    for again in (link.id, 0, 999, 1 << 70):
        with pytest.raises(Wrong, match="not in this case"):
            await unlink_clip(office.acts, HANDLER, case.id, again, "再来")
    (stated,) = await office.stated("clip.unlinked")
    assert isinstance(stated.event, ClipUnlinked) and stated.event.said is not None
    assert await link_clips(office.acts, HANDLER, Goal(case.id, HERE), [clip], "hand") == (1, 0)
    async with office.archive.database.read() as conn:
        history = await history_of_clip(conn, *clip)
    assert [each.unlinked_time is None for each, _ in history] == [True, False]


async def test_old_clips_of_no_case_are_found(office: Office) -> None:
    case = await office.open()
    linked = await office.clip("a", collected_time="2026-10-01T00:00:00.000Z")
    left = await office.clip("b", collected_time="2026-10-02T00:00:00.000Z")
    await office.clip("c", collected_time="2026-11-19T00:00:00.000Z")
    await link_clips(office.acts, HANDLER, Goal(case.id, HERE), [linked], "hand")
    async with office.archive.database.read() as conn:
        rows = (await conn.execute(unlinked("2026-11-01T00:00:00.000Z"))).mappings().all()
    assert [(row["dock"], row["sha256"]) for row in rows] == [left]


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("a/B.MP4", Method.VIDEO),
        ("x.WAV", Method.AUDIO),
        ("x.jpg", Method.PHOTO),
        ("noending", None),
        ("LOG_1.txt", None),
    ],
)
def test_what_a_clip_is(name: str, method: Method | None) -> None:
    assert method_of(name) is method


# --- lists


async def test_a_list_is_approved_by_another_and_never_changed_after(office: Office) -> None:
    draft = await draft_list(office.acts, HANDLER, office.agency)
    assert await draft_list(office.acts, HEAD, office.agency) == draft
    saved = await save_rows(office.acts, HANDLER, draft.id, 1, [SCENE])
    with pytest.raises(Wrong, match="person-7 has saved"):
        await save_rows(office.acts, COLLEAGUE, draft.id, 1, [SCENE])
    with pytest.raises(Wrong, match="another person"):
        await approve_list(office.acts, HANDLER, draft.id, saved.edit, TODAY, TODAY)
    with pytest.raises(Wrong, match="look at it again"):
        await approve_list(office.acts, HEAD, draft.id, 1, TODAY, TODAY)
    with pytest.raises(Wrong, match="today or later"):
        await approve_list(office.acts, HEAD, draft.id, saved.edit, TODAY.replace(day=1), TODAY)
    approved = await approve_list(office.acts, HEAD, draft.id, saved.edit, TODAY, TODAY)
    (stated,) = await office.stated("list.approved")
    assert stated.event == ListApproved("list-1", "scjg", 1, digest_of([SCENE]), "person-4", "2026-11-20")
    for change in (
        save_rows(office.acts, HANDLER, draft.id, saved.edit, [SCENE]),
        approve_list(office.acts, HEAD, draft.id, saved.edit, TODAY, TODAY),
    ):
        with pytest.raises(Wrong, match="never changed"):
            await change
    again = await draft_list(office.acts, HANDLER, office.agency)
    assert (again.version, approved.version) == (2, 1)
    async with office.archive.database.read() as conn:
        assert await list_rows(conn, again.id) == (SCENE,)
        assert [each.version for each in await lists_of(conn, office.agency)] == [2, 1]


async def test_a_case_keeps_the_list_of_the_day_it_was_opened(office: Office) -> None:
    before = await office.open()
    first = await office.approved(SCENE)
    case = await office.open()
    assert (before.list_id, case.list_id) == (None, first.id)


# --- documents


async def test_every_version_stays(office: Office) -> None:
    case = await office.open()
    one = await add_document(office.acts, HANDLER, case.id, await office.file(), Paper(HERE, "filing", "2026-11-20"))
    newer = await office.file(PDF + b"%%EOF\n", "立案审批表.pdf")
    replacing = Paper(HERE, "filing", "2026-11-20", replaces=one.id)
    two = await add_document(office.acts, COLLEAGUE, case.id, newer, replacing)
    assert (two.version, two.replaces, two.sha256) == (2, one.id, hashlib.sha256(PDF + b"%%EOF\n").hexdigest())
    with pytest.raises(Wrong, match="somebody has replaced"):
        await add_document(office.acts, HANDLER, case.id, await office.file(), replacing)
    assert [(each.version, each.current) for each in (await office.whole(case)).documents] == [(1, False), (2, True)]
    assert b"".join(office.archive.store.read(one.sha256)) == PDF
    stated = await office.stated("case.document")
    assert stated[1].event == CaseDocument("case-1", "initiation", "filing", 2, one.sha256, "person-8")
    assert stated[1].subject == Subject(f"document-{two.id}", two.sha256)
    assert list(office.archive.config.incoming_folder.iterdir()) == []


async def test_a_document_is_found_in_its_own_case_only(office: Office) -> None:
    case, other = await office.open(), await office.open()
    one = await add_document(office.acts, HANDLER, case.id, await office.file(), Paper(HERE, "filing", "2026-11-20"))
    async with office.archive.database.read() as conn:
        assert await find_document(conn, case.id, one.id) == one
        assert await find_document(conn, other.id, one.id) is None
        assert await find_document(conn, case.id, 1 << 70) is None
    with pytest.raises(Wrong, match="another document"):
        await add_document(
            office.acts, HANDLER, other.id, await office.file(), Paper(HERE, "filing", "2026-11-20", replaces=one.id)
        )


async def test_a_document_belongs_where_the_case_has_been(office: Office) -> None:
    case, file = await office.open(), await office.file()
    for stage, kind, says in (
        (Stage.DECISION, "decision", "not come to this stage"),
        (HERE, "decision", "no such document"),
        (Stage.ARCHIVED, "filing", "no such document"),
    ):
        with pytest.raises(Wrong, match=says):
            await add_document(office.acts, HANDLER, case.id, file, Paper(stage, kind, "2026-11-20"))


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", width, height) + b"\x08\x02\x00\x00\x00"


def jpeg(width: int, height: int) -> bytes:
    frame = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + b"\x03" + bytes(9)
    return b"\xff\xd8\xff\xe0\x00\x04ab" + frame


def docx(**members: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", b"<Types/>")
        packed.writestr("word/document.xml", b"<w:document/>")
        for name, data in members.items():
            packed.writestr("word/" + name, data)
    return held.getvalue()


async def test_files_that_are_taken_and_those_that_are_not(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_BYTES", 1 << 20)
    for name, data, media_type in (
        ("a.PDF", PDF, "application/pdf"),
        ("a.png", png(4000, 3000), "image/png"),
        ("a.jpeg", jpeg(4000, 3000), "image/jpeg"),
        ("C:\\Users\\x\\a.docx", docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ):
        taken = await office.file(data, name)
        assert (taken.media_type, taken.name) == (media_type, name.rpartition("\\")[2])
    bomb = docx(**{"document2.xml": bytes(60 << 20)})
    assert len(bomb) < 1 << 20
    for name, data, says in (
        ("a.pdf", b"", "empty"),
        ("a.pdf", b"%PDF-1.7 cut off", "cut off"),
        ("a.exe", b"MZ" + bytes(99), "only PDF"),
        ("a.pdf", b"<html><script>alert(1)</script>", "only PDF"),
        ("a.svg", b"<svg onload=alert(1)>", "only PDF"),
        ("a.docx", PDF, "does not fit"),
        ("a.html", PDF, "does not fit"),
        ("a.docx", b"PK\x03\x04" + bytes(99), "damaged"),
        ("a.docx", bomb, "unpacks to too much"),
        ("a.docx", docx(**{"vbaProject.bin": b"x"}), "macros"),
        ("a.png", png(100_000, 100_000), "too many pixels"),
        ("a.png", png(0, 10), "too many pixels"),
        ("a.jpg", jpeg(65_535, 65_535), "too many pixels"),
        ("a.jpg", b"\xff\xd8\xff\xe0\x00\x01", "damaged"),
        ("a.pdf", PDF + bytes(1 << 20), "more than 1 MB"),
        ("a\x00.pdf", PDF, "invisible"),
        ("", PDF, "filled in"),
    ):
        with pytest.raises(Wrong, match=says):
            await office.file(data, name)
    assert list(office.archive.config.incoming_folder.iterdir()) == []


async def test_documents_are_in_the_store_as_clips_are(office: Office) -> None:
    taken = await office.file()
    path = Path(office.archive.store.path_of(taken.sha256))
    assert path.read_bytes() == PDF and path.stat().st_mode & 0o777 == 0o400
    assert (await office.file()).sha256 == taken.sha256
