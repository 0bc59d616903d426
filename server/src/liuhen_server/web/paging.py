"""Long lists page by page, from a place in them instead of a number: a million rows down as quick as at the top."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, func, select, tuple_

from liuhen_server.database import Connection

__all__ = ["COUNTED", "LAST", "PAGE_ROWS", "Cut", "Place", "Turn", "beside", "counted", "cut"]

PAGE_ROWS = 50
COUNTED = 1_000
"""Further nobody counts: the list says that there are more."""

_PLACE = re.compile(r"([0-9TZ:.-]{1,32})~([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Place:
    """Of a row in a list that goes by time (UTC text as statements carry it) and, where that is the same, by number."""

    time: str
    number: int

    def __str__(self) -> str:
        return f"{self.time}~{self.number}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        """None for what is no place."""
        found = _PLACE.fullmatch(text)
        return None if found is None else cls(found[1], int(found[2]))


LAST = Place("9999-12-31T23:59:59.999Z", 1 << 62)
"""Behind every other."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Which page is asked for: the rows behind `older`, or those before `newer`; neither: the first."""

    older: Place | None = None
    newer: Place | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Turn:
        return cls(Place.read(query.get("older", "")), Place.read(query.get("newer", "")))

    def fields(self) -> dict[str, str]:
        """As the address has them."""
        given = {"older": self.older, "newer": self.newer}
        return {name: str(place) for name, place in given.items() if place is not None}


@dataclass(frozen=True, slots=True)
class Cut:
    """One page, newest row first, and where to turn from it; None: that way there is nothing."""

    rows: tuple[RowMapping, ...]
    newer: Turn | None
    older: Turn | None


async def cut(
    conn: Connection, query: Select[Any], time: ColumnElement[str], number: ColumnElement[int], turn: Turn
) -> Cut:
    """The page of `query` (which has both columns, and no order) that `turn` asks for."""
    ordered = query.order_by(time.desc(), number.desc()).limit(PAGE_ROWS + 1)
    if turn.newer is not None:
        upwards = query.where(tuple_(time, number) > tuple_(turn.newer.time, turn.newer.number))
        found = (await conn.execute(upwards.order_by(time, number).limit(PAGE_ROWS + 1))).mappings().all()
        if len(found) > PAGE_ROWS:
            rows = tuple(reversed(found[:PAGE_ROWS]))
            return Cut(rows, Turn(newer=_place(rows[0], time, number)), Turn(older=_place(rows[-1], time, number)))
        turn = Turn()  # there is no page above: the first, whole
    # the first page has a bound as well: it tells SQLite to go along the time instead of sorting everything
    older = turn.older or LAST
    ordered = ordered.where(tuple_(time, number) < tuple_(older.time, older.number))
    found = (await conn.execute(ordered)).mappings().all()
    rows = tuple(found[:PAGE_ROWS])
    newer = Turn(newer=_place(rows[0], time, number)) if turn.older is not None and rows else None
    behind = Turn(older=_place(rows[-1], time, number)) if len(found) > PAGE_ROWS else None
    return Cut(rows, newer, behind)


def beside(column: ColumnElement[str]) -> ColumnElement[str]:
    """The same text, asked for without its index."""
    return column.concat("")


async def counted(conn: Connection, query: Select[Any], most: int = COUNTED) -> int:
    """How many rows `query` has; `most` + 1 where there are more."""
    limited = query.limit(most + 1).subquery()
    return int((await conn.execute(select(func.count()).select_from(limited))).scalar_one())


def _place(row: RowMapping, time: ColumnElement[str], number: ColumnElement[int]) -> Place:
    return Place(row[time.key or ""], row[number.key or ""])
