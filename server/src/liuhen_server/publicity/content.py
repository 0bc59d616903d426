"""What a version says: fields, tables and text as one value, and its one form as JSON, whose digest stands in the log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from liuhen_server.cases.fields import all_seen, one_line
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.publicity.kinds import FORMS, Kind, Shape

__all__ = ["Content", "Sheet", "check_content", "digest_of_content", "read_content", "write_content", "wrong_text"]

MOST_FIELD = 4_000
MOST_ROWS = 2_000
# the words of an annual report at their longest, and the line about its signature
MOST_TEXT = 20_200
MOST_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its heading; every row has as many cells as there are columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Content:
    """`form`: a key of `FORMS` where there are fields, else the kind's. `fields` by their keys, `text` in lines."""

    form: str
    title: str
    fields: Mapping[str, str]
    sheets: tuple[Sheet, ...] = ()
    text: str = ""

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every piece of text with its place: `facts`, `0.3.2` (sheet, row, column), `text`."""
        yield "title", self.title
        yield from self.fields.items()
        for number, sheet in enumerate(self.sheets):
            for at, row in enumerate(sheet.rows):
                for column, cell in enumerate(row):
                    yield f"{number}.{at}.{column}", cell
        if self.text:
            yield "text", self.text

    def changed(self, change: Callable[[str, str], str]) -> Content:
        """With every piece of text put through `change(place, text)`."""
        sheets = tuple(
            replace(
                sheet,
                rows=tuple(
                    tuple(change(f"{number}.{at}.{column}", cell) for column, cell in enumerate(row))
                    for at, row in enumerate(sheet.rows)
                ),
            )
            for number, sheet in enumerate(self.sheets)
        )
        fields = {key: change(key, value) for key, value in self.fields.items()}
        text = change("text", self.text) if self.text else ""
        return replace(self, title=change("title", self.title), fields=fields, sheets=sheets, text=text)


def write_content(content: Content) -> str:
    """Its one form: fields in the form's order, no spaces, no line breaks."""
    sheets = [{"title": each.title, "columns": each.columns, "rows": each.rows} for each in content.sheets]
    value: dict[str, object] = {"form": content.form, "title": content.title, "fields": dict(content.fields)}
    value |= {"sheets": sheets, "text": content.text}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def read_content(text: str) -> Content:
    """Raises ValueError for what `write_content` never wrote."""
    value = json.loads(text)
    try:
        sheets = tuple(
            Sheet(
                str(each["title"]),
                tuple(map(str, each["columns"])),
                tuple(tuple(map(str, row)) for row in each["rows"]),
            )
            for each in value["sheets"]
        )
        fields = {str(key): str(each) for key, each in value["fields"].items()}
        return Content(str(value["form"]), str(value["title"]), fields, sheets, str(value["text"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no content of a publication: {error}") from error


def digest_of_content(text: str) -> str:
    """SHA-256 over the UTF-8 of the content's JSON, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def check_content(kind: Kind, content: Content) -> Content:
    """As it may be kept: of the kind's shape, visible signs and blanks only, not too long. Raises Wrong."""
    content = replace(content, title=one_line(content.title, "title", 200))
    if kind.shape == Shape.RECORD:
        form = FORMS.get(content.form)
        if form is None or content.sheets or content.text or not content.fields.keys() <= form.fields.keys():
            raise Wrong("公示内容的项目不对", "these are not the fields of what is made public", "content")
        if not content.fields.get(form.title, "").strip():
            raise Wrong(f"请填写{form.fields[form.title]}", f"{form.title} must be filled in", form.title)
        content = replace(content, fields={key: content.fields.get(key, "") for key in form.fields})
    elif content.fields or content.form != kind.key or (kind.shape == Shape.TEXT) != (not content.sheets):
        raise Wrong("公示内容的形式不对", "this is not the shape of what is made public", "content")
    if kind.shape == Shape.TEXT and not content.text.strip():
        raise Wrong("请填写内容", "write something", "text")
    if kind.shape == Shape.TABLE and (len(content.sheets) != 1 or content.sheets[0].columns != kind.columns):
        raise Wrong("表格的列不对", "these are not the columns of the table", "content")
    for sheet in content.sheets:
        if len(sheet.rows) > MOST_ROWS or any(len(row) != len(sheet.columns) for row in sheet.rows):
            raise Wrong(f"表格最多 {MOST_ROWS} 行", f"a table has at most {MOST_ROWS} rows", "content")
    if kind.shape == Shape.TABLE and not content.sheets[0].rows:
        raise Wrong("表格是空的", "the table is empty", "content")
    for place, text in content.texts():
        if (said := wrong_text(text, MOST_TEXT if place == "text" else MOST_FIELD)) is not None:
            where = _where(content, place)
            raise Wrong(f"{where.zh}：{said.zh}", f"{where.en}: {said.en}", place)
    if len(write_content(content).encode()) > MOST_BYTES:
        raise Wrong("公示内容过大", "this is too much for one publication", "content")
    return content


def wrong_text(text: str, most: int = MOST_FIELD) -> Said | None:
    """What is wrong with a piece of it, by itself."""
    if len(text) > most:
        return Said(f"文字过长，最多 {most} 字", f"too long, at most {most} characters")
    if not all_seen(text.replace("\n", "")):
        return Said("含有不可见的字符，请重新输入", "there are invisible characters in it; type it anew")
    return None


def _where(content: Content, place: str) -> Said:
    """A place (`Content.texts`) as people see it."""
    if place in content.fields:
        name = FORMS[content.form].fields[place]
        return Said(name, name)
    if place in _NAMES:
        return _NAMES[place]
    number, row, column = map(int, place.split("."))
    name = content.sheets[number].columns[column]
    return Said(f"第 {row + 1} 行“{name}”", f"row {row + 1}, {name}")


_NAMES = {"title": Said("标题", "title"), "text": Said("正文", "text")}
