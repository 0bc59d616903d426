"""The list of one agency's cases by the time they were opened."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_index(op.f("ix_cases_agency_opened_time"), "cases", ["agency", "opened_time"])
