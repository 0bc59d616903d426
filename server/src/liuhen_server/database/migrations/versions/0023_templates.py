"""Document templates."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
)

revision = "0023"
down_revision = "0022"

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself


def upgrade() -> None:
    op.create_table(
        "paper_templates",
        Column("id", BIG_KEY, nullable=False),
        Column("agency", String(32), nullable=False),
        Column("enforcement", String(32), nullable=False),
        Column("stage", String(32), nullable=False),
        Column("kind", String(32), nullable=False),
        Column("version", Integer, nullable=False),
        Column("name", String(200), nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        CheckConstraint("version > 0", name=op.f("ck_paper_templates_counted")),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_paper_templates_agency")),
        PrimaryKeyConstraint("id", name=op.f("pk_paper_templates")),
        UniqueConstraint("agency", "enforcement", "stage", "kind", "version", name="uq_paper_templates_version"),
        comment="Document templates (DOCX with fields); the newest version of each kind is used.",
    )
    op.create_index(op.f("ix_paper_templates_agency_enforcement"), "paper_templates", ["agency", "enforcement"])
