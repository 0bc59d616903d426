"""The tables of this room."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, String, Table, Text

from liuhen_server.database.schema import TIME, metadata

calendar_notices = Table(
    "calendar_notices",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("number", String(80), nullable=False),  # of the notice itself: its source
    Column("days", Text, nullable=False),  # as `notice.table_text` writes it
    Column("version", Integer, nullable=False),
    Column("by", String(64), nullable=False),
    Column("time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    comment="Days off and days worked as the State Council's notice of a year has them; earlier versions lie in `said`.",
)

reminder_messages = Table(
    "reminder_messages",
    metadata,
    Column("recipient", String(64), primary_key=True),  # person-7, webhook-<name>
    Column("day", String(10), primary_key=True),
    Column("state", String(16), nullable=False),  # key of sent.State
    Column("tries", Integer, nullable=False),
    Column("lost", Integer, nullable=False),  # how often the process ended between sending and writing so
    Column("time", TIME, nullable=False),  # of the last step
    Column("next_time", TIME),  # of one that failed: not before
    Column("why", String(120), nullable=False),
    Index(None, "day"),
    CheckConstraint("state IN ('sending', 'sent', 'failed', 'given-up')", name="state"),
    comment="Reminders that went out or should have: one for a recipient and day.",
)
