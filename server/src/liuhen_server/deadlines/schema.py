"""The tables of this room."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

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
