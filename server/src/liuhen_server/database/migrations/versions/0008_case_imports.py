"""What is kept of a sheet of cases between reading it and opening them."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, String, Text

revision = "0008"
down_revision = "0007"

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself


def upgrade() -> None:
    op.create_table(
        "case_imports",
        Column("id", BIG_KEY, nullable=False),
        Column("by", String(64), nullable=False),
        Column("agency", String(32), nullable=False),
        Column("name", String(200), nullable=False),
        Column("made_time", String(32), nullable=False),
        Column("done_time", String(32)),
        Column("rows", Text),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_case_imports_agency")),
        PrimaryKeyConstraint("id", name=op.f("pk_case_imports")),
        comment="A sheet that was read without a mistake, until its sender says that it is to be done.",
    )
    op.create_index(op.f("ix_case_imports_by"), "case_imports", ["by"], unique=False)
