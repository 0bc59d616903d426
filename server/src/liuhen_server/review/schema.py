"""The tables of this room. A round, its opinion and its problems never change once written; what came after stands beside them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from liuhen_server.cases.schema import CODE, DAY, ITEM, PERSON
from liuhen_server.database.schema import HEX32, TIME, BigKey, metadata

__all__ = [
    "major_list_rows",
    "major_lists",
    "review_checks",
    "review_consultations",
    "review_parts",
    "review_problems",
    "reviewers",
    "reviews",
]

major_lists = Table(
    "major_lists",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("edit", Integer, nullable=False),  # how often the draft was saved: who saves under an older one is told
    Column("edited_by", PERSON, nullable=False),
    Column("edited_time", TIME, nullable=False),
    Column("approved_by", PERSON),  # null: a draft
    Column("approved_time", TIME),
    Column("from_day", DAY),
    Column("sha256", HEX32),
    Column("log_index", BigInteger),
    UniqueConstraint("agency", "version"),
    CheckConstraint("(approved_by IS NULL) = (from_day IS NULL)", name="approved_has_day"),
    CheckConstraint("approved_by IS NULL OR approved_by <> edited_by", name="approved_by_another"),
    comment="重大执法决定法制审核目录清单, in versions.",
)

major_list_rows = Table(
    "major_list_rows",
    metadata,
    Column("list_id", BigInteger, ForeignKey("major_lists.id"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("item", ITEM, nullable=False),
    Column("enforcement", CODE, nullable=False),
    Column("what", Text, nullable=False),
    Column("kinds", Text, nullable=False),  # keys of outcomes, joined by spaces; empty: any
    Column("procedure", CODE, nullable=False),  # summary | ordinary; empty: any
    Column("party_kind", String(16), nullable=False),  # person | organisation; empty: any
    Column("least_fen", BigInteger, nullable=False),  # fine and confiscation together, from this amount on; 0: any
    Column("source", Text, nullable=False),
    Column("remark", Text, nullable=False),
)

_OPEN = text("outcome IS NULL")

reviews = Table(
    "reviews",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", BigInteger, ForeignKey("cases.id"), nullable=False),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False),
    Column("draft_id", BigInteger, nullable=False),
    Column("round", Integer, nullable=False),
    Column("submitted_by", PERSON, nullable=False),
    Column("submitted_time", TIME, nullable=False),
    Column("submitted_day", DAY, nullable=False),  # of complete material: the 7 working days count from it
    Column("report", BigInteger, nullable=False),  # in `said`
    Column("taken_by", PERSON),
    Column("taken_time", TIME),
    Column("extended_by", PERSON),  # the head who allowed 3 working days more
    Column("extended_time", TIME),
    Column("extension", BigInteger),  # its reason, in `said`
    Column("outcome", String(16)),  # agree | problems | withdrawn; null: under way
    Column("passed", Boolean, nullable=False),
    Column("opinion_by", PERSON),
    Column("opinion_time", TIME),
    Column("opinion_day", DAY),
    Column("opinion", BigInteger),  # in `said`
    Column("stated", Integer, nullable=False),  # how many problems the opinion named: none can be taken out later
    Column("submitted_index", BigInteger, nullable=False),
    Column("opinion_index", BigInteger),
    UniqueConstraint("case_id", "round"),
    UniqueConstraint("id", "draft_id", "passed", "opinion_day", "opinion_by", name="uq_reviews_as_decided"),
    ForeignKeyConstraint(["draft_id", "case_id"], ["drafts.id", "drafts.case_id"], name="fk_reviews_draft_of_case"),
    Index("uq_reviews_open", "case_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index(None, "agency", "outcome", "submitted_day"),
    CheckConstraint("NOT passed OR (outcome IS NOT NULL AND outcome = 'agree')", name="passed_is_agreed"),
    CheckConstraint(
        "outcome IS NULL OR outcome = 'withdrawn' OR (opinion_by IS NOT NULL AND opinion_day IS NOT NULL "
        "AND opinion IS NOT NULL AND opinion_index IS NOT NULL)",
        name="opinion_whole",
    ),
    CheckConstraint("opinion_by IS NULL OR opinion_by <> submitted_by", name="by_another"),
    CheckConstraint("opinion_by IS NULL OR (taken_by IS NOT NULL AND taken_by = opinion_by)", name="by_who_took_it"),
    CheckConstraint("outcome IS NULL OR outcome IN ('agree', 'problems', 'withdrawn')", name="ends_somehow"),
    CheckConstraint(
        "opinion_by IS NULL OR (outcome IS NOT NULL AND outcome <> 'withdrawn')", name="no_opinion_after_withdrawal"
    ),
    CheckConstraint("opinion_day IS NULL OR opinion_day >= submitted_day", name="opinion_after_submission"),
    CheckConstraint("(outcome IS NOT NULL AND outcome = 'problems') = (stated > 0)", name="problems_are_stated"),
    CheckConstraint("(extended_by IS NULL) = (extension IS NULL)", name="extension_whole"),
    comment="Rounds of legal review: one submission, one opinion in writing.",
)

review_parts = Table(
    "review_parts",
    metadata,
    Column("review_id", BigInteger, ForeignKey("reviews.id"), primary_key=True),
    Column("part", CODE, primary_key=True),
    Column("document_id", BigInteger, ForeignKey("case_documents.id"), primary_key=True),
    comment="Which version of which document was submitted as which part.",
)

review_checks = Table(
    "review_checks",
    metadata,
    Column("review_id", BigInteger, ForeignKey("reviews.id"), primary_key=True),
    Column("item", CODE, primary_key=True),
    Column("answer", String(16), nullable=False),  # well | problem | not-applicable
    CheckConstraint("answer IN ('well', 'problem', 'not-applicable')", name="answered"),
    comment="The checklist of an opinion.",
)

review_problems = Table(
    "review_problems",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("review_id", BigInteger, ForeignKey("reviews.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("item", CODE, nullable=False),  # of the checklist
    Column("problem", BigInteger, nullable=False),  # in `said`
    Column("answer", BigInteger),  # in `said`
    Column("answered_by", PERSON),
    Column("answered_time", TIME),
    Column("answered_index", BigInteger),
    UniqueConstraint("review_id", "number"),
    CheckConstraint("(answer IS NULL) = (answered_by IS NULL)", name="answered_by_somebody"),
    comment="Each problem of an opinion and what the handler answered. Nothing is deleted.",
)

review_consultations = Table(
    "review_consultations",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", BigInteger, ForeignKey("cases.id"), nullable=False, index=True),
    Column("review_id", BigInteger, ForeignKey("reviews.id"), nullable=False),
    Column("kind", CODE, nullable=False),  # prereview | counsel | coordination
    Column("question", BigInteger, nullable=False),  # in `said`
    Column("asked_by", PERSON, nullable=False),
    Column("asked_time", TIME, nullable=False),
    Column("asked_index", BigInteger, nullable=False),
    Column("whom", String(120), nullable=False),  # counsel or the coordinating body by name; empty: justice department
    Column("answer", BigInteger),  # in `said`
    Column("answered_by", PERSON),
    Column("answered_time", TIME),
    Column("answered_index", BigInteger),
    CheckConstraint("(answer IS NULL) = (answered_by IS NULL)", name="answered_by_somebody"),
)

reviewers = Table(
    "reviewers",
    metadata,
    Column("person_id", BigInteger, ForeignKey("people.id"), primary_key=True, autoincrement=False),
    Column("first_day", DAY),  # on which this person first reviewed penalties; null: not known
    Column("qualification", String(64), nullable=False),  # number of the 法律职业资格证书; empty: none
    Column("remark", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("by", PERSON, nullable=False),
    Column("time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    comment="The legal qualification of those who review, as the head wrote it down; earlier versions lie in `said`.",
)
