"""The tables of this room. All are conveniences over the log and the store: losing them loses no evidence."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Integer, String, Table, Text

from liuhen_server.database.schema import HEX32, NAME, TIME, BigKey, metadata

clip_views = Table(
    "clip_views",
    metadata,
    Column("log_index", BigKey, primary_key=True, autoincrement=False),  # of the clip.viewed
    Column("sha256", HEX32, nullable=False),
    Column("dock", NAME, nullable=False),
    Index(None, "sha256", "dock"),
    comment="Which entries of the log are views of which clip.",
)

clip_checks = Table(
    "clip_checks",
    metadata,
    Column("sha256", HEX32, primary_key=True),
    Column("dock", NAME, primary_key=True),
    Column("verdict", String(16), nullable=False, index=True),  # holds | undecided | broken
    Column("step", Integer),  # the first step with that verdict; null when all hold
    Column("checked_time", TIME, nullable=False),
    Column("log_size", BigInteger, nullable=False),  # of the checkpoint it was checked under
    Column("read_time", TIME),  # when the bytes were last read from the store in full; null: there are none
    Column("file_identity", Text),  # what the file looked like then (device, inode, size, times)
    Column("read_sha256", HEX32),
    Column("read_size", BigInteger),
    Column("read_chunk_root", HEX32),
    comment="What the verifier said last of each original, and what its bytes were when they were last read.",
)

stays = Table(
    "stays",
    metadata,
    Column("docked_index", BigKey, primary_key=True, autoincrement=False),  # of the recorder.docked
    Column("dock", NAME, nullable=False),
    Column("seq", BigInteger, nullable=False),  # of the same, in the dock's chain: what follows it is the stay
    Column("session", NAME, nullable=False),
    Column("time", TIME, nullable=False, index=True),
    Column("bay", NAME, nullable=False),
    Column("recorder", NAME, nullable=False),
    Column("officer", NAME),
    Column("quarantined", Boolean, nullable=False),
    Column("files", Integer, nullable=False),
    Column("total_bytes", BigInteger, nullable=False),
    Column("failed", Integer, nullable=False),  # files that could not be read
    Column("missing", BigInteger, nullable=False),  # numbers that are missing between its files
    Column("deleted", BigInteger, nullable=False),  # deleted entries the file system still showed
    Column("problems", Integer, nullable=False),  # what could not be listed, and alarms
    Column("cleared", Integer, nullable=False),  # files cleared under a receipt
    Column("ended_seq", BigInteger),  # of the recorder.undocked; null while it is in the bay
    Column("ended_time", TIME),
    Column("premature", Boolean, nullable=False),
    Index(None, "dock", "session"),
    Index(None, "dock", "time"),
    Index(None, "recorder", "docked_index"),
    comment="Every stay of a recorder in a bay, as the log tells it so far.",
)

stays_read = Table(
    "stays_read",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True, autoincrement=False),
    Column("next_index", BigInteger, nullable=False),
    comment="One row: how far the log has been read into `stays`.",
)
