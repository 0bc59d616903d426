"""A DOCX as small as one can be, for templates."""

from __future__ import annotations

import io
import zipfile

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def run(text: str) -> str:
    return f"<w:r><w:rPr><w:b/></w:rPr><w:t>{text}</w:t></w:r>"


def docx(*runs: str, **members: str | bytes) -> bytes:
    out = io.BytesIO()
    body = f"<w:document {W}><w:body><w:p>{''.join(runs)}</w:p></w:body></w:document>"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", TYPES)
        packed.writestr("word/document.xml", body)
        for name, data in members.items():
            packed.writestr(name, data)
    return out.getvalue()
