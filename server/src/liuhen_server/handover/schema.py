"""What was handed over: the very bytes, with their digest, and the receipt. Nothing in it changes after."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, Table

from liuhen_server.cases.schema import CODE, PERSON
from liuhen_server.database.schema import HEX32, TIME, BigKey, metadata

__all__ = ["handovers"]

handovers = Table(
    "handovers",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False),
    Column("to_agency", CODE, ForeignKey("agencies.code")),  # null: the justice department
    Column("what", CODE, nullable=False),  # handbook | class
    Column("enforcement", CODE, nullable=False),  # the one class; empty: all
    Column("name", String(200), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("sha256", HEX32, nullable=False),
    Column("by", PERSON, nullable=False),
    Column("time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    Column("received_by", PERSON),
    Column("received_time", TIME),
    Column("received_index", BigInteger),
    Index(None, "agency", "id"),
    Index(None, "to_agency", "id"),
    CheckConstraint("(received_by IS NULL) = (received_index IS NULL)", name="received_whole"),
    CheckConstraint("received_by IS NULL OR received_by <> by", name="received_by_another"),
    CheckConstraint("to_agency IS NULL OR to_agency <> agency", name="to_another"),
)
