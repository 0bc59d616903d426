"""The tables of the first version, as explicit operations: what a founded archive has does not change when the code's tables do.

A later version adds a revision beside this one; a test holds that all of them together make the tables the code asks for.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    column,
    table,
)

revision = "0001"
down_revision = None

EMPTY_ROOT = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of nothing: the root of an empty tree
)
BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself


def upgrade() -> None:
    op.create_table(
        "checkpoints",
        Column("size", BIG_KEY, autoincrement=False, nullable=False),
        Column("root", String(64), nullable=False),
        Column("note", LargeBinary, nullable=False),
        Column("signed_time", String(32), nullable=False),
        Column("published_time", String(32)),
        PrimaryKeyConstraint("size", name=op.f("pk_checkpoints")),
        comment="Every checkpoint this archive has signed.",
    )
    op.create_table(
        "clip_checks",
        Column("sha256", String(64), nullable=False),
        Column("dock", String(255), nullable=False),
        Column("verdict", String(16), nullable=False),
        Column("step", Integer),
        Column("checked_time", String(32), nullable=False),
        Column("log_size", BigInteger, nullable=False),
        Column("read_time", String(32)),
        Column("file_identity", Text),
        Column("read_sha256", String(64)),
        Column("read_size", BigInteger),
        Column("read_chunk_root", String(64)),
        PrimaryKeyConstraint("sha256", "dock", name=op.f("pk_clip_checks")),
        comment="What the verifier said last of each original, and what its bytes were when they were last read.",
    )
    op.create_index(op.f("ix_clip_checks_verdict"), "clip_checks", ["verdict"], unique=False)
    op.create_table(
        "clip_views",
        Column("log_index", BIG_KEY, autoincrement=False, nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("dock", String(255), nullable=False),
        PrimaryKeyConstraint("log_index", name=op.f("pk_clip_views")),
        comment="Which entries of the log are views of which clip.",
    )
    op.create_index(op.f("ix_clip_views_sha256_dock"), "clip_views", ["sha256", "dock"], unique=False)
    op.create_table(
        "clips",
        Column("sha256", String(64), nullable=False),
        Column("dock", String(255), nullable=False),
        Column("kind", String(16), nullable=False),
        Column("original", String(64)),
        Column("size", BigInteger, nullable=False),
        Column("chunk_root", String(64), nullable=False),
        Column("sm3", String(64)),
        Column("recorder", String(255)),
        Column("officer", String(255)),
        Column("session", String(255)),
        Column("name", Text, nullable=False),
        Column("role", String(64)),
        Column("media_type", String(127)),
        Column("important", Boolean, nullable=False),
        Column("recorder_time", String(64)),
        Column("collected_time", String(32), nullable=False),
        Column("promised_index", BigInteger, nullable=False),
        Column("stored_index", BigInteger),
        Column("store_key", Text),
        CheckConstraint("(stored_index IS NULL) = (store_key IS NULL)", name=op.f("ck_clips_stored_has_key")),
        PrimaryKeyConstraint("sha256", "dock", name=op.f("pk_clips")),
    )
    op.create_index(op.f("ix_clips_collected_time"), "clips", ["collected_time"], unique=False)
    op.create_index(op.f("ix_clips_dock_collected_time"), "clips", ["dock", "collected_time"], unique=False)
    op.create_index(op.f("ix_clips_original"), "clips", ["original"], unique=False)
    op.create_table(
        "docks",
        Column("name", String(255), nullable=False),
        Column("agency", String(255), nullable=False),
        Column("public_key", String(64), nullable=False),
        Column("state", String(16), nullable=False),
        Column("enrolled_index", BigInteger, nullable=False),
        Column("enrolled_time", String(32), nullable=False),
        Column("revoked_index", BigInteger),
        PrimaryKeyConstraint("name", name=op.f("pk_docks")),
    )
    op.create_table(
        "enrolment_codes",
        Column("secret_hash", String(64), nullable=False),
        Column("dock", String(255), nullable=False),
        Column("agency", String(255), nullable=False),
        Column("created_time", String(32), nullable=False),
        Column("expires_time", String(32), nullable=False),
        Column("used_time", String(32)),
        Column("used_by", String(64)),
        PrimaryKeyConstraint("secret_hash", name=op.f("pk_enrolment_codes")),
    )
    op.create_table(
        "entries",
        Column("log_index", BIG_KEY, autoincrement=False, nullable=False),
        Column("envelope", LargeBinary, nullable=False),
        Column("leaf_hash", LargeBinary, nullable=False),
        Column("envelope_hash", String(64), nullable=False),
        Column("source", String(255), nullable=False),
        Column("seq", BigInteger, nullable=False),
        Column("kind", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        PrimaryKeyConstraint("log_index", name=op.f("pk_entries")),
        UniqueConstraint("source", "seq", name=op.f("uq_entries_source_seq")),
        comment="The statements, in the order of the log.",
    )
    op.create_table(
        "heads",
        Column("source", String(255), nullable=False),
        Column("seq", BigInteger, nullable=False),
        Column("hash", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        PrimaryKeyConstraint("source", name=op.f("pk_heads")),
        comment="The last entry of every chain, kept by log.append.",
    )
    op.create_table(
        "log_state",
        Column("id", Integer, autoincrement=False, nullable=False),
        Column("next_index", BigInteger, nullable=False),
        CheckConstraint("id = 1", name=op.f("ck_log_state_one_row")),
        PrimaryKeyConstraint("id", name=op.f("pk_log_state")),
        comment="One row: the end of the log. Its row lock orders every append.",
    )
    op.create_table(
        "people",
        Column("id", BIG_KEY, nullable=False),
        Column("name", String(32), nullable=False),
        Column("display_name", String(64), nullable=False),
        Column("roles", String(255), nullable=False),
        Column("password_hash", String(255), nullable=False),
        Column("must_change", Boolean, nullable=False),
        Column("one_time_until", BigInteger),
        Column("disabled", Boolean, nullable=False),
        Column("created", BigInteger, nullable=False),
        PrimaryKeyConstraint("id", name=op.f("pk_people")),
        UniqueConstraint("name", name=op.f("uq_people_name")),
    )
    op.create_table(
        "sequencer_state",
        Column("id", Integer, autoincrement=False, nullable=False),
        Column("lease_holder", String(64)),
        Column("lease_until", String(32)),
        Column("signed_size", BigInteger, nullable=False),
        Column("signed_root", String(64), nullable=False),
        Column("signed_note", LargeBinary, nullable=False),
        Column("staged", String(128)),
        Column("published_size", BigInteger, nullable=False),
        Column("published_note", LargeBinary, nullable=False),
        Column("alarm_code", String(64)),
        Column("alarm_why", Text),
        Column("alarm_time", String(32)),
        CheckConstraint("id = 1", name=op.f("ck_sequencer_state_one_row")),
        PrimaryKeyConstraint("id", name=op.f("pk_sequencer_state")),
        comment="One row, apart from log_state so that signing does not wait for appends.",
    )
    op.create_table(
        "sign_in_attempts",
        Column("id", BIG_KEY, nullable=False),
        Column("subject", String(80), nullable=False),
        Column("at", BigInteger, nullable=False),
        PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempts")),
    )
    op.create_index(op.f("ix_sign_in_attempts_subject_at"), "sign_in_attempts", ["subject", "at"], unique=False)
    op.create_table(
        "witness_sizes",
        Column("name", String(255), nullable=False),
        Column("size", BigInteger, nullable=False),
        PrimaryKeyConstraint("name", name=op.f("pk_witness_sizes")),
        comment="The largest size each witness is known to have cosigned.",
    )
    op.create_table(
        "api_tokens",
        Column("id", BIG_KEY, nullable=False),
        Column("person_id", BIG_KEY, nullable=False),
        Column("token_sha256", String(64), nullable=False),
        Column("created", BigInteger, nullable=False),
        Column("good_until", BigInteger, nullable=False),
        ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_api_tokens_person_id")),
        PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        UniqueConstraint("token_sha256", name=op.f("uq_api_tokens_token_sha256")),
    )
    op.create_index(op.f("ix_api_tokens_person_id"), "api_tokens", ["person_id"], unique=False)
    op.create_table(
        "certificates",
        Column("serial", String(64), nullable=False),
        Column("dock", String(255), nullable=False),
        Column("public_key", String(64), nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("issued_time", String(32), nullable=False),
        Column("not_after", String(32), nullable=False),
        ForeignKeyConstraint(["dock"], ["docks.name"], name=op.f("fk_certificates_dock")),
        PrimaryKeyConstraint("serial", name=op.f("pk_certificates")),
    )
    op.create_index(op.f("ix_certificates_dock"), "certificates", ["dock"], unique=False)
    op.create_table(
        "people_sessions",
        Column("token_sha256", String(64), nullable=False),
        Column("person_id", BIG_KEY, nullable=False),
        Column("began", BigInteger, nullable=False),
        Column("last_seen", BigInteger, nullable=False),
        Column("address", String(64), nullable=False),
        ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_people_sessions_person_id")),
        PrimaryKeyConstraint("token_sha256", name=op.f("pk_people_sessions")),
    )
    op.create_index(op.f("ix_people_sessions_person_id"), "people_sessions", ["person_id"], unique=False)
    op.create_table(
        "uploads",
        Column("id", String(64), nullable=False),
        Column("dock", String(255), nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("length", BigInteger, nullable=False),
        Column("durable", BigInteger, nullable=False),
        Column("finished", Boolean, nullable=False),
        Column("created_time", String(32), nullable=False),
        Column("expires_time", String(32), nullable=False),
        ForeignKeyConstraint(["dock"], ["docks.name"], name=op.f("fk_uploads_dock")),
        PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        comment="tus uploads. The bytes lie in incoming/<id> until they move into the store.",
    )
    op.create_index(op.f("ix_uploads_dock_sha256"), "uploads", ["dock", "sha256"], unique=False)
    op.create_index(op.f("ix_uploads_expires_time"), "uploads", ["expires_time"], unique=False)

    op.bulk_insert(table("log_state", column("id"), column("next_index")), [{"id": 1, "next_index": 0}])
    sequencer = ("id", "signed_size", "signed_root", "published_size")
    notes = ("signed_note", "published_note")
    op.bulk_insert(
        table("sequencer_state", *(column(name) for name in sequencer), *(column(name, LargeBinary) for name in notes)),
        [
            {
                "id": 1,
                "signed_size": 0,
                "signed_root": EMPTY_ROOT,
                "published_size": 0,
                "signed_note": b"",
                "published_note": b"",
            }
        ],
    )
