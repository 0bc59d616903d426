"""Recorders, who held them, their faults, and what two people decide about unknown ones and about clips in quarantine."""

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

revision = "0009"
down_revision = "0008"

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself


def upgrade() -> None:
    op.create_index(op.f("ix_stays_recorder_docked_index"), "stays", ["recorder", "docked_index"], unique=False)
    op.create_index(op.f("ix_clips_recorder_collected_time"), "clips", ["recorder", "collected_time"], unique=False)
    op.create_table(
        "recorders",
        Column("id", BIG_KEY, nullable=False),
        Column("serial", String(255), nullable=False),
        Column("agency", String(32), nullable=False),
        Column("model", String(64), nullable=False),
        Column("state", String(16), nullable=False),
        Column("state_time", String(32), nullable=False),
        Column("version", Integer, nullable=False),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_recorders_agency")),
        PrimaryKeyConstraint("id", name=op.f("pk_recorders")),
        UniqueConstraint("serial", name=op.f("uq_recorders_serial")),
        comment="Body-worn recorders; never deleted. Where one was seen is read from the stays.",
    )
    op.create_index(op.f("ix_recorders_agency"), "recorders", ["agency"], unique=False)
    op.create_table(
        "holdings",
        Column("id", BIG_KEY, nullable=False),
        Column("recorder", BigInteger, nullable=False),
        Column("officer", BigInteger, nullable=False),
        Column("from_time", String(32), nullable=False),
        Column("until_time", String(32)),
        Column("version", Integer, nullable=False),
        CheckConstraint("until_time IS NULL OR from_time < until_time", name=op.f("ck_holdings_from_before_until")),
        ForeignKeyConstraint(["recorder"], ["recorders.id"], name=op.f("fk_holdings_recorder")),
        ForeignKeyConstraint(["officer"], ["officers.id"], name=op.f("fk_holdings_officer")),
        PrimaryKeyConstraint("id", name=op.f("pk_holdings")),
        comment="Who had which recorder, as people wrote it down. What recorders say themselves is read from the stays.",
    )
    op.create_index(op.f("ix_holdings_officer"), "holdings", ["officer"], unique=False)
    op.create_index(op.f("ix_holdings_recorder_from_time"), "holdings", ["recorder", "from_time"], unique=False)
    held_now = text("until_time IS NULL")
    op.create_index(
        "uq_holdings_held_now",
        "holdings",
        ["recorder"],
        unique=True,
        sqlite_where=held_now,
        postgresql_where=held_now,
    )
    op.create_table(
        "recorder_faults",
        Column("id", BIG_KEY, nullable=False),
        Column("recorder", BigInteger, nullable=False),
        Column("what", Text, nullable=False),
        Column("reported_by", String(64), nullable=False),
        Column("reported_time", String(32), nullable=False),
        Column("repair", Text),
        Column("repaired_by", String(64)),
        Column("repaired_time", String(32)),
        Column("version", Integer, nullable=False),
        CheckConstraint(
            "(repaired_by IS NULL) = (repaired_time IS NULL)",
            name=op.f("ck_recorder_faults_repaired_by_whom_and_when"),
        ),
        ForeignKeyConstraint(["recorder"], ["recorders.id"], name=op.f("fk_recorder_faults_recorder")),
        PrimaryKeyConstraint("id", name=op.f("pk_recorder_faults")),
    )
    op.create_index(op.f("ix_recorder_faults_recorder"), "recorder_faults", ["recorder"], unique=False)
    op.create_table(
        "proposals",
        Column("id", BIG_KEY, nullable=False),
        Column("kind", String(16), nullable=False),
        Column("about", String(255), nullable=False),
        Column("stay", BigInteger, nullable=False),
        Column("seen_by", String(32)),
        Column("outcome", String(16), nullable=False),
        Column("agency", String(32)),
        Column("officer", BigInteger),
        Column("model", String(64), nullable=False),
        Column("reason", Text, nullable=False),
        Column("state", String(16), nullable=False),
        Column("proposed_by", String(64), nullable=False),
        Column("proposed_time", String(32), nullable=False),
        Column("decided_by", String(64)),
        Column("decided_time", String(32)),
        Column("version", Integer, nullable=False),
        CheckConstraint("(state = 'proposed') = (decided_by IS NULL)", name=op.f("ck_proposals_decided_by_somebody")),
        CheckConstraint(
            "state <> 'confirmed' OR decided_by <> proposed_by", name=op.f("ck_proposals_confirmed_by_another")
        ),
        CheckConstraint(
            "state <> 'withdrawn' OR decided_by = proposed_by", name=op.f("ck_proposals_withdrawn_by_the_same")
        ),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_proposals_agency")),
        ForeignKeyConstraint(["officer"], ["officers.id"], name=op.f("fk_proposals_officer")),
        PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        comment="What two people decide about unknown recorders and clips in quarantine: one proposes, another confirms.",
    )
    op.create_index(op.f("ix_proposals_kind_about"), "proposals", ["kind", "about"], unique=False)
    is_open = text("state = 'proposed'")
    op.create_index(
        "uq_proposals_open",
        "proposals",
        ["kind", "about"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
