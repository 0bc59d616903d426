"""The few entries that say whose key is whose have an index of their own: every page of a clip asks for them. And the index of
clips by verdict begins with it, so that a list without one is not sorted by way of it.
"""

from alembic import op
from sqlalchemy import text

revision = "0007"
down_revision = "0006"

ABOUT_KEYS = text("kind IN ('archive.started', 'dock.enrolled', 'dock.revoked', 'key.rotated')")


def upgrade() -> None:
    op.create_index(
        "ix_entries_about_keys", "entries", ["log_index"], sqlite_where=ABOUT_KEYS, postgresql_where=ABOUT_KEYS
    )
    op.drop_index("ix_clips_kind_verdict_collected_time", table_name="clips")
    columns = ["verdict", "kind", "collected_time"]
    op.create_index(op.f("ix_clips_verdict_kind_collected_time"), "clips", columns, unique=False)
