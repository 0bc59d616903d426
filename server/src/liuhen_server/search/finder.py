"""Reading the index: what a person may see of what was asked, newest first, kind by kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, Select, select, text

from liuhen_server.database import Connection, Database
from liuhen_server.search.facets import FIRST_DAY, LAST_DAY, Reach, days_between, of_agencies, of_kind, seen
from liuhen_server.search.question import Question, ask
from liuhen_server.search.schema import search_documents

__all__ = ["COUNTED", "Filters", "Finder", "Found", "Group", "Hit", "Page", "found_keys"]

COUNTED = 100
"""Further nobody counts: who finds a hundred has asked for too little."""


@dataclass(frozen=True, slots=True)
class Filters:
    """`kind` and `agencies` empty: all; an agency may be known by several names (code, name). Days of the agency's zone, both
    included; None: open.
    """

    kind: str = ""
    agencies: frozenset[str] = frozenset()
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`rows` of each kind, those with an id below `before` (the `next` of the page before; None: from the newest)."""

    rows: int = 10
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that was found."""

    kind: str
    id: str
    agency: str | None
    when: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind. `count`: of this page and those behind it, exact up to COUNTED; COUNTED + 1 says there are
    more. `next` None: no more.
    """

    kind: str
    hits: tuple[Hit, ...]
    count: int
    next: int | None

    @property
    def more_than_counted(self) -> bool:
        return self.count > COUNTED


@dataclass(frozen=True, slots=True)
class Found:
    """`asked` False: neither words nor filters were given that anything could be found by."""

    question: Question
    groups: tuple[Group, ...]
    asked: bool = True


class Finder:
    """One per process; reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, typed: str, visible: Mapping[str, Reach], filters: Filters, page: Page) -> Found:
        """Kinds in the order of `visible`; kinds of which nothing is found are left out. Never raises for what is typed."""
        question = ask(typed)
        narrowed = question
        if filters.agencies:
            narrowed = narrowed.narrowed(of_agencies(filters.agencies))
        dated = filters.first is not None or filters.last is not None
        if not narrowed.parts and not narrowed.facets and not dated:
            return Found(question, (), asked=False)
        groups = []
        async with self._database.read() as conn:
            for kind, reach in visible.items():
                if filters.kind in ("", kind):
                    days = days_between(kind, filters.first or FIRST_DAY, filters.last or LAST_DAY)
                    groups.append(await _group(conn, kind, reach, narrowed.narrowed(days) if dated else narrowed, page))
        return Found(question, tuple(group for group in groups if group.hits))


async def _group(conn: Connection, kind: str, reach: Reach, question: Question, page: Page) -> Group:
    narrowed = _reached(question, kind, reach)
    if not all(narrowed.facets):
        return Group(kind, (), 0, None)
    ids = await _ids(conn, kind, narrowed, page)
    shown = ids[: page.rows]
    query = select(search_documents).where(search_documents.c.id.in_(shown))
    rows = {row.id: row for row in await conn.execute(query)}
    hits = tuple(Hit(r.kind, r.key, r.agency, r.time, r.text) for r in (rows[each] for each in shown if each in rows))
    return Group(kind, hits, len(ids), shown[-1] if len(ids) > page.rows else None)


def found_keys(typed: str, kind: str, reach: Reach, *, sqlite: bool) -> Select[tuple[str]] | None:
    """The keys of every document of one kind within `reach` that answers what was typed, as a part of a room's own query, which
    still decides who sees what of them. None: nothing was typed that anything could be found by, or nothing can be reached.
    """
    question = ask(typed)
    if not question.parts:
        return None
    narrowed = _reached(question, kind, reach)
    if not all(narrowed.facets):
        return None
    query, values = _matching(narrowed, sqlite=sqlite)
    matching = text(query).bindparams(**values).columns(id=BigInteger).subquery()
    return select(search_documents.c.key).where(search_documents.c.id == matching.c.id)


def _reached(question: Question, kind: str, reach: Reach) -> Question:
    narrowed = question.narrowed([of_kind(kind)])
    limits = seen(reach)
    return narrowed if limits is None else narrowed.narrowed(limits)


_OF_SQLITE = "SELECT rowid AS id FROM search_words WHERE search_words MATCH :asked"
_OF_POSTGRESQL = "SELECT id FROM search_words WHERE words @@ CAST(CAST(:asked AS text) AS tsquery)"


def _matching(question: Question, *, sqlite: bool) -> tuple[str, dict[str, object]]:
    if sqlite:
        return _OF_SQLITE, {"asked": question.for_sqlite()}
    return _OF_POSTGRESQL, {"asked": question.for_postgresql()}


_NEWEST = 2_000
"""Documents of a kind that are looked through one by one before the index is asked for all: what is common is found among them."""

_OF_THE_NEWEST = (
    # the rows first and then their words, one by one: joined freely, PostgreSQL walks through all that is newer of other kinds,
    # or asks the index for all
    "WITH newest AS MATERIALIZED (SELECT id FROM search_documents WHERE kind = :kind AND id < :before ORDER BY id DESC LIMIT :newest)"
    " SELECT newest.id FROM newest CROSS JOIN LATERAL (SELECT words FROM search_words WHERE search_words.id = newest.id OFFSET 0) AS its"
    " WHERE its.words @@ CAST(CAST(:asked AS text) AS tsquery) ORDER BY newest.id DESC LIMIT :rows"
)
_OF_ALL = (  # materialized, else PostgreSQL may walk from the newest row to where the first is that answers
    "WITH matching AS MATERIALIZED (SELECT id FROM search_words WHERE words @@ CAST(CAST(:asked AS text) AS tsquery) AND id < :before)"
    " SELECT id FROM matching ORDER BY id DESC LIMIT :rows"
)
_NO_END = (1 << 63) - 1


async def _ids(conn: Connection, kind: str, question: Question, page: Page) -> list[int]:
    """The newest, COUNTED + 1 of them at most: what is shown and what is counted is one look into the index."""
    if conn.dialect.name == "sqlite":
        query, values = _matching(question, sqlite=True)
        if page.before is not None:
            query += " AND rowid < :before"
            values["before"] = page.before
        found = await conn.execute(text(f"{query} ORDER BY rowid DESC LIMIT :rows"), values | {"rows": COUNTED + 1})
        return [int(row.id) for row in found]
    values = {"asked": question.for_postgresql(), "before": page.before or _NO_END, "rows": COUNTED + 1}
    # of words that PostgreSQL believes to be common it walks through all the archive where they are not, and of those that it
    # believes to be rare it reads every one where they are common: a short walk first, then the index, is right for both
    newest = list(await conn.execute(text(_OF_THE_NEWEST), values | {"kind": kind, "newest": _NEWEST}))
    found_ids = newest if len(newest) > COUNTED else await conn.execute(text(_OF_ALL), values)
    return [int(row.id) for row in found_ids]
