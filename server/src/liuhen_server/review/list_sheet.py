"""A major-decision list as people write it, in a form or a sheet: the texts of a row, and the row they mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import BinaryIO

from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.fields import spaced
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.cases.tables import check_mistakes, read_table
from liuhen_server.decisions.outcomes import OUTCOMES, outcomes_of
from liuhen_server.review.criteria import (
    MOST_ROWS,
    PARTY_KINDS,
    PROCEDURES,
    MajorRow,
    check_major_row,
    check_major_rows,
    yuan,
)

__all__ = ["COLUMNS", "as_texts", "read_major_sheet", "row_of", "sheet_of"]

COLUMNS: Mapping[str, Said] = MappingProxyType(
    {
        "item": Said("编号", "No."),
        "enforcement": Said("类别", "Class"),
        "what": Said("事项和标准", "What"),
        "kinds": Said("决定种类", "Kinds"),
        "procedure": Said("程序", "Procedure"),
        "party_kind": Said("当事人", "Party"),
        "least": Said("金额（元）以上", "From yuan"),
        "source": Said("依据", "Source"),
        "remark": Said("备注", "Remark"),
    }
)
_BREAKS = re.compile(r"[\r\n]+")
_ANY = ("", "不限", "any")


def row_of(texts: Mapping[str, str]) -> MajorRow:
    """Classes, kinds, procedure and party by their names in either language, or by key; a line break within a cell is a blank as any
    other. Raises Wrong.
    """
    texts = {key: _BREAKS.sub(" ", spaced(text)).strip() for key, text in texts.items()}
    enforcement = _key(texts["enforcement"], {key: each.name for key, each in CLASSES.items()})
    if not enforcement:
        raise Wrong("请选择类别", "choose the class", "rows")
    procedure, party_kind = _key(texts["procedure"], PROCEDURES), _key(texts["party_kind"], PARTY_KINDS)
    if procedure is None:
        raise Wrong("程序只能是简易程序或普通程序", "the procedure is summary or ordinary", "rows")
    if party_kind is None:
        raise Wrong("当事人应为个人或单位", "a party is a person or an organisation", "rows")
    return MajorRow(
        item=texts["item"],
        enforcement=enforcement,
        what=texts["what"],
        kinds=_kinds(enforcement, texts["kinds"]),
        procedure=procedure,
        party_kind=party_kind,
        least_fen=_fen(texts["least"]),
        source=texts["source"],
        remark=texts["remark"],
    )


def as_texts(row: MajorRow) -> dict[str, str]:
    """As the form keeps it: keys where it offers a choice."""
    return {
        "item": row.item,
        "enforcement": row.enforcement,
        "what": row.what,
        "kinds": "；".join(OUTCOMES[each].name.zh for each in row.kinds),
        "procedure": row.procedure,
        "party_kind": row.party_kind,
        "least": yuan(row.least_fen) if row.least_fen else "",
        "source": row.source,
        "remark": row.remark,
    }


def sheet_of(rows: Sequence[MajorRow]) -> Iterator[tuple[str, ...]]:
    """Header and rows in Chinese, as `read_major_sheet` takes them again."""
    yield tuple(column.zh for column in COLUMNS.values())
    for row in rows:
        texts = as_texts(row) | {"enforcement": CLASSES[row.enforcement].name.zh}
        texts["procedure"] = PROCEDURES[row.procedure].zh if row.procedure else ""
        texts["party_kind"] = PARTY_KINDS[row.party_kind].zh if row.party_kind else ""
        yield tuple(texts[key] for key in COLUMNS)


def read_major_sheet(file: BinaryIO) -> tuple[MajorRow, ...]:
    """Of an xlsx or CSV. Raises Wrong: naming each bad row by its number in the sheet, or as `read_table`."""
    table = read_table(file, tuple(COLUMNS.values()), MOST_ROWS)
    mistakes, rows, seen = list(table.mistakes), list[MajorRow](), dict[str, int]()
    for number, cells in table.rows:
        try:
            row = row_of(dict(zip(COLUMNS, cells, strict=True)))
            check_major_row(row)
        except Wrong as wrong:
            mistakes.append((number, wrong.said))
            continue
        if row.item in seen:
            said = Said(f"编号与第 {seen[row.item]} 行重复", f"the number stands in row {seen[row.item]} too")
            mistakes.append((number, said))
        seen.setdefault(row.item, number)
        rows.append(row)
    check_mistakes(mistakes)
    check_major_rows(rows)
    return tuple(rows)


def _key(typed: str, names: Mapping[str, Said]) -> str | None:
    """The key that a name means; empty for any; None for what is neither."""
    text = typed.strip()
    if text in _ANY:
        return ""
    return next((key for key, said in names.items() if text in (key, said.zh, said.en)), None)


def _kinds(enforcement: str, typed: str) -> tuple[str, ...]:
    """Kinds by their names in either language, separated by 、 or by semicolons. Raises Wrong."""
    names = {said: each.key for each in outcomes_of(enforcement) for said in (each.name.zh, each.name.en, each.key)}
    left, found = typed.strip(), []
    while left:
        name = max((each for each in names if left.startswith(each)), key=len, default=None)
        if name is None:
            known = "；".join(each.name.zh for each in outcomes_of(enforcement))
            raise Wrong(
                f"没有这种决定：{left}。可填：{known}",
                f"no such kind: {left}; there are " + "; ".join(each.name.en for each in outcomes_of(enforcement)),
                "rows",
            )
        found.append(names[name])
        left = left[len(name) :].lstrip(" 、，；;,")
    return tuple(dict.fromkeys(found))


def _fen(typed: str) -> int:
    """An amount in yuan, such as 10,000 or 1234.50. Raises Wrong."""
    text = typed.replace(",", "").replace("，", "").strip()
    if not text:
        return 0
    whole, dot, rest = text.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 12) or (
        dot and not (rest.isascii() and rest.isdigit() and len(rest) <= 2)
    ):
        raise Wrong("金额应为元，如 10000", "an amount in yuan, such as 10000", "rows")
    return int(whole) * 100 + int(rest.ljust(2, "0") or 0)
