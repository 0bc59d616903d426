"""Documents of cases that somebody altered beside the log, in the store or in their table: each is named by `liuhen-server verify`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from liuhen_server.cases.classes import Stage
from liuhen_server.cases.documents import Paper, add_document
from liuhen_server.operations.findings import ArchiveReport
from liuhen_server.operations.verify import verify_archive
from support.archive import execute, publish_all
from support.case_office import HANDLER, PDF, Office, office_in

FILING = Paper(Stage.INITIATION, "filing", "2026-11-20")


async def _report(folder: Path, tamper: str | Callable[[Path], object], *, with_bytes: bool) -> ArchiveReport:
    """Of an archive with two versions of a document; `tamper` is SQL, or is done to the first one's file in the store."""
    async with office_in(folder / "archive", f"sqlite:///{folder / 'archive.db'}") as office:
        case = await office.open()
        first = await add_document(office.acts, HANDLER, case.id, await office.file(), FILING)
        newer = Paper(Stage.INITIATION, "filing", "2026-11-20", replaces=first.id)
        await add_document(office.acts, HANDLER, case.id, await office.file(PDF + b"\n"), newer)
        await publish_all(office.archive)
        honest = await verify_archive(office.archive, with_bytes=True)
        assert honest.holds, honest.text()
        if isinstance(tamper, str):
            async with office.archive.database.write() as conn:
                await execute(conn, tamper)
        else:
            tamper(_file(office, first.sha256))
        return await verify_archive(office.archive, with_bytes=with_bytes)


def _file(office: Office, sha256: str) -> Path:
    path = office.archive.store.path_of(sha256)
    path.chmod(0o600)
    return path


ATTACKS: dict[str, tuple[str | Callable[[Path], object], str]] = {
    "a byte of it": (lambda file: file.write_bytes(PDF.replace(b"obj", b"OBJ", 1)), "document-altered"),
    "cut short": (lambda file: file.write_bytes(PDF[:-1]), "document-altered"),
    "taken away": (lambda file: file.unlink(), "document-missing"),
    "another version": ("UPDATE case_documents SET version = 3 WHERE version = 2", "document-row-altered"),
    "another kind": ("UPDATE case_documents SET kind = 'source' WHERE version = 1", "document-row-altered"),
    "another author": ("UPDATE case_documents SET \"by\" = 'person-1' WHERE version = 2", "document-row-altered"),
    "as if it replaced nothing": (
        "UPDATE case_documents SET replaces = NULL WHERE version = 2",
        "document-row-altered",
    ),
    "the row removed": ("DELETE FROM case_documents WHERE version = 2", "document-row-missing"),
    "a row that no statement knows": (
        "INSERT INTO case_documents SELECT id + 10, case_id, stage, kind, version, replaces, current, name, media_type, size,"
        ' sha256, dated, began_time, ended_time, place, "by", added_time, log_index FROM case_documents WHERE version = 1',
        "document-row-altered",
    ),
}


@pytest.mark.parametrize("what", ATTACKS)
async def test_an_altered_document_is_named(tmp_path: Path, what: str) -> None:
    tamper, code = ATTACKS[what]
    report = await _report(tmp_path, tamper, with_bytes=True)
    assert [finding.code for finding in report.findings] == [code], report.text()


async def test_without_reading_bytes_what_is_missing_or_shorter_is_still_named(tmp_path: Path) -> None:
    report = await _report(tmp_path, lambda file: file.unlink(), with_bytes=False)
    assert [finding.code for finding in report.findings] == ["document-missing"]
    assert report.checked["documents"] == 2
