"""The tables of this room that people edit. Each row has a `version`: who saves under an older one is told."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, UniqueConstraint

from liuhen_server.database.schema import BigKey, metadata

agencies = Table(
    "agencies",
    metadata,
    Column("code", String(32), primary_key=True),  # never changes: docks, people and cases are bound to it
    Column("name", String(64), nullable=False, unique=True),
    Column("short", String(16), nullable=False),
    Column("case_word", String(16), nullable=False),  # as case numbers begin: 朝县市监
    Column("credit_code", String(18)),  # unified social credit code
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    comment="The enforcing bodies; never deleted.",
)

officers = Table(
    "officers",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("certificate", String(32), nullable=False),
    Column("name", String(64), nullable=False),
    Column("agency", String(32), ForeignKey("agencies.code"), nullable=False, index=True),
    Column("post", String(64), nullable=False),
    Column("classes", String(255), nullable=False),  # codes of enforcement classes, sorted, joined by spaces
    Column("area", String(64), nullable=False),
    Column("expires", String(10)),  # last day of the certificate, 2027-12-31; null: none is known
    Column("recorder_number", String(32), index=True),  # the officer's number as recorders write it
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("certificate"),
    comment="Who enforces; never deleted.",
)
