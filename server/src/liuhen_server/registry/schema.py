"""The tables of this room that people edit. Each row has a `version`: who saves under an older one is told."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from liuhen_server.database.schema import NAME, TIME, BigKey, metadata

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

_CONFIRMED = text("state = 'confirmed'")
_PROPOSED = text("state = 'proposed'")

agency_mergers = Table(
    "agency_mergers",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agency", String(32), ForeignKey("agencies.code"), nullable=False),
    Column("into", String(32), ForeignKey("agencies.code"), nullable=False),
    # who carries on now: `into`, or what that was merged into later; null unless confirmed
    Column("heir", String(32), ForeignKey("agencies.code"), index=True),
    Column("day", String(10), nullable=False),  # of the reform
    Column("document", String(120), nullable=False),  # its number: 朝编发〔2026〕3号
    Column("reason", Text, nullable=False),
    Column("state", String(16), nullable=False),  # proposed | confirmed | refused | withdrawn
    Column("proposed_by", String(64), nullable=False),
    Column("proposed_time", TIME, nullable=False),
    Column("decided_by", String(64)),
    Column("decided_time", TIME),
    Column("log_index", BigInteger),  # of agency.merged
    Column("version", Integer, nullable=False),
    CheckConstraint('agency <> "into"', name="into_another"),
    CheckConstraint("heir IS NULL OR heir <> agency", name="carried_on_by_another"),
    CheckConstraint("(state = 'proposed') = (decided_by IS NULL)", name="decided_by_somebody"),
    CheckConstraint("state <> 'confirmed' OR decided_by <> proposed_by", name="confirmed_by_another"),
    CheckConstraint("state <> 'withdrawn' OR decided_by = proposed_by", name="withdrawn_by_the_same"),
    CheckConstraint("(state = 'confirmed') = (heir IS NOT NULL)", name="carried_on_once_confirmed"),
    CheckConstraint("(state = 'confirmed') = (log_index IS NOT NULL)", name="confirmed_is_stated"),
    Index("uq_agency_mergers_once", "agency", unique=True, sqlite_where=_CONFIRMED, postgresql_where=_CONFIRMED),
    Index("uq_agency_mergers_proposed", "agency", unique=True, sqlite_where=_PROPOSED, postgresql_where=_PROPOSED),
    comment="Agencies that were merged into another (机构合并), and what was proposed of it.",
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

recorders = Table(
    "recorders",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("serial", NAME, nullable=False, unique=True),  # as the recorder says it of itself when it is docked
    Column("agency", String(32), ForeignKey("agencies.code"), nullable=False, index=True),
    Column("model", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("state_time", TIME, nullable=False),  # since when
    Column("version", Integer, nullable=False),
    comment="Body-worn recorders; never deleted. Where one was seen is read from the stays.",
)

_HELD_NOW = text("until_time IS NULL")

holdings = Table(
    "holdings",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("recorder", BigInteger, ForeignKey("recorders.id"), nullable=False),
    Column("officer", BigInteger, ForeignKey("officers.id"), nullable=False, index=True),
    Column("from_time", TIME, nullable=False),
    Column("until_time", TIME),  # null: still, or until it was docked again
    Column("version", Integer, nullable=False),
    Column("stay", BigInteger),  # docked_index of where it stood when it was checked out; null: written down by hand
    CheckConstraint("until_time IS NULL OR from_time < until_time", name="from_before_until"),
    Index(None, "recorder", "from_time"),
    # two that overlap are refused within the act; of two that are open the database itself refuses one
    Index("uq_holdings_held_now", "recorder", unique=True, sqlite_where=_HELD_NOW, postgresql_where=_HELD_NOW),
    comment="Who had which recorder, as people wrote it down. What recorders say themselves is read from the stays.",
)

recorder_faults = Table(
    "recorder_faults",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("recorder", BigInteger, ForeignKey("recorders.id"), nullable=False, index=True),
    Column("what", Text, nullable=False),
    Column("reported_by", String(64), nullable=False),
    Column("reported_time", TIME, nullable=False),
    Column("repair", Text),
    Column("repaired_by", String(64)),
    Column("repaired_time", TIME),
    Column("version", Integer, nullable=False),
    CheckConstraint("(repaired_by IS NULL) = (repaired_time IS NULL)", name="repaired_by_whom_and_when"),
)

_OPEN = text("state = 'proposed'")

proposals = Table(
    "proposals",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("kind", String(16), nullable=False),  # recorder | clips
    Column("about", NAME, nullable=False),  # the serial of an unknown recorder; the stay whose clips are in quarantine
    Column("stay", BigInteger, nullable=False),  # docked_index of the stay from which it was proposed
    Column("seen_by", String(32)),  # agency of that stay's dock; null: of none that is known
    Column("outcome", String(16), nullable=False),  # assign | dismiss
    Column("agency", String(32), ForeignKey("agencies.code")),
    Column("officer", BigInteger, ForeignKey("officers.id")),
    Column("model", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", String(16), nullable=False),  # proposed | confirmed | refused | withdrawn
    Column("proposed_by", String(64), nullable=False),
    Column("proposed_time", TIME, nullable=False),
    Column("decided_by", String(64)),
    Column("decided_time", TIME),
    Column("version", Integer, nullable=False),
    CheckConstraint("(state = 'proposed') = (decided_by IS NULL)", name="decided_by_somebody"),
    CheckConstraint("state <> 'confirmed' OR decided_by <> proposed_by", name="confirmed_by_another"),
    CheckConstraint("state <> 'withdrawn' OR decided_by = proposed_by", name="withdrawn_by_the_same"),
    Index(None, "kind", "about"),
    Index("uq_proposals_open", "kind", "about", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    comment="What two people decide about unknown recorders and clips in quarantine: one proposes, another confirms.",
)
