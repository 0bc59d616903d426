"""Retention: an agency's own terms, holds, disposal lists, and which clips were disposed of."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
)

revision = "0010"
down_revision = "0009"

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself


def upgrade() -> None:
    op.create_table(
        "retention_tables",
        Column("id", BIG_KEY, nullable=False),
        Column("agency", String(32), nullable=False),
        Column("version", Integer, nullable=False),
        Column("edit", Integer, nullable=False),
        Column("edited_by", String(64), nullable=False),
        Column("edited_time", String(32), nullable=False),
        Column("unlinked_days", Integer, nullable=False),
        Column("approved_by", String(64)),
        Column("approved_time", String(32)),
        Column("from_day", String(10)),
        Column("sha256", String(64)),
        Column("log_index", BigInteger),
        CheckConstraint(
            "(approved_by IS NULL) = (from_day IS NULL)", name=op.f("ck_retention_tables_approved_has_day")
        ),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_retention_tables_agency")),
        PrimaryKeyConstraint("id", name=op.f("pk_retention_tables")),
        UniqueConstraint("agency", "version", name=op.f("uq_retention_tables_agency_version")),
    )
    op.create_table(
        "retention_rows",
        Column("table_id", BigInteger, nullable=False),
        Column("place", Integer, nullable=False),
        Column("enforcement", String(32), nullable=False),
        Column("item", String(40), nullable=False),
        Column("years", Integer),
        ForeignKeyConstraint(["table_id"], ["retention_tables.id"], name=op.f("fk_retention_rows_table_id")),
        PrimaryKeyConstraint("table_id", "place", name=op.f("pk_retention_rows")),
    )
    op.create_table(
        "holds",
        Column("id", BIG_KEY, nullable=False),
        Column("agency", String(32), nullable=False),
        Column("case_id", BigInteger),
        Column("sha256", String(64)),
        Column("dock", String(255)),
        Column("ground", String(16), nullable=False),
        Column("until", String(10)),
        Column("reason", BigInteger, nullable=False),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        Column("released_by", String(64)),
        Column("released_time", String(32)),
        Column("released_reason", BigInteger),
        Column("released_index", BigInteger),
        CheckConstraint("(case_id IS NULL) = (sha256 IS NOT NULL)", name=op.f("ck_holds_case_or_clip")),
        CheckConstraint("(sha256 IS NULL) = (dock IS NULL)", name=op.f("ck_holds_clip_has_dock")),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_holds_agency")),
        ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_holds_case_id")),
        PrimaryKeyConstraint("id", name=op.f("pk_holds")),
        comment="What is not disposed of although its term may have ended: a clip, or all that belongs to a case.",
    )
    for columns in (["case_id"], ["sha256"], ["agency", "released_time"]):
        op.create_index(op.f(f"ix_holds_{'_'.join(columns)}"), "holds", columns, unique=False)
    op.create_table(
        "disposal_lists",
        Column("id", BIG_KEY, nullable=False),
        Column("agency", String(32), nullable=False),
        Column("day", String(10), nullable=False),
        Column("state", String(16), nullable=False),
        Column("version", Integer, nullable=False),
        Column("drawn_by", String(64), nullable=False),
        Column("drawn_time", String(32), nullable=False),
        Column("drawn_index", BigInteger, nullable=False),
        Column("ended_by", String(64)),
        Column("ended_time", String(32)),
        Column("ended_index", BigInteger),
        Column("reason", BigInteger),
        CheckConstraint("(ended_by IS NULL) = (state = 'drawn')", name=op.f("ck_disposal_lists_ended_by_somebody")),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_disposal_lists_agency")),
        PrimaryKeyConstraint("id", name=op.f("pk_disposal_lists")),
    )
    op.create_index(op.f("ix_disposal_lists_agency_id"), "disposal_lists", ["agency", "id"], unique=False)
    op.create_table(
        "disposal_rows",
        Column("list_id", BigInteger, nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("dock", String(255), nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("term", String(10), nullable=False),
        Column("why", String(16), nullable=False),
        Column("state", String(16), nullable=False),
        Column("off_why", String(16)),
        ForeignKeyConstraint(["list_id"], ["disposal_lists.id"], name=op.f("fk_disposal_rows_list_id")),
        PrimaryKeyConstraint("list_id", "sha256", "dock", name=op.f("pk_disposal_rows")),
    )
    op.create_index(op.f("ix_disposal_rows_sha256_dock"), "disposal_rows", ["sha256", "dock"], unique=False)
    op.create_table(
        "disposals",
        Column("sha256", String(64), nullable=False),
        Column("dock", String(255), nullable=False),
        Column("list_id", BigInteger, nullable=False),
        Column("log_index", BigInteger, nullable=False),
        Column("freed", BigInteger, nullable=False),
        Column("removed_time", String(32)),
        ForeignKeyConstraint(["list_id"], ["disposal_lists.id"], name=op.f("fk_disposals_list_id")),
        PrimaryKeyConstraint("sha256", "dock", name=op.f("pk_disposals")),
        comment="Every clip and derivative that was disposed of, and whether its bytes are gone from the store.",
    )
    for column in ("list_id", "removed_time"):
        op.create_index(op.f(f"ix_disposals_{column}"), "disposals", [column], unique=False)
    op.add_column("clips", Column("disposed_index", BigInteger))
