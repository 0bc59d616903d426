"""Reminders that went out, and where a person's go."""

from alembic import op
from sqlalchemy import CheckConstraint, Column, Integer, PrimaryKeyConstraint, String

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("people", Column("email", String(254)))
    op.create_table(
        "reminder_messages",
        Column("recipient", String(64), nullable=False),
        Column("day", String(10), nullable=False),
        Column("state", String(16), nullable=False),
        Column("tries", Integer, nullable=False),
        Column("lost", Integer, nullable=False),
        Column("time", String(32), nullable=False),
        Column("next_time", String(32)),
        Column("why", String(120), nullable=False),
        CheckConstraint("state IN ('sending', 'sent', 'failed', 'given-up')", name=op.f("ck_reminder_messages_state")),
        PrimaryKeyConstraint("recipient", "day", name=op.f("pk_reminder_messages")),
        comment="Reminders that went out or should have: one for a recipient and day.",
    )
    op.create_index(op.f("ix_reminder_messages_day"), "reminder_messages", ["day"], unique=False)
