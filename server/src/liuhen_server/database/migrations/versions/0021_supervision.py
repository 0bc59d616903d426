"""Oversight: spot checks, supervision opinions, self-inspection reports, records; the index by which decisions are counted."""

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
)

revision = "0021"
down_revision = "0020"

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself


def upgrade() -> None:
    op.create_table(
        "spot_checks",
        Column("id", BIG_KEY, nullable=False),
        Column("agency", String(32), nullable=False),
        Column("from_day", String(10), nullable=False),
        Column("until_day", String(10), nullable=False),
        Column("sample", Integer, nullable=False),
        Column("population", Text, nullable=False),
        Column("population_sha256", String(64), nullable=False),
        Column("announced_by", String(64), nullable=False),
        Column("announced_time", String(32), nullable=False),
        Column("announced_index", BigInteger, nullable=False),
        Column("size", BigInteger),
        Column("root", String(64)),
        Column("cases", Text),
        Column("cases_sha256", String(64)),
        Column("drawn_by", String(64)),
        Column("drawn_time", String(32)),
        Column("drawn_index", BigInteger),
        CheckConstraint("size IS NULL OR size > announced_index", name=op.f("ck_spot_checks_drawn_after")),
        CheckConstraint(
            "(cases IS NULL) = (root IS NULL) AND (cases IS NULL) = (drawn_by IS NULL)",
            name=op.f("ck_spot_checks_drawn_whole"),
        ),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_spot_checks_agency")),
        PrimaryKeyConstraint("id", name=op.f("pk_spot_checks")),
    )
    op.create_index(op.f("ix_spot_checks_agency"), "spot_checks", ["agency"])
    op.create_table(
        "supervision_opinions",
        Column("id", BIG_KEY, nullable=False),
        Column("agency", String(32), nullable=False),
        Column("about", String(64), nullable=False),
        Column("due", String(10), nullable=False),
        Column("state", String(16), nullable=False),
        Column("version", Integer, nullable=False),
        Column("said", BigInteger, nullable=False),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_supervision_opinions_agency")),
        PrimaryKeyConstraint("id", name=op.f("pk_supervision_opinions")),
        comment="行政执法监督意见: what an agency is asked to put right, until its answer is taken.",
    )
    op.create_index(op.f("ix_supervision_opinions_agency_state"), "supervision_opinions", ["agency", "state"])
    op.create_table(
        "supervision_answers",
        Column("id", BIG_KEY, nullable=False),
        Column("opinion_id", BigInteger, nullable=False),
        Column("what", String(16), nullable=False),
        Column("said", BigInteger, nullable=False),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        ForeignKeyConstraint(
            ["opinion_id"], ["supervision_opinions.id"], name=op.f("fk_supervision_answers_opinion_id")
        ),
        PrimaryKeyConstraint("id", name=op.f("pk_supervision_answers")),
    )
    op.create_index(op.f("ix_supervision_answers_opinion_id"), "supervision_answers", ["opinion_id"])
    op.create_table(
        "self_reports",
        Column("id", BIG_KEY, nullable=False),
        Column("agency", String(32), nullable=False),
        Column("year", Integer, nullable=False),
        Column("version", Integer, nullable=False),
        Column("said", BigInteger, nullable=False),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        Column("received_by", String(64)),
        Column("received_time", String(32)),
        Column("received_index", BigInteger),
        CheckConstraint("received_by IS NULL OR received_by <> by", name=op.f("ck_self_reports_received_by_another")),
        CheckConstraint(
            "(received_by IS NULL) = (received_index IS NULL)", name=op.f("ck_self_reports_received_whole")
        ),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_self_reports_agency")),
        PrimaryKeyConstraint("id", name=op.f("pk_self_reports")),
        UniqueConstraint("agency", "year", "version", name=op.f("uq_self_reports_agency_year_version")),
        comment="自查报告, and that the justice department received it.",
    )
    op.create_table(
        "supervision_records",
        Column("id", BIG_KEY, nullable=False),
        Column("agency", String(32)),
        Column("kind", String(32), nullable=False),
        Column("name", String(64), nullable=False),
        Column("what", String(200), nullable=False),
        Column("day", String(10), nullable=False),
        Column("hours", Integer, nullable=False),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        Column("ended_time", String(32)),
        Column("ended_by", String(64)),
        CheckConstraint("hours >= 0", name=op.f("ck_supervision_records_hours")),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_supervision_records_agency")),
        PrimaryKeyConstraint("id", name=op.f("pk_supervision_records")),
        comment="Responsible persons, coordination members, legal counsel, trainings: never deleted, ended.",
    )
    op.create_index(op.f("ix_supervision_records_agency_kind"), "supervision_records", ["agency", "kind"])
    op.create_index(
        "ix_decisions_counted",
        "decisions",
        ["dated", "agency", "enforcement", "kind", "fine_fen", "confiscated_fen", "draft_id", "case_id"],
    )
