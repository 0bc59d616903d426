"""Agencies and officers, where a person belongs and the second factor, what people wrote and which entries are their acts."""

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
)

revision = "0003"
down_revision = "0002"

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself


def upgrade() -> None:
    op.create_table(
        "agencies",
        Column("code", String(32), nullable=False),
        Column("name", String(64), nullable=False),
        Column("short", String(16), nullable=False),
        Column("case_word", String(16), nullable=False),
        Column("credit_code", String(18)),
        Column("active", Boolean, nullable=False),
        Column("version", Integer, nullable=False),
        PrimaryKeyConstraint("code", name=op.f("pk_agencies")),
        UniqueConstraint("name", name=op.f("uq_agencies_name")),
        comment="The enforcing bodies; never deleted.",
    )
    op.create_table(
        "officers",
        Column("id", BIG_KEY, nullable=False),
        Column("certificate", String(32), nullable=False),
        Column("name", String(64), nullable=False),
        Column("agency", String(32), nullable=False),
        Column("post", String(64), nullable=False),
        Column("classes", String(255), nullable=False),
        Column("area", String(64), nullable=False),
        Column("expires", String(10)),
        Column("recorder_number", String(32)),
        Column("active", Boolean, nullable=False),
        Column("version", Integer, nullable=False),
        PrimaryKeyConstraint("id", name=op.f("pk_officers")),
        UniqueConstraint("certificate", name=op.f("uq_officers_certificate")),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_officers_agency")),
        comment="Who enforces; never deleted.",
    )
    op.create_index(op.f("ix_officers_agency"), "officers", ["agency"], unique=False)
    op.create_index(op.f("ix_officers_recorder_number"), "officers", ["recorder_number"], unique=False)
    op.add_column("people", Column("agency", String(32)))
    op.add_column("people", Column("officer", BigInteger))
    op.add_column("people", Column("totp_secret", String(64)))
    op.add_column("people", Column("totp_offered", String(64)))
    op.add_column("people", Column("totp_step", BigInteger))
    op.add_column("people", Column("version", Integer, nullable=False, server_default="1"))
    op.create_table(
        "first_code",
        Column("id", Integer, autoincrement=False, nullable=False),
        Column("secret_sha256", String(64), nullable=False),
        Column("good_until", BigInteger, nullable=False),
        Column("used", BigInteger),
        CheckConstraint("id = 1", name=op.f("ck_first_code_one_row")),
        PrimaryKeyConstraint("id", name=op.f("pk_first_code")),
        comment="One row at most: the code that makes the first system administrator.",
    )
    op.create_table(
        "said",
        Column("id", BIG_KEY, nullable=False),
        Column("kind", String(64), nullable=False),
        Column("about", String(255), nullable=False),
        Column("salt", LargeBinary),
        Column("text", Text),
        Column("sha256", String(64), nullable=False),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        PrimaryKeyConstraint("id", name=op.f("pk_said")),
        comment="What people wrote, in versions that are never overwritten; the log holds the commitments.",
    )
    op.create_index(op.f("ix_said_about_kind"), "said", ["about", "kind"], unique=False)
    op.create_table(
        "acts_stated",
        Column("log_index", BIG_KEY, autoincrement=False, nullable=False),
        Column("kind", String(64), nullable=False),
        Column("by", String(64), nullable=False),
        Column("said_id", BigInteger),
        PrimaryKeyConstraint("log_index", name=op.f("pk_acts_stated")),
        comment="Which entries of the log are acts of which person: a convenience over the log.",
    )
    op.create_index(op.f("ix_acts_stated_kind_log_index"), "acts_stated", ["kind", "log_index"], unique=False)
    op.create_index(op.f("ix_acts_stated_by_log_index"), "acts_stated", ["by", "log_index"], unique=False)
