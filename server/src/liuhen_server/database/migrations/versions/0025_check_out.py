"""Where a recorder stood that was checked out at the dock."""

from alembic import op
from sqlalchemy import BigInteger, Column

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("holdings", Column("stay", BigInteger))
