"""The tables of this room. Nothing in them is deleted: a hold that ended says who ended it, a list what became of each clip."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from liuhen_server.database.schema import HEX32, NAME, TIME, BigKey, metadata

CODE = String(32)
PERSON = String(64)  # person-7, as the log has it
DAY = String(10)  # 2026-11-20, of the agency's zone

retention_tables = Table(
    "retention_tables",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False),
    Column("version", Integer, nullable=False),  # of the agency's tables, counted from 1
    Column("edit", Integer, nullable=False),  # how often the draft was saved: who saves under an older one is told
    Column("edited_by", PERSON, nullable=False),
    Column("edited_time", TIME, nullable=False),
    Column("unlinked_days", Integer, nullable=False),
    Column("approved_by", PERSON),  # null: a draft
    Column("approved_time", TIME),
    Column("from_day", DAY),
    Column("sha256", HEX32),
    Column("log_index", BigInteger),
    UniqueConstraint("agency", "version"),
    CheckConstraint("(approved_by IS NULL) = (from_day IS NULL)", name="approved_has_day"),
)

retention_rows = Table(
    "retention_rows",
    metadata,
    Column("table_id", BigInteger, ForeignKey("retention_tables.id"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("enforcement", CODE, nullable=False),
    Column("item", String(40), nullable=False),  # a row of the recording list; empty: the whole class
    Column("years", Integer),  # after the file is archived; null: for ever
)

holds = Table(
    "holds",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False),
    Column("case_id", BigInteger, ForeignKey("cases.id"), index=True),
    Column("sha256", HEX32, index=True),
    Column("dock", NAME),
    Column("ground", String(16), nullable=False),
    Column("until", DAY),  # the last day; null: until it is released
    Column("reason", BigInteger, nullable=False),  # in `said`
    Column("by", PERSON, nullable=False),
    Column("time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    Column("released_by", PERSON),
    Column("released_time", TIME),
    Column("released_reason", BigInteger),
    Column("released_index", BigInteger),
    CheckConstraint("(case_id IS NULL) = (sha256 IS NOT NULL)", name="case_or_clip"),
    CheckConstraint("(sha256 IS NULL) = (dock IS NULL)", name="clip_has_dock"),
    Index(None, "agency", "released_time"),
    comment="What is not disposed of although its term may have ended: a clip, or all that belongs to a case.",
)

disposal_lists = Table(
    "disposal_lists",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False),
    Column("day", DAY, nullable=False),  # the terms of its clips ended before it
    Column("state", String(16), nullable=False),  # drawn | approved | withdrawn
    Column("version", Integer, nullable=False),
    Column("drawn_by", PERSON, nullable=False),
    Column("drawn_time", TIME, nullable=False),
    Column("drawn_index", BigInteger, nullable=False),
    Column("ended_by", PERSON),  # who approved or withdrew it
    Column("ended_time", TIME),
    Column("ended_index", BigInteger),
    Column("reason", BigInteger),  # of the withdrawing, in `said`
    CheckConstraint("(ended_by IS NULL) = (state = 'drawn')", name="ended_by_somebody"),
    Index(None, "agency", "id"),
)

disposal_rows = Table(
    "disposal_rows",
    metadata,
    Column("list_id", BigInteger, ForeignKey("disposal_lists.id"), primary_key=True),
    Column("sha256", HEX32, primary_key=True),
    Column("dock", NAME, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("term", DAY, nullable=False),  # the last day of its term when the list was drawn
    Column("why", String(16), nullable=False),  # what the term rested on
    Column("state", String(16), nullable=False),  # listed | disposed | taken_off
    Column("off_why", String(16)),  # of one taken off: what its term rests on now
    Index(None, "sha256", "dock"),
)

disposals = Table(
    "disposals",
    metadata,
    Column("sha256", HEX32, primary_key=True),
    Column("dock", NAME, primary_key=True),
    Column("list_id", BigInteger, ForeignKey("disposal_lists.id"), nullable=False, index=True),
    Column("log_index", BigInteger, nullable=False),  # of the tombstone
    Column("freed", BigInteger, nullable=False),
    Column("removed_time", TIME, index=True),  # null: its bytes wait until the tombstone is proven
    comment="Every clip and derivative that was disposed of, and whether its bytes are gone from the store.",
)
