"""Agencies that are merged into another."""

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
    text,
)

revision = "0024"
down_revision = "0023"

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself
CONFIRMED, PROPOSED = text("state = 'confirmed'"), text("state = 'proposed'")


def upgrade() -> None:
    op.create_table(
        "agency_mergers",
        Column("id", BIG_KEY, nullable=False),
        Column("agency", String(32), nullable=False),
        Column("into", String(32), nullable=False),
        Column("heir", String(32)),
        Column("day", String(10), nullable=False),
        Column("document", String(120), nullable=False),
        Column("reason", Text, nullable=False),
        Column("state", String(16), nullable=False),
        Column("proposed_by", String(64), nullable=False),
        Column("proposed_time", String(32), nullable=False),
        Column("decided_by", String(64)),
        Column("decided_time", String(32)),
        Column("log_index", BigInteger),
        Column("version", Integer, nullable=False),
        CheckConstraint('agency <> "into"', name=op.f("ck_agency_mergers_into_another")),
        CheckConstraint("heir IS NULL OR heir <> agency", name=op.f("ck_agency_mergers_carried_on_by_another")),
        CheckConstraint(
            "(state = 'proposed') = (decided_by IS NULL)", name=op.f("ck_agency_mergers_decided_by_somebody")
        ),
        CheckConstraint(
            "state <> 'confirmed' OR decided_by <> proposed_by", name=op.f("ck_agency_mergers_confirmed_by_another")
        ),
        CheckConstraint(
            "state <> 'withdrawn' OR decided_by = proposed_by", name=op.f("ck_agency_mergers_withdrawn_by_the_same")
        ),
        CheckConstraint(
            "(state = 'confirmed') = (heir IS NOT NULL)", name=op.f("ck_agency_mergers_carried_on_once_confirmed")
        ),
        CheckConstraint(
            "(state = 'confirmed') = (log_index IS NOT NULL)", name=op.f("ck_agency_mergers_confirmed_is_stated")
        ),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_agency_mergers_agency")),
        ForeignKeyConstraint(["into"], ["agencies.code"], name=op.f("fk_agency_mergers_into")),
        ForeignKeyConstraint(["heir"], ["agencies.code"], name=op.f("fk_agency_mergers_heir")),
        PrimaryKeyConstraint("id", name=op.f("pk_agency_mergers")),
        comment="Agencies that were merged into another (机构合并), and what was proposed of it.",
    )
    op.create_index(op.f("ix_agency_mergers_heir"), "agency_mergers", ["heir"])
    for name, where in (("once", CONFIRMED), ("proposed", PROPOSED)):
        op.create_index(
            f"uq_agency_mergers_{name}",
            "agency_mergers",
            ["agency"],
            unique=True,
            sqlite_where=where,
            postgresql_where=where,
        )
