"""What may be put into a case as a document: PDF, DOCX, JPEG, PNG. Decided by the bytes, never by the name alone.

Nothing here opens a file further than it must: no page is drawn, no archive unpacked, so a bomb stays packed. What would burst in a reader's
hands is refused: a DOCX whose index says it unpacks to more than `MOST_UNPACKED`, a picture of more than `MOST_PIXELS`; and so is a DOCX with
macros. Documents are handed out as downloads, in a sandbox (web/case_papers.py).
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from liuhen_server.cases.said import Wrong

__all__ = ["ENDINGS", "MOST_BYTES", "media_type_of"]

MOST_BYTES = 50 << 20
MOST_UNPACKED = 512 << 20
MOST_RATIO = 200
MOST_MEMBERS = 5_000
MOST_PIXELS = 200_000_000
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ENDINGS = {
    "application/pdf": (".pdf",),
    _DOCX: (".docx",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
}


def media_type_of(path: Path, name: str) -> str:
    """The media type of the file at `path`, called `name` by whoever sent it. Raises Wrong for what is not taken."""
    size = path.stat().st_size
    if size == 0:
        raise _wrong("文件是空的", "the file is empty")
    if size > MOST_BYTES:
        raise _wrong(f"文件超过 {MOST_BYTES >> 20} MB", f"the file has more than {MOST_BYTES >> 20} MB")
    with path.open("rb") as file:
        head = file.read(1024)
    media_type = _by_head(head)
    if media_type is None:
        raise _wrong("只收 PDF、DOCX、JPEG、PNG 文件", "only PDF, DOCX, JPEG and PNG files are taken")
    if not name.lower().endswith(ENDINGS[media_type]):
        raise _wrong(
            f"文件名的扩展名与内容不符，内容是 {ENDINGS[media_type][0]}",
            f"the name does not fit what is in the file, which is {ENDINGS[media_type][0]}",
        )
    if media_type == "application/pdf":
        _check_pdf(path, size)
    elif media_type == _DOCX:
        _check_docx(path)
    elif media_type == "image/png":
        _check_pixels(int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big"))
    else:
        _check_jpeg(path)
    return media_type


def _by_head(head: bytes) -> str | None:
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"PK\x03\x04"):
        return _DOCX
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
        return "image/png"
    return None


def _check_pdf(path: Path, size: int) -> None:
    with path.open("rb") as file:
        file.seek(max(0, size - 2048))
        if b"%%EOF" not in file.read():
            raise _wrong("PDF 文件不完整，请重新导出", "the PDF is cut off; export it anew")


def _check_docx(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            members = packed.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise _wrong("DOCX 文件已损坏", "the DOCX is damaged") from error
    names = {each.filename for each in members}
    if not {"[Content_Types].xml", "word/document.xml"} <= names:
        raise _wrong("这不是 DOCX 文件", "this is no DOCX")
    if any(name.lower().endswith(("vbaproject.bin", ".exe", ".js")) for name in names):
        raise _wrong(
            "不收带宏的文档，请另存为不带宏的 DOCX", "documents with macros are not taken; save it as DOCX without"
        )
    unpacked = sum(each.file_size for each in members)
    too_dense = unpacked > (10 << 20) and unpacked > MOST_RATIO * path.stat().st_size
    if len(members) > MOST_MEMBERS or unpacked > MOST_UNPACKED or too_dense:
        raise _wrong("DOCX 解开后过大，已拒收", "the DOCX unpacks to too much and was not taken")


def _check_jpeg(path: Path) -> None:
    """Walks the segments up to the frame header (ITU-T T.81, B.1.1.4 and B.2.2), which says height and width."""
    with path.open("rb") as file:
        data = file.read(4 << 20)
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xFF:  # fill bytes
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            _check_pixels(int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big"))
            return
        if length < 2:
            break
        at += 2 + length
    raise _wrong("JPEG 文件已损坏", "the JPEG is damaged")


def _check_pixels(width: int, height: int) -> None:
    if not 0 < width * height <= MOST_PIXELS:
        raise _wrong("图片尺寸过大或为零", "the picture has too many pixels, or none")


def _wrong(zh: str, en: str) -> Wrong:
    return Wrong(zh, en, "file")
