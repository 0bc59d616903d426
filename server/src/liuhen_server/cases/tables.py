"""A sheet whose first row names its columns, in any order: read into rows of text, everything that cannot be taken named by its row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from liuhen_server.cases.said import Said, Wrong
from liuhen_server.cases.sheets import read_rows

__all__ = ["Table", "check_mistakes", "read_table", "wrong_columns"]

MOST_SAID = 20


@dataclass(frozen=True, slots=True)
class Table:
    """`rows`: number as the spreadsheet shows it, and a cell for each column. `mistakes`: what could not be read, by row number."""

    rows: tuple[tuple[int, tuple[str, ...]], ...]
    mistakes: tuple[tuple[int, Said], ...]


def read_table(file: BinaryIO, columns: Sequence[Said], most: int) -> Table:
    """Raises Wrong for a file that is not taken (`read_rows`), for columns that are missing, unknown or there twice, and for more
    than `most` rows, without reading further.
    """
    read = read_rows(file)
    head = next(read, None)
    at = _places(head.cells if head is not None else (), columns)
    rows, mistakes = list[tuple[int, tuple[str, ...]]](), list[tuple[int, Said]]()
    for row in read:
        if len(rows) == most:
            raise Wrong(f"表格最多 {most} 行", f"a table has at most {most} rows", "file")
        mistakes += [
            (row.number, Said(f"第 {at_column + 1} 列，{bad.zh}", f"column {at_column + 1}: {bad.en}"))
            for at_column, bad in row.bad
        ]
        rows.append((row.number, tuple(row.cells[place] if place < len(row.cells) else "" for place in at)))
    if not rows:
        raise Wrong("表头之下没有内容", "there is nothing below the header", "file")
    return Table(tuple(rows), tuple(mistakes))


def check_mistakes(mistakes: Iterable[tuple[int, Said]]) -> None:
    """Raises Wrong naming each bad row, the first twenty where there are more; nothing of such a sheet is taken."""
    found = sorted(mistakes, key=lambda each: each[0])
    if not found:
        return
    more = len(found) - MOST_SAID
    zh = "；".join(f"第 {row} 行：{said.zh}" for row, said in found[:MOST_SAID])
    en = "; ".join(f"row {row}: {said.en}" for row, said in found[:MOST_SAID])
    if more > 0:
        zh, en = f"{zh}；另有 {more} 处", f"{en}; and {more} more"
    raise Wrong(f"表格没有导入。{zh}", f"Nothing was taken. {en}", "file")


def wrong_columns(missing: Sequence[Said], unknown: Sequence[str], twice: Sequence[str]) -> Wrong:
    """What is wrong with a first row: columns by name, and cells as they were written."""
    zh = [
        *(["缺少列：" + "、".join(each.zh for each in missing)] if missing else []),
        *(["不认识的列：" + "、".join(unknown)] if unknown else []),
        *(["重复的列：" + "、".join(twice)] if twice else []),
    ]
    en = [
        *(["missing: " + ", ".join(each.en for each in missing)] if missing else []),
        *(["unknown: " + ", ".join(unknown)] if unknown else []),
        *(["there twice: " + ", ".join(twice)] if twice else []),
    ]
    return Wrong(
        "表头与模板不符。" + "；".join(zh) + "。请按模板改第一行",
        "the columns are not those of the template; " + "; ".join(en) + ". Put the first row right",
        "file",
    )


def _places(cells: Sequence[str], columns: Sequence[Said]) -> tuple[int, ...]:
    """Where each column stands."""
    names = {name.lower(): place for place, column in enumerate(columns) for name in (column.zh, column.en)}
    found = [(names.get(cell.strip().lower()), place) for place, cell in enumerate(cells) if cell.strip()]
    known = [column for column, _ in found]
    missing = [each for place, each in enumerate(columns) if place not in known]
    unknown = [cells[place].strip()[:20] for column, place in found if column is None]
    twice = [each for place, each in enumerate(columns) if known.count(place) > 1]
    if missing or unknown or twice:
        raise wrong_columns(missing, unknown, [each.zh for each in twice])
    return tuple(place for _, place in sorted((column, place) for column, place in found if column is not None))
