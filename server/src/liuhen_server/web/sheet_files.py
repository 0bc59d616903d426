"""Sheets in and out of pages: a form's fields with the file it brings, and rows as an xlsx to take away."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable, Sequence

from aiohttp import BodyPartReader, web

from liuhen_server.cases.sheets import MOST_FILE_BYTES, write_xlsx
from liuhen_server.web.guard import UPLOAD, Problem
from liuhen_server.web.media import attachment

__all__ = ["sent_with_file", "xlsx"]

MOST_FIELDS = 12
MOST_FIELD_BYTES = 96 << 10
"""A guide has 20,000 signs, of four bytes at most (`publicity.content`)."""
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def sent_with_file(request: web.Request) -> tuple[dict[str, str], bytes]:
    """The form's fields and its one file (`file`), empty where none was chosen. Raises Problem: it is too large."""
    reader, given, data = request.get(UPLOAD), dict[str, str](), b""
    seen = 0
    while reader is not None and (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            break
        seen += 1
        is_file = part.name == "file"
        if seen > MOST_FIELDS or (is_file and data):
            raise Problem("too_large", 413)
        held = bytearray()
        while piece := await part.read_chunk(256 << 10):
            held += piece
            if len(held) > (MOST_FILE_BYTES if is_file else MOST_FIELD_BYTES):
                raise Problem("too_large", 413)
        if is_file:
            data = bytes(held)
        elif part.name:
            given[part.name] = held.decode("utf-8", "replace").replace("\x00", "")
    return given, data


async def xlsx(
    name: str,
    title: str,
    rows: Iterable[Sequence[str]],
    widths: Sequence[int] = (),
    notes: tuple[str, Sequence[Sequence[str]]] | None = None,
) -> web.Response:
    """`name`: of the file; `title`: of its sheet, the first row of which is the header; `notes`: a sheet of explanations."""
    out = io.BytesIO()
    await asyncio.to_thread(write_xlsx, title, rows, out, widths, notes)
    headers = {
        "Content-Type": _TYPE,
        "Content-Disposition": attachment(name),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return web.Response(body=out.getvalue(), headers=headers)
