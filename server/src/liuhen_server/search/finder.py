"""Reading the index: what a person may see of what was asked, newest first, kind by kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    Select,
    String,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from liuhen_server.database import Connection, Database
from liuhen_server.search.facets import FIRST_DAY, LAST_DAY, Reach, days_between, of_agencies, of_kind, seen
from liuhen_server.search.question import Question, ask
from liuhen_server.search.schema import search_documents

__all__ = ["COUNTED", "Filters", "Finder", "Found", "Group", "Hit", "Page", "found_among", "found_keys"]

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
        asked: dict[str, Question] = {}
        for kind, reach in visible.items():
            if filters.kind in ("", kind):
                days = days_between(kind, filters.first or FIRST_DAY, filters.last or LAST_DAY)
                of_its_kind = _reached(narrowed.narrowed(days) if dated else narrowed, kind, reach)
                if all(of_its_kind.facets):
                    asked[kind] = of_its_kind
        async with self._database.read() as conn:
            ids = await _ids(conn, asked, page)
            shown = [each for kind in ids for each in ids[kind][: page.rows]]
            rows = await conn.execute(select(search_documents).where(search_documents.c.id.in_(shown)))
            hits = {row.id: Hit(row.kind, row.key, row.agency, row.time, row.text) for row in rows}
        groups = (_group(kind, ids[kind], hits, page.rows) for kind in asked if ids.get(kind))
        return Found(question, tuple(group for group in groups if group.hits))


def _group(kind: str, ids: Sequence[int], hits: Mapping[int, Hit], rows: int) -> Group:
    shown = ids[:rows]
    found = tuple(hits[each] for each in shown if each in hits)
    return Group(kind, found, len(ids), shown[-1] if len(ids) > rows else None)


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


def found_among(rows: CTE, typed: str, kind: str, reach: Reach, *, sqlite: bool) -> Select[Any]:
    """Those of `rows` (a few of a room's, with a column `id`) whose document answers: they are looked at, and not all that answers. With
    every column of `rows` and in no order. Of a question that `found_keys` has something for.
    """
    question = _reached(ask(typed), kind, reach)
    documents = (search_documents.c.kind == kind) & (search_documents.c.key == cast(rows.c.id, String))
    if sqlite:
        # what lies between the first and the last of them is read from the index in one go: asked for each, it would begin anew
        theirs = select(rows, search_documents.c.id.label("document")).join(search_documents, documents).cte("theirs")
        theirs = theirs.prefix_with("MATERIALIZED")
        words = table("search_words", column("rowid", BigInteger))
        first, last = (select(end(theirs.c.document)).scalar_subquery() for end in (func.min, func.max))
        answers = text("search_words MATCH :asked").bindparams(asked=question.for_sqlite())
        found = select(words.c.rowid).where(answers, words.c.rowid.between(first, last))
        return select(*(theirs.c[each.name] for each in rows.c)).where(theirs.c.document.in_(found))
    words = table("search_words", column("id", BigInteger), column("words"))
    # OFFSET: PostgreSQL would else look up everything that answers
    its = select(words.c.words).join(search_documents, words.c.id == search_documents.c.id).where(documents).offset(0)
    of_row = its.lateral("its")
    asked = cast(bindparam("asked", question.for_postgresql(), Text), TSQUERY)
    return select(rows).join(of_row, literal(True)).where(of_row.c.words.bool_op("@@")(asked))


def _reached(question: Question, kind: str, reach: Reach) -> Question:
    narrowed = question.narrowed([of_kind(kind)])
    limits = seen(reach)
    return narrowed if limits is None else narrowed.narrowed(limits)


def _matching(question: Question, *, sqlite: bool) -> tuple[str, dict[str, object]]:
    if sqlite:
        return "SELECT rowid AS id FROM search_words WHERE search_words MATCH :asked", {"asked": question.for_sqlite()}
    query = "SELECT id FROM search_words WHERE words @@ CAST(CAST(:asked AS text) AS tsquery)"
    return query, {"asked": question.for_postgresql()}


_NEWEST = 2_000
"""Documents of a kind that are looked through one by one before the index is asked for all: what is common is found among them."""

# each of them once for every kind, in one statement: of many kinds most have nothing, and what is dear is the way there. `{n}` tells the
# kinds apart
_OF_SQLITE = (
    "SELECT * FROM (SELECT {n} AS n, rowid AS id FROM search_words"
    " WHERE search_words MATCH :asked{n} AND rowid < :before ORDER BY rowid DESC LIMIT :rows)"
)
_OF_THE_NEWEST = (
    # the rows first and then their words, one by one: joined freely, PostgreSQL walks through all that is newer of other kinds,
    # or asks the index for all
    "(WITH newest AS MATERIALIZED"
    " (SELECT id FROM search_documents WHERE kind = :kind{n} AND id < :before ORDER BY id DESC LIMIT :newest)"
    " SELECT {n} AS n, newest.id FROM newest"
    " CROSS JOIN LATERAL (SELECT words FROM search_words WHERE search_words.id = newest.id OFFSET 0) AS its"
    " WHERE its.words @@ CAST(CAST(:asked{n} AS text) AS tsquery) ORDER BY newest.id DESC LIMIT :rows)"
)
_OF_ALL = (  # + 0, else PostgreSQL may walk from the newest row to where the first is that answers
    "(SELECT {n} AS n, id FROM search_words WHERE words @@ CAST(CAST(:asked{n} AS text) AS tsquery) AND id < :before"
    " ORDER BY id + 0 DESC LIMIT :rows)"
)
_NO_END = (1 << 63) - 1


async def _ids(conn: Connection, asked: Mapping[str, Question], page: Page) -> dict[str, list[int]]:
    """Of each kind the newest, COUNTED + 1 of them at most: what is shown and what is counted is one look into the index."""
    if conn.dialect.name == "sqlite":
        return await _all_of(conn, _OF_SQLITE, {kind: each.for_sqlite() for kind, each in asked.items()}, page)
    typed = {kind: each.for_postgresql() for kind, each in asked.items()}
    # of words that PostgreSQL believes to be common it walks through all the archive where they are not, and of those that it
    # believes to be rare it reads every one where they are common: a short walk first, then the index, is right for both
    found = await _all_of(conn, _OF_THE_NEWEST, typed, page)
    few = {kind: each for kind, each in typed.items() if len(found[kind]) <= COUNTED}
    return found | await _all_of(conn, _OF_ALL, few, page)


async def _all_of(conn: Connection, query: str, asked: Mapping[str, str], page: Page) -> dict[str, list[int]]:
    """The ids by kind, the newest first."""
    found: dict[str, list[int]] = {kind: [] for kind in asked}
    if not asked:
        return found
    kinds = list(asked)
    values: dict[str, object] = {"before": page.before or _NO_END, "rows": COUNTED + 1}
    for n, kind in enumerate(kinds):
        values |= {f"asked{n}": asked[kind]}
        if ":kind{n}" in query:
            values |= {f"kind{n}": kind, "newest": _NEWEST}
    together = " UNION ALL ".join(query.replace("{n}", str(n)) for n in range(len(kinds)))
    for row in await conn.execute(text(together), values):
        found[kinds[row.n]].append(int(row.id))
    return {kind: sorted(ids, reverse=True) for kind, ids in found.items()}
