"""What agencies hand over, with receipts."""

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
)

revision = "0022"
down_revision = "0021"

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself


def upgrade() -> None:
    op.create_table(
        "handovers",
        Column("id", BIG_KEY, nullable=False),
        Column("agency", String(32), nullable=False),
        Column("to_agency", String(32)),
        Column("what", String(32), nullable=False),
        Column("enforcement", String(32), nullable=False),
        Column("name", String(200), nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        Column("received_by", String(64)),
        Column("received_time", String(32)),
        Column("received_index", BigInteger),
        CheckConstraint("(received_by IS NULL) = (received_index IS NULL)", name=op.f("ck_handovers_received_whole")),
        CheckConstraint("received_by IS NULL OR received_by <> by", name=op.f("ck_handovers_received_by_another")),
        CheckConstraint("to_agency IS NULL OR to_agency <> agency", name=op.f("ck_handovers_to_another")),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_handovers_agency")),
        ForeignKeyConstraint(["to_agency"], ["agencies.code"], name=op.f("fk_handovers_to_agency")),
        PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    for column in ("agency", "to_agency"):
        op.create_index(op.f(f"ix_handovers_{column}_id"), "handovers", [column, "id"])
