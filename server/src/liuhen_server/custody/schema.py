"""The tables of this room. Both are conveniences over the log and the store: losing them loses no evidence."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

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
