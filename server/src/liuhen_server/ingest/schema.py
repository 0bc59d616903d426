"""The table of uploads that are on their way."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, String, Table

from liuhen_server.database.schema import HEX32, NAME, TIME, metadata

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(64), primary_key=True),  # also the name of its file in incoming/
    Column("dock", NAME, ForeignKey("docks.name"), nullable=False),
    Column("sha256", HEX32, nullable=False),  # what the dock promised in its chain
    Column("length", BigInteger, nullable=False),
    Column("durable", BigInteger, nullable=False),  # bytes that were fsynced: what HEAD answers, where a resume begins
    Column("finished", Boolean, nullable=False),  # clip.stored is in the log
    Column("created_time", TIME, nullable=False),
    Column("expires_time", TIME, nullable=False),
    Index(None, "dock", "sha256"),
    Index(None, "expires_time"),
    comment="tus uploads. The bytes lie in incoming/<id> until they move into the store.",
)
