"""Writing the index: documents are put and forgotten in the transaction that makes, changes or ends what they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update

from liuhen_protocol.errors import Malformed
from liuhen_protocol.moment import parse_time
from liuhen_server.cases.calendar import CHINA
from liuhen_server.database import Connection
from liuhen_server.search.facets import of_document
from liuhen_server.search.schema import search_documents
from liuhen_server.search.words import NO_WORD, index_text, pairs

__all__ = ["CHINA", "Indexed", "empty", "forget", "put"]


IN_ONE_QUERY = 400


@dataclass(frozen=True, slots=True)
class Indexed:
    """A document: `kind` (a to z) and `id` name it, `when` is UTC text as statements carry it, `text` is what it is found by
    (fields with `words.GAP` between them). `agency` and `about` (`officer-12`, `dock:dock-03`; no blanks) decide who sees it.
    """

    kind: str
    id: str
    agency: str | None
    when: str | None
    text: str
    about: frozenset[str] = frozenset()


class _Kept(NamedTuple):
    """A row of `search_documents`."""

    id: int
    kind: str
    key: str
    agency: str | None
    about: str | None
    time: str | None
    text: str


async def put(conn: Connection, documents: Iterable[Indexed]) -> None:
    """Adds them, or changes what is there under the same kind and id. What is the same already costs one look."""
    wanted = {(each.kind, each.id): row_of(each) for each in documents}
    kept = {(row.kind, row.key): row for row in await _kept(conn, wanted)}
    new = [row for name, row in wanted.items() if name not in kept]
    changed = [(kept[name], row) for name, row in wanted.items() if name in kept and not _same(kept[name], row)]
    words: list[tuple[int, str]] = []
    if new:
        query = insert(search_documents).returning(
            search_documents.c.id, search_documents.c.kind, search_documents.c.key
        )
        ids = {(row.kind, row.key): row.id for row in await conn.execute(query, new)}
        words += [(ids[row["kind"], row["key"]], words_of_row(row)) for row in new]
    if changed:
        await _unindex(conn, [before for before, _ in changed])
        names = ("agency", "about", "time", "text")
        statement = update(search_documents).where(search_documents.c.id == bindparam("of_id"))
        statement = statement.values({name: bindparam(f"new_{name}") for name in names})
        values = [{"of_id": old.id} | {f"new_{name}": row[name] for name in names} for old, row in changed]
        await conn.execute(statement, values)
        words += [(before.id, words_of_row(row)) for before, row in changed]
    await _index(conn, words)


async def forget(conn: Connection, kind: str, ids: Iterable[str]) -> None:
    """Takes documents out of the index; those that are not there are passed over."""
    kept = await _kept(conn, [(kind, each) for each in ids])
    await _unindex(conn, kept)
    for part in _parts([row.id for row in kept]):
        await conn.execute(delete(search_documents).where(search_documents.c.id.in_(part)))


async def empty(conn: Connection) -> None:
    """Takes everything out, at once."""
    if conn.dialect.name == "sqlite":
        await conn.exec_driver_sql("INSERT INTO search_words(search_words) VALUES('delete-all')")
    else:
        await conn.exec_driver_sql("TRUNCATE search_words")
    await conn.execute(delete(search_documents))


def day_of(when: str | None) -> date | None:
    """The day in the agency's zone; None where the time is none, or at the end of time."""
    if when is None:
        return None
    try:
        return parse_time(when).astimezone(CHINA).date()
    except (Malformed, OverflowError):
        return None


async def _kept(conn: Connection, names: Iterable[tuple[str, str]]) -> list[_Kept]:
    by_kind: dict[str, list[str]] = defaultdict(list)
    for kind, key in names:
        by_kind[kind].append(key)
    found: list[_Kept] = []
    columns = [search_documents.c[name] for name in _Kept._fields]
    for kind, keys in by_kind.items():
        for part in _parts(keys):
            query = select(*columns).where(search_documents.c.kind == kind, search_documents.c.key.in_(part))
            found += [_Kept(*row) for row in await conn.execute(query)]
    return found


def row_of(document: Indexed) -> dict[str, Any]:
    return {
        "kind": document.kind,
        "key": document.id,
        "agency": document.agency,
        "about": " ".join(sorted(document.about)) or None,
        "time": document.when,
        "text": document.text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd"),
    }


def _same(kept: _Kept, row: dict[str, Any]) -> bool:
    return all(getattr(kept, name) == row[name] for name in ("agency", "about", "time", "text"))


def words_of_row(row: dict[str, Any]) -> str:
    """What the index is told of a row of `search_documents`."""
    about = (row["about"] or "").split()
    facets = of_document(row["kind"], row["agency"], about, day_of(row["time"]))
    return " ".join([index_text(row["text"]), *facets])


async def _index(conn: Connection, words: Sequence[tuple[int, str]]) -> None:
    if not words:
        return
    if conn.dialect.name == "sqlite":
        await conn.exec_driver_sql("INSERT INTO search_words(rowid, words) VALUES (?, ?)", list(words))
        return
    statement = "INSERT INTO search_words (id, words) VALUES ($1, CAST($2::text AS tsvector))"
    await conn.exec_driver_sql(statement, [(number, tsvector(text)) for number, text in words])


async def _unindex(conn: Connection, kept: Sequence[_Kept]) -> None:
    if not kept:
        return
    if conn.dialect.name == "sqlite":  # FTS5 without contents takes back the words it is told again
        statement = "INSERT INTO search_words(search_words, rowid, words) VALUES ('delete', ?, ?)"
        await conn.exec_driver_sql(statement, [(row.id, words_of_row(row._asdict())) for row in kept])
        return
    await conn.exec_driver_sql("DELETE FROM search_words WHERE id = $1", [(row.id,) for row in kept])


def tsvector(words: str) -> str:
    """As PostgreSQL reads a tsvector: each word once, with its places, and pairs of signs without. A free place is left out."""
    places: dict[str, list[str]] = {}
    for place, word in enumerate(words.split(" "), 1):
        if word == NO_WORD or not word:
            continue
        of_word = places.setdefault(word, [])
        if not word.startswith(NO_WORD):
            of_word.append(str(place))
    for pair in pairs(words.split(" ")):
        places.setdefault(pair, [])
    return " ".join(f"'{word}':{','.join(at)}" if at else f"'{word}'" for word, at in places.items())


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), IN_ONE_QUERY):
        yield values[start : start + IN_ONE_QUERY]
