"""The tables of the first version.

Nothing is released yet: until then this one step makes the tables as they stand, and a new archive is the only one
there is.
"""

from alembic import op

from liuhen_protocol.merkle import EMPTY_ROOT
from liuhen_server.database.migrate import all_tables
from liuhen_server.database.schema import log_state, sequencer_state

revision = "0001"
down_revision = None


def upgrade() -> None:
    all_tables().create_all(op.get_bind())
    op.get_bind().execute(log_state.insert().values(id=1, next_index=0))
    op.get_bind().execute(
        sequencer_state.insert().values(
            id=1, signed_size=0, signed_root=EMPTY_ROOT.hex(), signed_note=b"", published_size=0, published_note=b""
        )
    )
