"""The yearly notices of days off that were loaded."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, String, Text

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "calendar_notices",
        Column("year", Integer, nullable=False, autoincrement=False),
        Column("number", String(80), nullable=False),
        Column("days", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        PrimaryKeyConstraint("year", name=op.f("pk_calendar_notices")),
        comment="Days off and days worked as the State Council's notice of a year has them; earlier versions lie in `said`.",
    )
