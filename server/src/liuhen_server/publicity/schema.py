"""The tables of this room. What was once public stays here in the version that was public; the checks keep its three people apart."""

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
    text,
)

from liuhen_server.cases.schema import CODE, DAY, PERSON
from liuhen_server.database.schema import HEX32, TIME, BigKey, metadata

__all__ = ["public_items", "public_releases", "public_versions"]

ABOUT = String(64)  # decision-12, or the room's own key
IN_HAND = "state IN ('collected', 'reviewed')"
IS_PUBLIC = "state = 'published'"
WAS_PUBLIC = "state NOT IN ('published', 'superseded', 'withdrawn')"

public_items = Table(
    "public_items",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False),
    Column("kind", CODE, nullable=False),  # key of kinds.KINDS
    Column("about", ABOUT, nullable=False),
    Column("title", String(200), nullable=False),
    UniqueConstraint("agency", "kind", "about"),
    Index(None, "about"),
    comment="What an agency makes public: a decision, a list, a chart. What it says stands in its versions.",
)

public_versions = Table(
    "public_versions",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("item_id", BigInteger, ForeignKey("public_items.id"), nullable=False),
    Column("version", Integer, nullable=False),  # of the item, counted from 1
    Column("edit", Integer, nullable=False),  # how often it was saved: who saves under an older one is told
    Column("state", String(16), nullable=False),  # key of rules.MOVES
    # JSON: as it was collected; null once it is public or was returned, for then only what is public is needed
    Column("raw", Text),
    Column("content", Text, nullable=False),  # JSON, as it will be public
    Column("masked", Text, nullable=False),  # JSON: what was found and what a person decided about it
    Column("sha256", HEX32, nullable=False),  # of `content`
    Column("collected_by", PERSON, nullable=False),
    Column("collected_time", TIME, nullable=False),
    # of lists that another body confirms: who wrote it down, and what (in `said`)
    Column("confirmed_by", PERSON),
    Column("confirmed_time", TIME),
    Column("confirmation", BigInteger),
    Column("reviewed_by", PERSON),
    Column("reviewed_time", TIME),
    Column("published_by", PERSON),
    Column("published_time", TIME),
    Column("published_day", DAY),
    Column("public_until", DAY),  # its last day; null: without end
    Column("withdrawn_by", PERSON),
    Column("withdrawn_time", TIME),
    Column("withdrawn_day", DAY),
    Column("reason", BigInteger),  # of a return or a withdrawal, in `said`
    Column("log_index", BigInteger),  # of publicity.published
    UniqueConstraint("item_id", "version"),
    Index(None, "state", "published_time"),
    Index(
        "uq_public_versions_public",
        "item_id",
        unique=True,
        sqlite_where=text(IS_PUBLIC),
        postgresql_where=text(IS_PUBLIC),
    ),
    Index(
        "uq_public_versions_in_hand",
        "item_id",
        unique=True,
        sqlite_where=text(IN_HAND),
        postgresql_where=text(IN_HAND),
    ),
    CheckConstraint(
        "state IN ('collected', 'returned', 'reviewed', 'published', 'superseded', 'withdrawn')", name="state"
    ),
    CheckConstraint("reviewed_by IS NULL OR reviewed_by <> collected_by", name="reviewed_by_another"),
    CheckConstraint(
        "published_by IS NULL OR (reviewed_by IS NOT NULL AND published_by <> reviewed_by "
        "AND published_by <> collected_by)",
        name="three_people",
    ),
    CheckConstraint("state <> 'reviewed' OR reviewed_by IS NOT NULL", name="reviewed"),
    CheckConstraint(
        f"{WAS_PUBLIC} OR (published_by IS NOT NULL AND published_time IS NOT NULL AND published_day IS NOT NULL "
        "AND log_index IS NOT NULL)",
        name="published_whole",
    ),
    CheckConstraint(
        "state <> 'withdrawn' OR (withdrawn_by IS NOT NULL AND withdrawn_time IS NOT NULL "
        "AND withdrawn_day IS NOT NULL AND reason IS NOT NULL)",
        name="withdrawn_whole",
    ),
    comment="Every version of what is public, will be or was. A published one is never edited.",
)

public_releases = Table(
    "public_releases",
    metadata,
    Column("log_index", BigKey, primary_key=True, autoincrement=False),  # of publicity.released
    Column("sha256", HEX32, nullable=False),  # of the manifest
    Column("files", BigInteger, nullable=False),
    Column("items", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),  # the last act on what is public that it shows; -1: none
    Column("size", BigInteger, nullable=False),  # of the checkpoint that its pages name
    Column("by", PERSON, nullable=False),
    Column("time", TIME, nullable=False),
    comment="Sites that were written.",
)
