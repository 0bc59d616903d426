"""Annual tables: reports, and the indexes by which they are counted."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    text,
)

revision = "0019"
down_revision = "0018"

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself


def upgrade() -> None:
    op.create_table(
        "statistics_reports",
        Column("id", BIG_KEY, nullable=False),
        Column("agency", String(32), nullable=False),
        Column("year", Integer, nullable=False),
        Column("version", Integer, nullable=False),
        Column("edit", Integer, nullable=False),
        Column("edited_by", String(64), nullable=False),
        Column("edited_time", String(32), nullable=False),
        Column("drawn_time", String(32), nullable=False),
        Column("figures", Text, nullable=False),
        Column("words", Text, nullable=False),
        Column("signed_by", String(64)),
        Column("signed_time", String(32)),
        Column("signed_day", String(10)),
        Column("sha256", String(64)),
        Column("log_index", BigInteger),
        CheckConstraint(
            "(signed_by IS NULL) = (sha256 IS NULL) AND (signed_by IS NULL) = (log_index IS NULL)",
            name=op.f("ck_statistics_reports_signed_whole"),
        ),
        CheckConstraint(
            "signed_by IS NULL OR signed_by <> edited_by", name=op.f("ck_statistics_reports_signed_by_another")
        ),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_statistics_reports_agency")),
        PrimaryKeyConstraint("id", name=op.f("pk_statistics_reports")),
        UniqueConstraint("agency", "year", "version", name=op.f("uq_statistics_reports_agency_year_version")),
        comment="An agency's annual tables: drafts with the figures as they were counted, and what was signed.",
    )
    is_open = text("signed_by IS NULL")
    op.create_index(
        "uq_statistics_reports_open",
        "statistics_reports",
        ["agency", "year"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index(
        op.f("ix_case_documents_kind_case_id_current_dated"), "case_documents", ["kind", "case_id", "current", "dated"]
    )
    op.create_index(op.f("ix_cases_decided_before"), "cases", ["decided_before"])
