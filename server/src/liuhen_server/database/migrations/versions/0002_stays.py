"""Stays of recorders, read from the log by the pages; they fill themselves from its beginning."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Integer,
    PrimaryKeyConstraint,
    String,
    column,
    table,
)

revision = "0002"
down_revision = "0001"

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself


def upgrade() -> None:
    op.create_table(
        "stays",
        Column("docked_index", BIG_KEY, autoincrement=False, nullable=False),
        Column("dock", String(255), nullable=False),
        Column("seq", BigInteger, nullable=False),
        Column("session", String(255), nullable=False),
        Column("time", String(32), nullable=False),
        Column("bay", String(255), nullable=False),
        Column("recorder", String(255), nullable=False),
        Column("officer", String(255)),
        Column("quarantined", Boolean, nullable=False),
        Column("files", Integer, nullable=False),
        Column("total_bytes", BigInteger, nullable=False),
        Column("failed", Integer, nullable=False),
        Column("missing", BigInteger, nullable=False),
        Column("deleted", BigInteger, nullable=False),
        Column("problems", Integer, nullable=False),
        Column("cleared", Integer, nullable=False),
        Column("ended_seq", BigInteger),
        Column("ended_time", String(32)),
        Column("premature", Boolean, nullable=False),
        PrimaryKeyConstraint("docked_index", name=op.f("pk_stays")),
        comment="Every stay of a recorder in a bay, as the log tells it so far.",
    )
    op.create_index(op.f("ix_stays_time"), "stays", ["time"], unique=False)
    op.create_index(op.f("ix_stays_dock_session"), "stays", ["dock", "session"], unique=False)
    op.create_index(op.f("ix_stays_dock_time"), "stays", ["dock", "time"], unique=False)
    op.create_table(
        "stays_read",
        Column("id", Integer, autoincrement=False, nullable=False),
        Column("next_index", BigInteger, nullable=False),
        CheckConstraint("id = 1", name=op.f("ck_stays_read_one_row")),
        PrimaryKeyConstraint("id", name=op.f("pk_stays_read")),
        comment="One row: how far the log has been read into `stays`.",
    )
    op.bulk_insert(table("stays_read", column("id"), column("next_index")), [{"id": 1, "next_index": 0}])
