"""The tables of this room. What was said, answered or drawn never changes; what came after stands beside it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from liuhen_server.cases.schema import CODE, DAY, PERSON
from liuhen_server.database.schema import HEX32, TIME, BigKey, metadata

__all__ = ["self_reports", "spot_checks", "supervision_answers", "supervision_opinions", "supervision_records"]

spot_checks = Table(
    "spot_checks",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False, index=True),
    Column("from_day", DAY, nullable=False),  # cases opened from this day
    Column("until_day", DAY, nullable=False),  # up to this one
    Column("sample", Integer, nullable=False),
    Column("population", Text, nullable=False),  # JSON: ids of the cases that could be drawn
    Column("population_sha256", HEX32, nullable=False),
    Column("announced_by", PERSON, nullable=False),
    Column("announced_time", TIME, nullable=False),
    Column("announced_index", BigInteger, nullable=False),
    Column("size", BigInteger),  # of the tree that gave the seed; null: not drawn yet
    Column("root", HEX32),
    Column("cases", Text),  # JSON: ids
    Column("cases_sha256", HEX32),
    Column("drawn_by", PERSON),
    Column("drawn_time", TIME),
    Column("drawn_index", BigInteger),
    CheckConstraint("(cases IS NULL) = (root IS NULL) AND (cases IS NULL) = (drawn_by IS NULL)", name="drawn_whole"),
    CheckConstraint("size IS NULL OR size > announced_index", name="drawn_after"),
)

supervision_opinions = Table(
    "supervision_opinions",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False),
    Column("about", String(64), nullable=False),  # case-31, check-2, or empty: the agency as a whole
    Column("due", DAY, nullable=False),
    Column("state", String(16), nullable=False),  # open | answered | closed
    Column("version", Integer, nullable=False),
    Column("said", BigInteger, nullable=False),  # in `said`
    Column("by", PERSON, nullable=False),
    Column("time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    Index(None, "agency", "state"),
    comment="行政执法监督意见: what an agency is asked to put right, until its answer is taken.",
)

supervision_answers = Table(
    "supervision_answers",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("opinion_id", BigInteger, ForeignKey("supervision_opinions.id"), nullable=False, index=True),
    Column("what", String(16), nullable=False),  # answered | accepted | returned
    Column("said", BigInteger, nullable=False),  # in `said`
    Column("by", PERSON, nullable=False),
    Column("time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
)

self_reports = Table(
    "self_reports",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False),
    Column("year", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("said", BigInteger, nullable=False),  # in `said`
    Column("by", PERSON, nullable=False),
    Column("time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    Column("received_by", PERSON),
    Column("received_time", TIME),
    Column("received_index", BigInteger),
    UniqueConstraint("agency", "year", "version"),
    CheckConstraint("(received_by IS NULL) = (received_index IS NULL)", name="received_whole"),
    CheckConstraint("received_by IS NULL OR received_by <> by", name="received_by_another"),
    comment="自查报告, and that the justice department received it.",
)

supervision_records = Table(
    "supervision_records",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agency", CODE, ForeignKey("agencies.code")),  # null: of the county
    Column("kind", CODE, nullable=False),  # key of records.KINDS
    Column("name", String(64), nullable=False),
    Column("what", String(200), nullable=False),
    Column("day", DAY, nullable=False),
    Column("hours", Integer, nullable=False),
    Column("by", PERSON, nullable=False),
    Column("time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    Column("ended_time", TIME),
    Column("ended_by", PERSON),
    Index(None, "agency", "kind"),
    CheckConstraint("hours >= 0", name="hours"),
    comment="Responsible persons, coordination members, legal counsel, trainings: never deleted, ended.",
)
