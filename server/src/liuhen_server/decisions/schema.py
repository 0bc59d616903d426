"""The tables of this room. Drafts and decisions never change; the keys and checks hold what docs/adr/0020 promises of them."""

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
)

from liuhen_server.cases.schema import CODE, DAY, PERSON
from liuhen_server.database.schema import HEX32, NAME, TIME, BigKey, metadata

__all__ = ["decision_ends", "decisions", "draft_results", "drafts", "executions", "services"]

drafts = Table(
    "drafts",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", BigInteger, ForeignKey("cases.id"), nullable=False),
    Column("version", Integer, nullable=False),  # of the case's drafts, counted from 1
    Column("enforcement", CODE, nullable=False),  # the case's class when it was written
    Column("procedure", CODE, nullable=False),  # summary | ordinary
    Column("party_kind", String(16), nullable=False),  # person | organisation: whose limits count
    Column("facts", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("discretion", Text, nullable=False),
    Column("performance", Text, nullable=False),  # how and until when it is carried out (art. 59)
    Column("remedies", Text, nullable=False),  # where and until when it can be contested (art. 59)
    Column(
        "grounds", Text, nullable=False
    ),  # keys of the grounds of 行政处罚法 art. 58 that hold, sorted, joined by spaces
    Column("collective", Boolean, nullable=False),  # has to be discussed collectively (art. 57)
    Column("fine_fen", BigInteger, nullable=False),  # sums over the results
    Column("confiscated_fen", BigInteger, nullable=False),
    Column("list_id", BigInteger, ForeignKey("major_lists.id")),  # the list in force that day
    Column("needs_review", Boolean, nullable=False),
    Column("why", Text, nullable=False),  # JSON: the rows and grounds that ask for the review
    Column("sha256", HEX32, nullable=False),
    Column("by", PERSON, nullable=False),
    Column("time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    UniqueConstraint("case_id", "version"),
    UniqueConstraint("id", "case_id"),
    UniqueConstraint("id", "needs_review"),
    CheckConstraint("fine_fen >= 0 AND confiscated_fen >= 0", name="money"),
    comment="What is to be decided, in versions that never change.",
)

draft_results = Table(
    "draft_results",
    metadata,
    Column("draft_id", BigInteger, ForeignKey("drafts.id"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("kind", CODE, nullable=False),  # key of outcomes.OUTCOMES
    Column("content", Text, nullable=False),
    Column("fen", BigInteger, nullable=False),
    Column("until_day", DAY),  # of what lasts: a suspension, a licence
    CheckConstraint("fen >= 0", name="money"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", BigInteger, ForeignKey("cases.id"), nullable=False, index=True),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False),
    Column("enforcement", CODE, nullable=False),
    Column("draft_id", BigInteger, nullable=False),
    Column("needs_review", Boolean, nullable=False),
    # of the review that passed; null where none is needed
    Column("review_id", BigInteger),
    Column("review_passed", Boolean),
    Column("review_day", DAY),
    Column("review_by", PERSON),
    Column("number", String(80), nullable=False),  # 文号
    Column("number_key", String(80), nullable=False),
    Column("kind", CODE, nullable=False),  # the heaviest of its results: the annual tables count it
    Column("fine_fen", BigInteger, nullable=False),
    Column("confiscated_fen", BigInteger, nullable=False),
    Column("dated", DAY, nullable=False),
    Column("collective_document", BigInteger, ForeignKey("case_documents.id")),
    Column("decided_by", PERSON, nullable=False),
    Column("decided_time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    UniqueConstraint("draft_id"),
    UniqueConstraint("agency", "number_key"),
    Index(None, "agency", "dated"),
    Index(None, "enforcement", "dated"),
    # the annual tables read it instead of the rows
    Index(
        "ix_decisions_counted",
        "dated",
        "agency",
        "enforcement",
        "kind",
        "fine_fen",
        "confiscated_fen",
        "draft_id",
        "case_id",
    ),
    ForeignKeyConstraint(["draft_id", "case_id"], ["drafts.id", "drafts.case_id"], name="fk_decisions_draft_of_case"),
    ForeignKeyConstraint(
        ["draft_id", "needs_review"], ["drafts.id", "drafts.needs_review"], name="fk_decisions_draft_needs"
    ),
    ForeignKeyConstraint(
        ["review_id", "draft_id", "review_passed", "review_day", "review_by"],
        ["reviews.id", "reviews.draft_id", "reviews.passed", "reviews.opinion_day", "reviews.opinion_by"],
        name="fk_decisions_review",
    ),
    CheckConstraint(
        "(review_id IS NULL AND review_passed IS NULL AND review_day IS NULL AND review_by IS NULL) OR "
        "(review_id IS NOT NULL AND review_passed IS NOT NULL AND review_day IS NOT NULL AND review_by IS NOT NULL)",
        name="review_whole",
    ),
    CheckConstraint("NOT needs_review OR review_id IS NOT NULL", name="reviewed"),
    CheckConstraint("review_id IS NULL OR review_passed", name="review_passed"),
    CheckConstraint("review_id IS NULL OR review_day <= dated", name="not_before_the_review"),
    CheckConstraint("review_id IS NULL OR review_by <> decided_by", name="reviewed_by_another"),
    comment="Decisions that were made: each of a draft, and of the review that passed where the draft needs one.",
)

decision_ends = Table(
    "decision_ends",
    metadata,
    Column("decision_id", BigInteger, ForeignKey("decisions.id"), primary_key=True, autoincrement=False),
    Column("how", String(16), nullable=False),  # changed | revoked | void
    Column("day", DAY, nullable=False),
    Column("replaced_by", BigInteger, ForeignKey("decisions.id")),
    Column("reason", BigInteger, nullable=False),  # in `said`
    Column("by", PERSON, nullable=False),
    Column("time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    comment="Decisions that are in force no longer.",
)

services = Table(
    "services",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("decision_id", BigInteger, ForeignKey("decisions.id"), nullable=False, index=True),
    Column("how", CODE, nullable=False),  # direct | left | post | electronic | entrusted | notice
    Column("receiver", String(120), nullable=False),
    Column("day", DAY, nullable=False),
    Column("document_id", BigInteger, ForeignKey("case_documents.id")),
    Column("clip_sha256", HEX32),
    Column("clip_dock", NAME),
    Column("by", PERSON, nullable=False),
    Column("time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    CheckConstraint("(clip_sha256 IS NULL) = (clip_dock IS NULL)", name="clip_whole"),
    CheckConstraint("document_id IS NOT NULL OR clip_sha256 IS NOT NULL", name="proved"),
)

executions = Table(
    "executions",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("decision_id", BigInteger, ForeignKey("decisions.id"), nullable=False, index=True),
    Column("how", CODE, nullable=False),  # performed | partly | instalments | waived | court | forced
    Column("day", DAY, nullable=False),
    Column("fen", BigInteger, nullable=False),
    Column("document_id", BigInteger, ForeignKey("case_documents.id")),
    Column("note", BigInteger),  # in `said`
    Column("by", PERSON, nullable=False),
    Column("time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    CheckConstraint("fen >= 0", name="money"),
)
