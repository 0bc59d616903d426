"""The table of this room: an agency's reports of a year, in versions. What was signed never changes."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from liuhen_server.cases.schema import CODE, DAY, PERSON
from liuhen_server.database.schema import HEX32, TIME, BigKey, metadata

__all__ = ["statistics_reports"]

_OPEN = text("signed_by IS NULL")

statistics_reports = Table(
    "statistics_reports",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False),
    Column("year", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("edit", Integer, nullable=False),  # how often the draft was saved: who saves under an older one is told
    Column("edited_by", PERSON, nullable=False),
    Column("edited_time", TIME, nullable=False),
    Column("drawn_time", TIME, nullable=False),  # when the figures were counted
    Column("figures", Text, nullable=False),  # JSON: figure → [count, fen], and the months
    Column("words", Text, nullable=False),  # the part in words
    Column("signed_by", PERSON),  # null: a draft
    Column("signed_time", TIME),
    Column("signed_day", DAY),
    Column("sha256", HEX32),
    Column("log_index", BigInteger),
    UniqueConstraint("agency", "year", "version"),
    Index("uq_statistics_reports_open", "agency", "year", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    CheckConstraint(
        "(signed_by IS NULL) = (sha256 IS NULL) AND (signed_by IS NULL) = (log_index IS NULL)", name="signed_whole"
    ),
    CheckConstraint("signed_by IS NULL OR signed_by <> edited_by", name="signed_by_another"),
    comment="An agency's annual tables: drafts with the figures as they were counted, and what was signed.",
)
