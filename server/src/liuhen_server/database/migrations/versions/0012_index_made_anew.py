"""Where the making anew of the index stands: whoever is ended in the middle of it goes on there."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("search_read", Column("room", Integer))
    op.add_column("search_read", Column("place", BigInteger))
