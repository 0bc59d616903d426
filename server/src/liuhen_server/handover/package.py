"""What is handed over, as one file: a ZIP with the handbook as PDF, every paper in force as the bytes the log has, and a list of them.

The digest of the whole stands in the log when it is sent and again in its receipt, so the receipt names each paper in it.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass

from liuhen_server.cases.said import Wrong
from liuhen_server.handover.compiled import Handbook

__all__ = ["HANDBOOK", "LIST", "Listed", "contents_of", "digest_of", "handbook_in", "packed"]

HANDBOOK, LIST = "handbook.pdf", "contents.json"
MOST_BYTES = 64 << 20
_TIME = (1980, 1, 1, 0, 0, 0)  # the same papers give the same bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """A paper as the package lists it; `holds`: its bytes in the package have the digest that the list names."""

    kind: str
    title: str
    version: int
    by: str
    day: str
    index: int
    sha256: str
    file: str
    holds: bool


def packed(handbook: Handbook, pdf: bytes) -> bytes:
    """Raises Wrong: it is more than 64 MiB."""
    names = [name for name in Listed.__dataclass_fields__ if name != "holds"]
    value = {
        "agency": handbook.agency,
        "day": handbook.day,
        "class": handbook.only or None,
        "handbook": {"file": HANDBOOK, "sha256": hashlib.sha256(pdf).hexdigest()},
        "papers": [{name: getattr(paper, name) for name in names} for paper in handbook.papers],
    }
    members = {LIST: json.dumps(value, ensure_ascii=False, indent=1).encode(), HANDBOOK: pdf}
    members |= {paper.file: paper.body for paper in handbook.papers}
    if sum(map(len, members.values())) > MOST_BYTES:
        raise Wrong(
            f"移交资料超过 {MOST_BYTES >> 20} MiB，请按类别分次移交",
            f"this is more than {MOST_BYTES >> 20} MiB: hand it over class by class",
            "size",
        )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name, _TIME), body, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def digest_of(body: bytes) -> str:
    """The SHA-256 of a package, hexadecimal, as the log has it."""
    return hashlib.sha256(body).hexdigest()


def contents_of(body: bytes) -> tuple[Listed, ...]:
    """What a package lists; nothing for what was handed over as a PDF alone, before there were packages."""
    if not body.startswith(b"PK"):
        return ()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        held = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
        papers = json.loads(archive.read(LIST))["papers"]
    return tuple(Listed(**paper, holds=held.get(paper["file"]) == paper["sha256"]) for paper in papers)


def handbook_in(body: bytes) -> bytes:
    """The PDF of a package; what was handed over as a PDF alone is that."""
    if not body.startswith(b"PK"):
        return body
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return archive.read(HANDBOOK)
