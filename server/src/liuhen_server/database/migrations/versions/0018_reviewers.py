"""The legal qualification of reviewers."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, String

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "reviewers",
        Column("person_id", BigInteger, nullable=False, autoincrement=False),
        Column("first_day", String(10)),
        Column("qualification", String(64), nullable=False),
        Column("remark", String(200), nullable=False),
        Column("version", Integer, nullable=False),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_reviewers_person_id")),
        PrimaryKeyConstraint("person_id", name=op.f("pk_reviewers")),
        comment="The legal qualification of those who review, as the head wrote it down; earlier versions lie in `said`.",
    )
