"""What is public, in versions, and the sites that were written (docs/adr/0020)."""

from alembic import op
from sqlalchemy import (
    BigInteger,
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

revision = "0014"
down_revision = "0013"

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")  # 64 bits; on SQLite the rowid itself


def upgrade() -> None:
    op.create_table(
        "public_items",
        Column("id", BIG_KEY, nullable=False),
        Column("agency", String(32), nullable=False),
        Column("kind", String(32), nullable=False),
        Column("about", String(64), nullable=False),
        Column("title", String(200), nullable=False),
        ForeignKeyConstraint(["agency"], ["agencies.code"], name=op.f("fk_public_items_agency")),
        PrimaryKeyConstraint("id", name=op.f("pk_public_items")),
        UniqueConstraint("agency", "kind", "about", name=op.f("uq_public_items_agency_kind_about")),
        comment="What an agency makes public: a decision, a list, a chart. What it says stands in its versions.",
    )
    op.create_index(op.f("ix_public_items_about"), "public_items", ["about"], unique=False)
    op.create_table(
        "public_versions",
        Column("id", BIG_KEY, nullable=False),
        Column("item_id", BigInteger, nullable=False),
        Column("version", Integer, nullable=False),
        Column("edit", Integer, nullable=False),
        Column("state", String(16), nullable=False),
        Column("raw", Text),
        Column("content", Text, nullable=False),
        Column("masked", Text, nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("collected_by", String(64), nullable=False),
        Column("collected_time", String(32), nullable=False),
        Column("confirmed_by", String(64)),
        Column("confirmed_time", String(32)),
        Column("confirmation", BigInteger),
        Column("reviewed_by", String(64)),
        Column("reviewed_time", String(32)),
        Column("published_by", String(64)),
        Column("published_time", String(32)),
        Column("published_day", String(10)),
        Column("public_until", String(10)),
        Column("withdrawn_by", String(64)),
        Column("withdrawn_time", String(32)),
        Column("withdrawn_day", String(10)),
        Column("reason", BigInteger),
        Column("log_index", BigInteger),
        CheckConstraint(
            "state IN ('collected', 'returned', 'reviewed', 'published', 'superseded', 'withdrawn')",
            name=op.f("ck_public_versions_state"),
        ),
        CheckConstraint(
            "reviewed_by IS NULL OR reviewed_by <> collected_by", name=op.f("ck_public_versions_reviewed_by_another")
        ),
        CheckConstraint(
            "published_by IS NULL OR (reviewed_by IS NOT NULL AND published_by <> reviewed_by "
            "AND published_by <> collected_by)",
            name=op.f("ck_public_versions_three_people"),
        ),
        CheckConstraint("state <> 'reviewed' OR reviewed_by IS NOT NULL", name=op.f("ck_public_versions_reviewed")),
        CheckConstraint(
            "state NOT IN ('published', 'superseded', 'withdrawn') OR (published_by IS NOT NULL AND published_time "
            "IS NOT NULL AND published_day IS NOT NULL AND log_index IS NOT NULL)",
            name=op.f("ck_public_versions_published_whole"),
        ),
        CheckConstraint(
            "state <> 'withdrawn' OR (withdrawn_by IS NOT NULL AND withdrawn_time IS NOT NULL "
            "AND withdrawn_day IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_public_versions_withdrawn_whole"),
        ),
        ForeignKeyConstraint(["item_id"], ["public_items.id"], name=op.f("fk_public_versions_item_id")),
        PrimaryKeyConstraint("id", name=op.f("pk_public_versions")),
        UniqueConstraint("item_id", "version", name=op.f("uq_public_versions_item_id_version")),
        comment="Every version of what is public, will be or was. A published one is never edited.",
    )
    op.create_index(
        op.f("ix_public_versions_state_published_time"), "public_versions", ["state", "published_time"], unique=False
    )
    op.create_index(
        "uq_public_versions_public",
        "public_versions",
        ["item_id"],
        unique=True,
        sqlite_where=text("state = 'published'"),
        postgresql_where=text("state = 'published'"),
    )
    op.create_index(
        "uq_public_versions_in_hand",
        "public_versions",
        ["item_id"],
        unique=True,
        sqlite_where=text("state IN ('collected', 'reviewed')"),
        postgresql_where=text("state IN ('collected', 'reviewed')"),
    )
    op.create_table(
        "public_releases",
        Column("log_index", BIG_KEY, autoincrement=False, nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("files", BigInteger, nullable=False),
        Column("items", BigInteger, nullable=False),
        Column("as_of", BigInteger, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("by", String(64), nullable=False),
        Column("time", String(32), nullable=False),
        PrimaryKeyConstraint("log_index", name=op.f("pk_public_releases")),
        comment="Sites that were written.",
    )
