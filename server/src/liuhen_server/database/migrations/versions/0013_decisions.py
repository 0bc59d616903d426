"""Drafts, legal reviews, decisions (docs/adr/0020)."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    text,
)

revision = "0013"
down_revision = "0012"

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself


def upgrade() -> None:
    op.add_column("cases", Column("decided_before", Boolean, nullable=False, server_default=text("false")))
    past = "SELECT case_id FROM case_stages WHERE stage = 'decision'"
    op.execute(f"UPDATE cases SET decided_before = true WHERE id IN ({past})")  # noqa: S608
    op.create_table(
        "major_lists",
        Column("id", BIG_KEY, nullable=False),
        Column("agency", String(32), nullable=False),
        Column("version", Integer, nullable=False),
        Column("edit", Integer, nullable=False),
        Column("edited_by", String(64), nullable=False),
        Column("edited_time", String(32), nullable=False),
        Column("approved_by", String(64)),
        Column("approved_time", String(32)),
        Column("from_day", String(10)),
        Column("sha256", String(64)),
        Column("log_index", BigInteger),
        CheckConstraint("(approved_by IS NULL) = (from_day IS NULL)", name=op.f("ck_major_lists_approved_has_day")),
        CheckConstraint(
            "approved_by IS NULL OR approved_by <> edited_by", name=op.f("ck_major_lists_approved_by_another")
        ),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_major_lists_agency")),
        PrimaryKeyConstraint("id", name=op.f("pk_major_lists")),
        UniqueConstraint("agency", "version", name=op.f("uq_major_lists_agency_version")),
        comment="重大执法决定法制审核目录清单, in versions.",
    )
    op.create_table(
        "major_list_rows",
        Column("list_id", BigInteger, nullable=False),
        Column("place", Integer, nullable=False),
        Column("item", String(40), nullable=False),
        Column("enforcement", String(32), nullable=False),
        Column("what", Text, nullable=False),
        Column("kinds", Text, nullable=False),
        Column("procedure", String(32), nullable=False),
        Column("party_kind", String(16), nullable=False),
        Column("least_fen", BigInteger, nullable=False),
        Column("source", Text, nullable=False),
        Column("remark", Text, nullable=False),
        ForeignKeyConstraint(["list_id"], ["major_lists.id"], name=op.f("fk_major_list_rows_list_id")),
        PrimaryKeyConstraint("list_id", "place", name=op.f("pk_major_list_rows")),
    )
    op.create_table(
        "drafts",
        Column("id", BIG_KEY, nullable=False),
        Column("case_id", BigInteger, nullable=False),
        Column("version", Integer, nullable=False),
        Column("enforcement", String(32), nullable=False),
        Column("procedure", String(32), nullable=False),
        Column("party_kind", String(16), nullable=False),
        Column("facts", Text, nullable=False),
        Column("basis", Text, nullable=False),
        Column("discretion", Text, nullable=False),
        Column("performance", Text, nullable=False),
        Column("remedies", Text, nullable=False),
        Column("grounds", Text, nullable=False),
        Column("collective", Boolean, nullable=False),
        Column("fine_fen", BigInteger, nullable=False),
        Column("confiscated_fen", BigInteger, nullable=False),
        Column("list_id", BigInteger),
        Column("needs_review", Boolean, nullable=False),
        Column("why", Text, nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        CheckConstraint("fine_fen >= 0 AND confiscated_fen >= 0", name=op.f("ck_drafts_money")),
        ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_drafts_case_id")),
        ForeignKeyConstraint(["list_id"], ["major_lists.id"], name=op.f("fk_drafts_list_id")),
        PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        UniqueConstraint("case_id", "version", name=op.f("uq_drafts_case_id_version")),
        UniqueConstraint("id", "case_id", name=op.f("uq_drafts_id_case_id")),
        UniqueConstraint("id", "needs_review", name=op.f("uq_drafts_id_needs_review")),
        comment="What is to be decided, in versions that never change.",
    )
    op.create_table(
        "draft_results",
        Column("draft_id", BigInteger, nullable=False),
        Column("place", Integer, nullable=False),
        Column("kind", String(32), nullable=False),
        Column("content", Text, nullable=False),
        Column("fen", BigInteger, nullable=False),
        Column("until_day", String(10)),
        CheckConstraint("fen >= 0", name=op.f("ck_draft_results_money")),
        ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_draft_results_draft_id")),
        PrimaryKeyConstraint("draft_id", "place", name=op.f("pk_draft_results")),
    )
    op.create_table(
        "reviews",
        Column("id", BIG_KEY, nullable=False),
        Column("case_id", BigInteger, nullable=False),
        Column("agency", String(32), nullable=False),
        Column("draft_id", BigInteger, nullable=False),
        Column("round", Integer, nullable=False),
        Column("submitted_by", String(64), nullable=False),
        Column("submitted_time", String(32), nullable=False),
        Column("submitted_day", String(10), nullable=False),
        Column("report", BigInteger, nullable=False),
        Column("taken_by", String(64)),
        Column("taken_time", String(32)),
        Column("extended_by", String(64)),
        Column("extended_time", String(32)),
        Column("extension", BigInteger),
        Column("outcome", String(16)),
        Column("passed", Boolean, nullable=False),
        Column("opinion_by", String(64)),
        Column("opinion_time", String(32)),
        Column("opinion_day", String(10)),
        Column("opinion", BigInteger),
        Column("stated", Integer, nullable=False),
        Column("submitted_index", BigInteger, nullable=False),
        Column("opinion_index", BigInteger),
        CheckConstraint(
            "NOT passed OR (outcome IS NOT NULL AND outcome = 'agree')", name=op.f("ck_reviews_passed_is_agreed")
        ),
        CheckConstraint(
            "outcome IS NULL OR outcome = 'withdrawn' OR (opinion_by IS NOT NULL AND opinion_day IS NOT NULL "
            "AND opinion IS NOT NULL AND opinion_index IS NOT NULL)",
            name=op.f("ck_reviews_opinion_whole"),
        ),
        CheckConstraint("(extended_by IS NULL) = (extension IS NULL)", name=op.f("ck_reviews_extension_whole")),
        CheckConstraint("opinion_by IS NULL OR opinion_by <> submitted_by", name=op.f("ck_reviews_by_another")),
        CheckConstraint(
            "opinion_by IS NULL OR (taken_by IS NOT NULL AND taken_by = opinion_by)",
            name=op.f("ck_reviews_by_who_took_it"),
        ),
        CheckConstraint(
            "outcome IS NULL OR outcome IN ('agree', 'problems', 'withdrawn')", name=op.f("ck_reviews_ends_somehow")
        ),
        CheckConstraint(
            "opinion_by IS NULL OR (outcome IS NOT NULL AND outcome <> 'withdrawn')",
            name=op.f("ck_reviews_no_opinion_after_withdrawal"),
        ),
        CheckConstraint(
            "opinion_day IS NULL OR opinion_day >= submitted_day", name=op.f("ck_reviews_opinion_after_submission")
        ),
        CheckConstraint(
            "(outcome IS NOT NULL AND outcome = 'problems') = (stated > 0)",
            name=op.f("ck_reviews_problems_are_stated"),
        ),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_reviews_agency")),
        ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_reviews_case_id")),
        ForeignKeyConstraint(["draft_id", "case_id"], ["drafts.id", "drafts.case_id"], name="fk_reviews_draft_of_case"),
        PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        UniqueConstraint("case_id", "round", name=op.f("uq_reviews_case_id_round")),
        UniqueConstraint("id", "draft_id", "passed", "opinion_day", "opinion_by", name="uq_reviews_as_decided"),
        comment="Rounds of legal review: one submission, one opinion in writing.",
    )
    op.create_index(
        op.f("ix_reviews_agency_outcome_submitted_day"), "reviews", ["agency", "outcome", "submitted_day"], unique=False
    )
    op.create_index(
        "uq_reviews_open",
        "reviews",
        ["case_id"],
        unique=True,
        sqlite_where=text("outcome IS NULL"),
        postgresql_where=text("outcome IS NULL"),
    )
    op.create_table(
        "decisions",
        Column("id", BIG_KEY, nullable=False),
        Column("case_id", BigInteger, nullable=False),
        Column("agency", String(32), nullable=False),
        Column("enforcement", String(32), nullable=False),
        Column("draft_id", BigInteger, nullable=False),
        Column("needs_review", Boolean, nullable=False),
        Column("review_id", BigInteger),
        Column("review_passed", Boolean),
        Column("review_day", String(10)),
        Column("review_by", String(64)),
        Column("number", String(80), nullable=False),
        Column("number_key", String(80), nullable=False),
        Column("kind", String(32), nullable=False),
        Column("fine_fen", BigInteger, nullable=False),
        Column("confiscated_fen", BigInteger, nullable=False),
        Column("dated", String(10), nullable=False),
        Column("collective_document", BigInteger),
        Column("decided_by", String(64), nullable=False),
        Column("decided_time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        CheckConstraint(
            "(review_id IS NULL AND review_passed IS NULL AND review_day IS NULL AND review_by IS NULL) OR "
            "(review_id IS NOT NULL AND review_passed IS NOT NULL AND review_day IS NOT NULL AND review_by IS NOT NULL)",
            name=op.f("ck_decisions_review_whole"),
        ),
        CheckConstraint("NOT needs_review OR review_id IS NOT NULL", name=op.f("ck_decisions_reviewed")),
        CheckConstraint("review_id IS NULL OR review_by <> decided_by", name=op.f("ck_decisions_reviewed_by_another")),
        CheckConstraint("review_id IS NULL OR review_day <= dated", name=op.f("ck_decisions_not_before_the_review")),
        CheckConstraint("review_id IS NULL OR review_passed", name=op.f("ck_decisions_review_passed")),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_decisions_agency")),
        ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_decisions_case_id")),
        ForeignKeyConstraint(
            ["collective_document"], ["case_documents.id"], name=op.f("fk_decisions_collective_document")
        ),
        ForeignKeyConstraint(
            ["draft_id", "case_id"], ["drafts.id", "drafts.case_id"], name="fk_decisions_draft_of_case"
        ),
        ForeignKeyConstraint(
            ["draft_id", "needs_review"], ["drafts.id", "drafts.needs_review"], name="fk_decisions_draft_needs"
        ),
        ForeignKeyConstraint(
            ["review_id", "draft_id", "review_passed", "review_day", "review_by"],
            ["reviews.id", "reviews.draft_id", "reviews.passed", "reviews.opinion_day", "reviews.opinion_by"],
            name="fk_decisions_review",
        ),
        PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        UniqueConstraint("agency", "number_key", name=op.f("uq_decisions_agency_number_key")),
        UniqueConstraint("draft_id", name=op.f("uq_decisions_draft_id")),
        comment="Decisions that were made: each of a draft, and of the review that passed where the draft needs one.",
    )
    op.create_index(op.f("ix_decisions_agency_dated"), "decisions", ["agency", "dated"], unique=False)
    op.create_index(op.f("ix_decisions_case_id"), "decisions", ["case_id"], unique=False)
    op.create_index(op.f("ix_decisions_enforcement_dated"), "decisions", ["enforcement", "dated"], unique=False)
    op.create_table(
        "review_checks",
        Column("review_id", BigInteger, nullable=False),
        Column("item", String(32), nullable=False),
        Column("answer", String(16), nullable=False),
        CheckConstraint("answer IN ('well', 'problem', 'not-applicable')", name=op.f("ck_review_checks_answered")),
        ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_review_checks_review_id")),
        PrimaryKeyConstraint("review_id", "item", name=op.f("pk_review_checks")),
        comment="The checklist of an opinion.",
    )
    op.create_table(
        "review_consultations",
        Column("id", BIG_KEY, nullable=False),
        Column("case_id", BigInteger, nullable=False),
        Column("review_id", BigInteger, nullable=False),
        Column("kind", String(32), nullable=False),
        Column("question", BigInteger, nullable=False),
        Column("asked_by", String(64), nullable=False),
        Column("asked_time", String(32), nullable=False),
        Column("asked_index", BigInteger, nullable=False),
        Column("whom", String(120), nullable=False),
        Column("answer", BigInteger),
        Column("answered_by", String(64)),
        Column("answered_time", String(32)),
        Column("answered_index", BigInteger),
        CheckConstraint(
            "(answer IS NULL) = (answered_by IS NULL)", name=op.f("ck_review_consultations_answered_by_somebody")
        ),
        ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_review_consultations_case_id")),
        ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_review_consultations_review_id")),
        PrimaryKeyConstraint("id", name=op.f("pk_review_consultations")),
    )
    op.create_index(op.f("ix_review_consultations_case_id"), "review_consultations", ["case_id"], unique=False)
    op.create_table(
        "review_parts",
        Column("review_id", BigInteger, nullable=False),
        Column("part", String(32), nullable=False),
        Column("document_id", BigInteger, nullable=False),
        ForeignKeyConstraint(["document_id"], ["case_documents.id"], name=op.f("fk_review_parts_document_id")),
        ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_review_parts_review_id")),
        PrimaryKeyConstraint("review_id", "part", "document_id", name=op.f("pk_review_parts")),
        comment="Which version of which document was submitted as which part.",
    )
    op.create_table(
        "review_problems",
        Column("id", BIG_KEY, nullable=False),
        Column("review_id", BigInteger, nullable=False),
        Column("number", Integer, nullable=False),
        Column("item", String(32), nullable=False),
        Column("problem", BigInteger, nullable=False),
        Column("answer", BigInteger),
        Column("answered_by", String(64)),
        Column("answered_time", String(32)),
        Column("answered_index", BigInteger),
        CheckConstraint(
            "(answer IS NULL) = (answered_by IS NULL)", name=op.f("ck_review_problems_answered_by_somebody")
        ),
        ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_review_problems_review_id")),
        PrimaryKeyConstraint("id", name=op.f("pk_review_problems")),
        UniqueConstraint("review_id", "number", name=op.f("uq_review_problems_review_id_number")),
        comment="Each problem of an opinion and what the handler answered. Nothing is deleted.",
    )
    op.create_table(
        "decision_ends",
        Column("decision_id", BigInteger, autoincrement=False, nullable=False),
        Column("how", String(16), nullable=False),
        Column("day", String(10), nullable=False),
        Column("replaced_by", BigInteger),
        Column("reason", BigInteger, nullable=False),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_decision_ends_decision_id")),
        ForeignKeyConstraint(["replaced_by"], ["decisions.id"], name=op.f("fk_decision_ends_replaced_by")),
        PrimaryKeyConstraint("decision_id", name=op.f("pk_decision_ends")),
        comment="Decisions that are in force no longer.",
    )
    op.create_table(
        "executions",
        Column("id", BIG_KEY, nullable=False),
        Column("decision_id", BigInteger, nullable=False),
        Column("how", String(32), nullable=False),
        Column("day", String(10), nullable=False),
        Column("fen", BigInteger, nullable=False),
        Column("document_id", BigInteger),
        Column("note", BigInteger),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        CheckConstraint("fen >= 0", name=op.f("ck_executions_money")),
        ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_executions_decision_id")),
        ForeignKeyConstraint(["document_id"], ["case_documents.id"], name=op.f("fk_executions_document_id")),
        PrimaryKeyConstraint("id", name=op.f("pk_executions")),
    )
    op.create_index(op.f("ix_executions_decision_id"), "executions", ["decision_id"], unique=False)
    op.create_table(
        "services",
        Column("id", BIG_KEY, nullable=False),
        Column("decision_id", BigInteger, nullable=False),
        Column("how", String(32), nullable=False),
        Column("receiver", String(120), nullable=False),
        Column("day", String(10), nullable=False),
        Column("document_id", BigInteger),
        Column("clip_sha256", String(64)),
        Column("clip_dock", String(255)),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        CheckConstraint("(clip_sha256 IS NULL) = (clip_dock IS NULL)", name=op.f("ck_services_clip_whole")),
        CheckConstraint("document_id IS NOT NULL OR clip_sha256 IS NOT NULL", name=op.f("ck_services_proved")),
        ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_services_decision_id")),
        ForeignKeyConstraint(["document_id"], ["case_documents.id"], name=op.f("fk_services_document_id")),
        PrimaryKeyConstraint("id", name=op.f("pk_services")),
    )
    op.create_index(op.f("ix_services_decision_id"), "services", ["decision_id"], unique=False)
