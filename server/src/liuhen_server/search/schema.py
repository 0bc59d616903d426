"""The tables of this room. They can be emptied and fill themselves again from the log and the other rooms.

`search_words` is the index itself and has one shape per database, so it is no table of SQLAlchemy's: on SQLite an FTS5 table
without contents, on PostgreSQL a tsvector beside the document's id.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)

from liuhen_server.database.schema import NAME, TIME, BigKey, metadata

__all__ = ["search_documents", "search_read"]

search_documents = Table(
    "search_documents",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("key", String(400), nullable=False),  # what the kind's room calls it
    Column("agency", NAME),
    Column("about", Text),  # names that decide who sees it, a blank between: officer-12 dock:dock-03
    Column("time", TIME),
    Column("text", Text, nullable=False),
    UniqueConstraint("kind", "key"),
    Index(None, "kind", "id"),
    comment="What can be found, as its words were taken from it.",
)

search_read = Table(
    "search_read",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True, autoincrement=False),
    Column("next_index", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column(
        "room", Integer
    ),  # which of `sources()` is being read again, and from which place on; null: every one was read
    Column("place", BigInteger),
    comment="One row: how far the log has been read into the index, and by which rule texts were parted into words.",
)

WORDS_OF_SQLITE = (
    # "ascii" parts words at blanks alone, given what index_text gives: every other sign is part of a word
    "CREATE VIRTUAL TABLE search_words USING fts5(words, content='', columnsize=0, tokenize=\"ascii tokenchars '_'\")",
)
WORDS_OF_POSTGRESQL = (
    "CREATE TABLE search_words (id BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)",
    "CREATE INDEX ix_search_words_words ON search_words USING gin (words)",
)


@event.listens_for(search_documents, "after_create")
def _make(_table: Table, connection: Connection, **_: object) -> None:
    for statement in WORDS_OF_SQLITE if connection.dialect.name == "sqlite" else WORDS_OF_POSTGRESQL:
        connection.exec_driver_sql(statement)


@event.listens_for(search_documents, "before_drop")
def _drop(_table: Table, connection: Connection, **_: object) -> None:
    connection.exec_driver_sql("DROP TABLE IF EXISTS search_words")
