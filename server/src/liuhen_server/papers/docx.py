"""Filling a DOCX: `{{case.number}}` becomes text, and nothing else happens. Pure: bytes in, bytes out.

A template comes from anybody. There is no language in it: a field is a name of a list, what is put in is escaped text. What could run or fetch
when the result is opened (macros, embedded objects, links to outside, fields that execute) is refused, and so is what grows when it is unpacked.
All other bytes of the document's parts stay as they were.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Mapping
from xml.sax.saxutils import escape

from defusedxml import ElementTree  # type: ignore[import-untyped]

from liuhen_server.cases.said import Wrong

__all__ = ["MOST_TEMPLATE_BYTES", "fields_in", "fill"]

MOST_TEMPLATE_BYTES = 2 << 20
MOST_UNPACKED = 16 << 20
MOST_MEMBERS = 200
_FILLED = re.compile(r"word/(?:document|header\d*|footer\d*)\.xml")
_RUNS = ("vbaproject", "vbadata", "/activex/", "/embeddings/", "afchunk", "macros")
_EXECUTES = re.compile(
    r"\b(?:DDE|DDEAUTO|INCLUDETEXT|INCLUDEPICTURE|IMPORT|LINK|MACROBUTTON|DATABASE)\b", re.IGNORECASE
)
_PARAGRAPH = re.compile(r"<w:p[ >].*?</w:p>", re.DOTALL)
_TEXT = re.compile(r"(<w:t(?: [^>]*)?>)(.*?)(</w:t>)", re.DOTALL)
_INSTRUCTION = re.compile(r"<w:instrText[^>]*>(.*?)</w:instrText>|w:instr=\"([^\"]*)\"", re.DOTALL)
_FIELD = re.compile(r"\{\{\s*([a-z_.]{1,40})\s*\}\}")
_TIME = (1980, 1, 1, 0, 0, 0)


def fields_in(template: bytes) -> frozenset[str]:
    """The names between braces. Raises Wrong for what is no DOCX, or one that is not taken."""
    found = set[str]()
    for name, text in _parts(template).items():
        if _FILLED.fullmatch(name):
            for paragraph in _PARAGRAPH.findall(text.decode()):
                found |= set(_FIELD.findall("".join(match[2] for match in _TEXT.finditer(paragraph))))
    return frozenset(found)


def check_fields(template: bytes, known: Collection[str]) -> frozenset[str]:
    """Raises Wrong for a field that no case has."""
    found = fields_in(template)
    if unknown := sorted(found - set(known)):
        raise Wrong(f"没有这些字段：{'、'.join(unknown)}", f"there are no such fields: {', '.join(unknown)}", "file")
    return found


def fill(template: bytes, values: Mapping[str, str]) -> bytes:
    """The same bytes for the same template and values. Raises Wrong, also for a field without a value of its name."""
    check_fields(template, values.keys())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in _parts(template).items():
            if _FILLED.fullmatch(name):
                text = _PARAGRAPH.sub(lambda match: _filled(match[0], values), data.decode())
                data = text.encode()
            member = zipfile.ZipInfo(name, _TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(member, data)
    return out.getvalue()


def _filled(paragraph: str, values: Mapping[str, str]) -> str:
    """Word parts a field between runs as it likes: the value goes where the field begins, the rest of the field goes."""
    runs = list(_TEXT.finditer(paragraph))
    whole = "".join(run[2] for run in runs)
    fields = list(_FIELD.finditer(whole))
    if not fields:
        return paragraph
    texts, at = [], 0
    for run in runs:
        begin, end, kept = at, at + len(run[2]), []
        place = begin
        for found in fields:
            if found.end() <= begin or found.start() >= end:
                continue
            kept.append(whole[place : max(place, found.start())])
            if found.start() >= begin:
                kept.append(_as_text(values[found[1]]))
            place = min(end, max(place, found.end()))
        kept.append(whole[place:end])
        texts.append("".join(kept))
        at = end
    pieces, last = [], 0
    for run, text in zip(runs, texts, strict=True):
        pieces += [paragraph[last : run.start()], '<w:t xml:space="preserve">', text, run[3]]
        last = run.end()
    return "".join(pieces) + paragraph[last:]


def _as_text(value: str) -> str:
    """Escaped, one line, without signs that XML does not have."""
    return escape("".join(sign if sign.isprintable() else " " for sign in value))


def _parts(template: bytes) -> dict[str, bytes]:
    """Every member in its order. Raises Wrong."""
    if len(template) > MOST_TEMPLATE_BYTES:
        raise _wrong("模板超过 2 MB", "the template has more than 2 MB")
    try:
        with zipfile.ZipFile(io.BytesIO(template)) as packed:
            members = packed.infolist()
            names = [each.filename for each in members]
            if len(members) > MOST_MEMBERS or sum(each.file_size for each in members) > MOST_UNPACKED:
                raise _wrong("模板解开后过大", "the template unpacks to too much")
            if len(set(names)) != len(names) or any(each.startswith("/") or ".." in each for each in names):
                raise _wrong("模板结构不对", "the template is not built as it should be")
            parts = {each.filename: packed.read(each) for each in members if not each.is_dir()}
    except Wrong:
        raise
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        raise _wrong("这不是 DOCX 文件", "this is no DOCX") from error
    if "word/document.xml" not in parts or "[Content_Types].xml" not in parts:
        raise _wrong("这不是 DOCX 文件", "this is no DOCX")
    for name, data in parts.items():
        _check(name, data)
    return parts


def _check(name: str, data: bytes) -> None:
    lower = name.lower()
    if any(each in f"/{lower}" for each in _RUNS) or b"macroEnabled" in data:
        raise _wrong("模板含有宏或嵌入对象", "the template has macros or embedded objects")
    if not lower.endswith((".xml", ".rels")):
        return
    try:
        ElementTree.fromstring(data, forbid_dtd=True)
        text = data.decode("utf-8")
    except Exception as error:  # whatever a parser raises for what is none; entities among it
        raise _wrong("模板内容已损坏", "the template is damaged") from error
    if lower.endswith(".rels") and re.search(r"TargetMode\s*=\s*[\"']External", text, re.IGNORECASE):
        raise _wrong("模板引用外部文件或网址", "the template links to outside")
    if any(_EXECUTES.search(each[0] or each[1]) for each in _INSTRUCTION.findall(text)):
        raise _wrong("模板含有会执行的域", "the template has fields that execute")


def _wrong(zh: str, en: str) -> Wrong:
    return Wrong(zh, en, "file")
