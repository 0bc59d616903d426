"""What can be found, and the index of its words: FTS5 on SQLite, a tsvector on PostgreSQL. It fills itself from the log."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    column,
    table,
)

revision = "0004"
down_revision = "0003"

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself


def upgrade() -> None:
    op.create_table(
        "search_documents",
        Column("id", BIG_KEY, nullable=False),
        Column("kind", String(32), nullable=False),
        Column("key", String(400), nullable=False),
        Column("agency", String(255)),
        Column("about", Text),
        Column("time", String(32)),
        Column("text", Text, nullable=False),
        PrimaryKeyConstraint("id", name=op.f("pk_search_documents")),
        UniqueConstraint("kind", "key", name=op.f("uq_search_documents_kind_key")),
        comment="What can be found, as its words were taken from it.",
    )
    op.create_table(
        "search_read",
        Column("id", Integer, autoincrement=False, nullable=False),
        Column("next_index", BigInteger, nullable=False),
        Column("version", Integer, nullable=False),
        CheckConstraint("id = 1", name=op.f("ck_search_read_one_row")),
        PrimaryKeyConstraint("id", name=op.f("pk_search_read")),
        comment="One row: how far the log has been read into the index, and by which rule texts were parted into words.",
    )
    row = {"id": 1, "next_index": 0, "version": 1}
    op.bulk_insert(table("search_read", column("id"), column("next_index"), column("version")), [row])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE search_words USING fts5"
            "(words, content='', columnsize=0, tokenize=\"ascii tokenchars '_'\")"
        )
    else:
        op.execute("CREATE TABLE search_words (id BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)")
        op.execute("CREATE INDEX ix_search_words_words ON search_words USING gin (words)")
