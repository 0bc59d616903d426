"""Signing in by an identity provider: whom it names, and which of its answers came back already."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, String, UniqueConstraint

revision = "0017"
down_revision = "0016"

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself


def upgrade() -> None:
    op.create_table(
        "people_subjects",
        Column("issuer", String(255), nullable=False),
        Column("subject", String(255), nullable=False),
        Column("person_id", BIG_KEY, nullable=False),
        ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_people_subjects_person_id")),
        PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_people_subjects")),
        UniqueConstraint("person_id", name=op.f("uq_people_subjects_person_id")),
        comment="Whom an identity provider's name for somebody opens: written by the security administrator alone.",
    )
    op.create_table(
        "provider_returns",
        Column("state_sha256", String(64), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("waiting", BIG_KEY),
        ForeignKeyConstraint(["waiting"], ["people.id"], name=op.f("fk_provider_returns_waiting")),
        PrimaryKeyConstraint("state_sha256", name=op.f("pk_provider_returns")),
        comment="Answers of the identity provider that came back: none is taken twice.",
    )
    op.create_index(op.f("ix_provider_returns_at"), "provider_returns", ["at"], unique=False)
