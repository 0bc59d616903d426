"""The table of the cases' documents and the store, held against what the log says was added."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from liuhen_protocol.case_events import CaseDocument
from liuhen_protocol.report import StepName
from liuhen_server.cases.schema import case_documents
from liuhen_server.database import Connection
from liuhen_server.operations.findings import Findings
from liuhen_server.store.interface import NotStored, Store

__all__ = ["Stated", "check_documents"]


@dataclass(frozen=True, slots=True)
class Stated:
    """What a case.document says: `name` is the subject's (document-7)."""

    name: str
    sha256: str
    event: CaseDocument


async def check_documents(
    conn: Connection, store: Store, stated: Mapping[int, Stated], findings: Findings, *, with_bytes: bool
) -> int:
    """Every case.document (by its index) has its row and its bytes, and no row says anything else than the log.

    With bytes, each object is read once, in however many cases it stands. Returns how many documents there are.
    """
    seen: set[int] = set()
    digests: dict[int, str] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for row in await conn.execute(select(case_documents).order_by(case_documents.c.id)):
        digests[row.id] = row.sha256
        said = stated.get(row.log_index)
        kept = CaseDocument(
            case=f"case-{row.case_id}",
            stage=row.stage,
            kind=row.kind,
            version=row.version,
            replaces=None if row.replaces is None else digests.get(row.replaces, ""),
            by=row.by,
        )
        if said is None or (said.name, said.sha256, said.event) != (f"document-{row.id}", row.sha256, kept):
            why = f"document-{row.id}: the table of documents and the log's case.document differ"
            findings.add(StepName.STATEMENT, "document-row-altered", why, index=row.log_index)
        seen.add(row.log_index)
        sizes.setdefault(row.sha256, (row.size, row.log_index))
    for index in sorted(stated.keys() - seen):
        said = stated[index]
        why = f"{said.name} of {said.event.case}: its row in the table of documents is gone"
        findings.add(StepName.STATEMENT, "document-row-missing", why, index=index)
        sizes.setdefault(said.sha256, (-1, index))
    for sha256, (size, index) in sizes.items():
        await asyncio.to_thread(_check_object, store, sha256, size, index, findings, with_bytes)
    return len(stated)


def _check_object(store: Store, sha256: str, size: int, index: int, findings: Findings, with_bytes: bool) -> None:
    """`size` -1: nobody knows it."""
    there = store.size(sha256)
    if there is None:
        findings.add(StepName.BYTES, "document-missing", f"document {sha256} is not in the store", index=index)
    elif size >= 0 and there != size:
        why = f"document {sha256} has {there} bytes in the store, {size} were added"
        findings.add(StepName.BYTES, "document-altered", why, index=index)
    elif with_bytes:
        try:
            checked = store.check(sha256)
        except NotStored:
            findings.add(StepName.BYTES, "document-missing", f"document {sha256} is not in the store", index=index)
            return
        if checked.why is not None:
            findings.add(StepName.DIGEST, "document-altered", f"document {sha256}: {checked.why}", index=index)
