"""Cases: their parties, handlers, stages, documents, clips and excuses, who did what, and the recording lists."""

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

revision = "0006"
down_revision = "0005"

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself


def upgrade() -> None:
    op.create_table(
        "recording_lists",
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
        CheckConstraint("(approved_by IS NULL) = (from_day IS NULL)", name=op.f("ck_recording_lists_approved_has_day")),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_recording_lists_agency")),
        PrimaryKeyConstraint("id", name=op.f("pk_recording_lists")),
        UniqueConstraint("agency", "version", name=op.f("uq_recording_lists_agency_version")),
    )
    op.create_table(
        "cases",
        Column("id", BIG_KEY, nullable=False),
        Column("agency", String(32), nullable=False),
        Column("enforcement", String(32), nullable=False),
        Column("number", String(80), nullable=False),
        Column("number_key", String(80), nullable=False),
        Column("word", String(32), nullable=False),
        Column("year", Integer, nullable=False),
        Column("serial", Integer, nullable=False),
        Column("title", String(200), nullable=False),
        Column("stage", String(32), nullable=False),
        Column("list_id", BigInteger),
        Column("opened_time", String(32), nullable=False),
        Column("opened_day", String(10), nullable=False),
        Column("opened_by", String(64), nullable=False),
        Column("archived_time", String(32)),
        Column("version", Integer, nullable=False),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_cases_agency")),
        ForeignKeyConstraint(["list_id"], ["recording_lists.id"], name=op.f("fk_cases_list_id")),
        PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        UniqueConstraint("agency", "number_key", name=op.f("uq_cases_agency_number_key")),
    )
    op.create_index(
        op.f("ix_cases_agency_stage_opened_time"), "cases", ["agency", "stage", "opened_time"], unique=False
    )
    op.create_index(op.f("ix_cases_number_key"), "cases", ["number_key"], unique=False)
    op.create_index(op.f("ix_cases_opened_time"), "cases", ["opened_time"], unique=False)
    op.create_table(
        "recording_list_rows",
        Column("list_id", BigInteger, nullable=False),
        Column("place", Integer, nullable=False),
        Column("item", String(40), nullable=False),
        Column("enforcement", String(32), nullable=False),
        Column("what", Text, nullable=False),
        Column("stage", String(32), nullable=False),
        Column("method", String(16), nullable=False),
        Column("required", Boolean, nullable=False),
        Column("only_with", String(32), nullable=False),
        Column("begins", Text, nullable=False),
        Column("content", Text, nullable=False),
        Column("ends", Text, nullable=False),
        Column("retention", Text, nullable=False),
        Column("remark", Text, nullable=False),
        ForeignKeyConstraint(["list_id"], ["recording_lists.id"], name=op.f("fk_recording_list_rows_list_id")),
        PrimaryKeyConstraint("list_id", "place", name=op.f("pk_recording_list_rows")),
    )
    op.create_table(
        "case_acts",
        Column("log_index", BIG_KEY, autoincrement=False, nullable=False),
        Column("case_id", BigInteger, nullable=False),
        Column("version", Integer, nullable=False),
        Column("what", String(32), nullable=False),
        Column("stage", String(32), nullable=False),
        Column("about", String(255), nullable=False),
        Column("said_id", BigInteger),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_acts_case_id")),
        PrimaryKeyConstraint("log_index", name=op.f("pk_case_acts")),
        comment="Who did what with a case: a convenience over the log.",
    )
    op.create_index(op.f("ix_case_acts_case_id_log_index"), "case_acts", ["case_id", "log_index"], unique=False)
    op.create_table(
        "case_clips",
        Column("id", BIG_KEY, nullable=False),
        Column("case_id", BigInteger, nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("dock", String(255), nullable=False),
        Column("stage", String(32), nullable=False),
        Column("item", String(40), nullable=False),
        Column("method", String(16), nullable=False),
        Column("how", String(16), nullable=False),
        Column("linked_time", String(32), nullable=False),
        Column("linked_by", String(64), nullable=False),
        Column("linked_index", BigInteger, nullable=False),
        Column("unlinked_time", String(32)),
        Column("unlinked_by", String(64)),
        Column("unlinked_index", BigInteger),
        Column("reason", BigInteger),
        ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_clips_case_id")),
        PrimaryKeyConstraint("id", name=op.f("pk_case_clips")),
        comment="Which clip belongs to which stage of which case, and which did.",
    )
    op.create_index(
        op.f("ix_case_clips_case_id_unlinked_time"), "case_clips", ["case_id", "unlinked_time"], unique=False
    )
    op.create_index(
        op.f("ix_case_clips_sha256_dock_unlinked_time"), "case_clips", ["sha256", "dock", "unlinked_time"], unique=False
    )
    op.create_index(
        "uq_case_clips_now",
        "case_clips",
        ["case_id", "sha256", "dock", "stage", "item"],
        unique=True,
        sqlite_where=text("unlinked_time IS NULL"),
        postgresql_where=text("unlinked_time IS NULL"),
    )
    op.create_table(
        "case_documents",
        Column("id", BIG_KEY, nullable=False),
        Column("case_id", BigInteger, nullable=False),
        Column("stage", String(32), nullable=False),
        Column("kind", String(32), nullable=False),
        Column("version", Integer, nullable=False),
        Column("replaces", BigInteger),
        Column("current", Boolean, nullable=False),
        Column("name", String(255), nullable=False),
        Column("media_type", String(127), nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("dated", String(10), nullable=False),
        Column("began_time", String(32)),
        Column("ended_time", String(32)),
        Column("place", String(120), nullable=False),
        Column("by", String(64), nullable=False),
        Column("added_time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        CheckConstraint("(began_time IS NULL) = (ended_time IS NULL)", name=op.f("ck_case_documents_both_times")),
        ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_documents_case_id")),
        ForeignKeyConstraint(["replaces"], ["case_documents.id"], name=op.f("fk_case_documents_replaces")),
        PrimaryKeyConstraint("id", name=op.f("pk_case_documents")),
        UniqueConstraint("replaces", name=op.f("uq_case_documents_replaces")),
        comment="Every version of every document; its bytes lie in the store under their digest and are never overwritten.",
    )
    op.create_index(op.f("ix_case_documents_case_id"), "case_documents", ["case_id"], unique=False)
    op.create_index(op.f("ix_case_documents_sha256"), "case_documents", ["sha256"], unique=False)
    op.create_table(
        "case_excuses",
        Column("id", BIG_KEY, nullable=False),
        Column("case_id", BigInteger, nullable=False),
        Column("stage", String(32), nullable=False),
        Column("item", String(40), nullable=False),
        Column("reason", BigInteger, nullable=False),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_excuses_case_id")),
        PrimaryKeyConstraint("id", name=op.f("pk_case_excuses")),
        UniqueConstraint("case_id", "stage", "item", name=op.f("uq_case_excuses_case_id_stage_item")),
    )
    op.create_table(
        "case_handlers",
        Column("id", BIG_KEY, nullable=False),
        Column("case_id", BigInteger, nullable=False),
        Column("officer_id", BigInteger, nullable=False),
        Column("since_time", String(32), nullable=False),
        Column("until_time", String(32)),
        ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_handlers_case_id")),
        ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_case_handlers_officer_id")),
        PrimaryKeyConstraint("id", name=op.f("pk_case_handlers")),
    )
    op.create_index(op.f("ix_case_handlers_case_id"), "case_handlers", ["case_id"], unique=False)
    op.create_index(
        op.f("ix_case_handlers_officer_id_until_time"), "case_handlers", ["officer_id", "until_time"], unique=False
    )
    op.create_index(
        "uq_case_handlers_now",
        "case_handlers",
        ["case_id", "officer_id"],
        unique=True,
        sqlite_where=text("until_time IS NULL"),
        postgresql_where=text("until_time IS NULL"),
    )
    op.create_table(
        "case_parties",
        Column("id", BIG_KEY, nullable=False),
        Column("case_id", BigInteger, nullable=False),
        Column("place", Integer, nullable=False),
        Column("kind", String(16), nullable=False),
        Column("name", String(120), nullable=False),
        Column("code", String(32), nullable=False),
        Column("representative", String(64), nullable=False),
        Column("contact", String(64), nullable=False),
        ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_parties_case_id")),
        PrimaryKeyConstraint("id", name=op.f("pk_case_parties")),
        comment="The parties as they stand now; earlier ones are texts in `said`.",
    )
    op.create_index(op.f("ix_case_parties_case_id"), "case_parties", ["case_id"], unique=False)
    op.create_table(
        "case_stages",
        Column("id", BIG_KEY, nullable=False),
        Column("case_id", BigInteger, nullable=False),
        Column("stage", String(32), nullable=False),
        Column("entered_time", String(32), nullable=False),
        Column("entered_day", String(10), nullable=False),
        Column("left_time", String(32)),
        Column("by", String(64), nullable=False),
        Column("log_index", BigInteger, nullable=False),
        ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_stages_case_id")),
        PrimaryKeyConstraint("id", name=op.f("pk_case_stages")),
        comment="Each time a case came into a stage.",
    )
    op.create_index(op.f("ix_case_stages_case_id"), "case_stages", ["case_id"], unique=False)
