"""What lists of clips go by: the last verdict beside the clip, and the indexes that a page of a long list needs."""

from alembic import op
from sqlalchemy import Column, String

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("clips", Column("verdict", String(16), nullable=False, server_default="undecided"))
    checked = (
        "SELECT verdict FROM clip_checks WHERE clip_checks.sha256 = clips.sha256 AND clip_checks.dock = clips.dock"
    )
    op.execute(
        f"UPDATE clips SET verdict = ({checked}) WHERE EXISTS ({checked})"  # noqa: S608  the program's own text
    )
    op.create_index(op.f("ix_clips_officer_collected_time"), "clips", ["officer", "collected_time"], unique=False)
    columns = ["kind", "verdict", "collected_time"]
    op.create_index(op.f("ix_clips_kind_verdict_collected_time"), "clips", columns, unique=False)
