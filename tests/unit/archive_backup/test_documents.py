"""A case's documents are in the backup as clips are, and come back with it."""

from __future__ import annotations

from pathlib import Path

from liuhen_server import config as configuration
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.documents import Paper, add_document
from liuhen_server.cases.reading import whole_case
from liuhen_server.operations.backup_format import clip_path
from liuhen_server.operations.opening import opened
from liuhen_server.operations.restore import restore
from support.archive import publish_all
from support.backing_up import backed_up, is_whole
from support.case_office import HANDLER, PDF, office_in


async def test_documents_of_cases_are_saved_and_come_back(tmp_path: Path) -> None:
    async with office_in(tmp_path / "archive", f"sqlite:///{tmp_path / 'archive.db'}") as office:
        case = await office.open()
        filing = Paper(Stage.INITIATION, "filing", "2026-11-20")
        kept = await add_document(office.acts, HANDLER, case.id, await office.file(), filing)
        await publish_all(office.archive)
        settings = office.archive.config
    taken = await backed_up(settings, tmp_path / "backups", with_keys=True)
    assert is_whole(taken.folder)
    assert (tmp_path / "backups" / clip_path(kept.sha256)).read_bytes() == PDF
    done = await restore(taken.folder, tmp_path / "restored")
    assert done.report.holds, done.report.text()
    async with opened(configuration.load(tmp_path / "restored")) as archive, archive.database.read() as conn:
        whole = await whole_case(conn, case.id)
        assert whole is not None
        (document,) = whole.documents
        assert b"".join(archive.store.read(document.sha256)) == PDF
