"""Templates in versions; one that ended is kept."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from liuhen_server.cases.schema import CODE, PERSON
from liuhen_server.database.schema import HEX32, TIME, BigKey, metadata

__all__ = ["paper_templates"]

paper_templates = Table(
    "paper_templates",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False),
    Column("enforcement", CODE, nullable=False),
    Column("stage", CODE, nullable=False),
    Column("kind", CODE, nullable=False),  # of document
    Column("version", Integer, nullable=False),
    Column("name", String(200), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("sha256", HEX32, nullable=False),
    Column("by", PERSON, nullable=False),
    Column("time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    UniqueConstraint("agency", "enforcement", "stage", "kind", "version", name="uq_paper_templates_version"),
    Index(None, "agency", "enforcement"),
    CheckConstraint("version > 0", name="counted"),
    comment="Document templates (DOCX with fields); the newest version of each kind is used.",
)
