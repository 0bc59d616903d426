"""The newest documents of a kind, for the first look of a search on PostgreSQL."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_index(op.f("ix_search_documents_kind_id"), "search_documents", ["kind", "id"])
