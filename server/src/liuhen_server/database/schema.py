"""The tables that several rooms share, on one MetaData. A room with tables of its own (people, ingest) adds them in
its `schema.py`.

Times are UTC text as statements carry it ("2026-11-22T10:00:00.123Z"), so that they sort as text and need no zone of
the database. Digests and keys that people read are lower-case hex; hashes the tree is made of are 32 raw bytes.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BigKey = BigInteger().with_variant(Integer, "sqlite")
"""64 bits; on SQLite the type that makes a primary key the rowid itself."""

TIME = String(32)
HEX32 = String(64)
NAME = String(255)

# --- the log ---------------------------------------------------------------------------------------------------------

log_state = Table(
    "log_state",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True, autoincrement=False),
    Column("next_index", BigInteger, nullable=False),  # who updates this row holds the log until it commits
    comment="One row: the end of the log. Its row lock orders every append.",
)

sequencer_state = Table(
    "sequencer_state",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True, autoincrement=False),
    Column("lease_holder", String(64)),
    Column("lease_until", TIME),
    Column(
        "signed_size", BigInteger, nullable=False
    ),  # compare-and-swap: only ever from the size a sequencer started at
    Column("signed_root", HEX32, nullable=False),
    Column("signed_note", LargeBinary, nullable=False),
    Column("staged", String(128)),  # the folder below staging/ that holds the tiles of the signed size
    Column("published_size", BigInteger, nullable=False),
    Column("published_note", LargeBinary, nullable=False),  # with the cosignatures of a quorum; empty before the first
    Column("alarm_code", String(64)),  # set: the log has stopped and signs nothing more
    Column("alarm_why", Text),
    Column("alarm_time", TIME),
    comment="One row, apart from log_state so that signing does not wait for appends.",
)

ABOUT_KEYS = text("kind IN ('archive.started', 'dock.enrolled', 'dock.revoked', 'key.rotated')")
"""The few entries among millions that say whose key is whose: as the text of their index, which is used only under the same words."""

entries = Table(
    "entries",
    metadata,
    Column("log_index", BigKey, primary_key=True, autoincrement=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("envelope_hash", HEX32, nullable=False),
    Column("source", NAME, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("time", TIME, nullable=False),
    UniqueConstraint("source", "seq"),
    Index("ix_entries_about_keys", "log_index", sqlite_where=ABOUT_KEYS, postgresql_where=ABOUT_KEYS),
    comment="The statements, in the order of the log.",
)

heads = Table(
    "heads",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", HEX32, nullable=False),
    Column("time", TIME, nullable=False),
    comment="The last entry of every chain, kept by log.append.",
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", BigKey, primary_key=True, autoincrement=False),
    Column("root", HEX32, nullable=False),
    Column("note", LargeBinary, nullable=False),  # as signed; with cosignatures once published
    Column("signed_time", TIME, nullable=False),
    Column("published_time", TIME),
    comment="Every checkpoint this archive has signed.",
)

witness_sizes = Table(
    "witness_sizes",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("size", BigInteger, nullable=False),
    comment="The largest size each witness is known to have cosigned.",
)

# --- who may write ---------------------------------------------------------------------------------------------------

docks = Table(
    "docks",
    metadata,
    Column("name", NAME, primary_key=True),  # also the source of its chain
    Column("agency", NAME, nullable=False),
    Column("public_key", HEX32, nullable=False),  # the key that may speak now
    Column("state", String(16), nullable=False),  # enrolled | revoked
    Column("enrolled_index", BigInteger, nullable=False),  # of the dock.enrolled that named this key
    Column("enrolled_time", TIME, nullable=False),
    Column("revoked_index", BigInteger),
)

certificates = Table(
    "certificates",
    metadata,
    Column("serial", String(64), primary_key=True),  # hex
    Column("dock", NAME, ForeignKey("docks.name"), nullable=False, index=True),
    Column("public_key", HEX32, nullable=False),  # the dock's signing key it was issued beside: it ends with that key
    Column("sha256", HEX32, nullable=False),
    Column("issued_time", TIME, nullable=False),
    Column("not_after", TIME, nullable=False),
)

enrolment_codes = Table(
    "enrolment_codes",
    metadata,
    Column("secret_hash", HEX32, primary_key=True),  # SHA-256: the secret itself is shown once and kept nowhere
    Column("dock", NAME, nullable=False),
    Column("agency", NAME, nullable=False),
    Column("created_time", TIME, nullable=False),
    Column("expires_time", TIME, nullable=False),
    Column("used_time", TIME),
    Column("used_by", HEX32),  # the signing key it enrolled: that key may ask again when the answer was lost
)

# --- what was promised and stored ------------------------------------------------------------------------------------

clips = Table(
    "clips",
    metadata,
    Column("sha256", HEX32, primary_key=True),
    Column("dock", NAME, primary_key=True),  # the same bytes from two docks are two promises and two receipts
    Column("kind", String(16), nullable=False),  # original | derivative
    Column("original", HEX32, index=True),  # of a derivative: what it was made from
    Column("size", BigInteger, nullable=False),
    Column("chunk_root", HEX32, nullable=False),
    Column("sm3", HEX32),
    Column("recorder", NAME),
    Column("officer", NAME),
    Column("session", NAME),
    Column("name", Text, nullable=False),
    Column("role", String(64)),  # of a derivative: proxy, thumbnail, …
    Column("media_type", String(127)),
    Column("important", Boolean, nullable=False, default=False),
    Column("recorder_time", String(64)),
    Column("collected_time", TIME, nullable=False),
    Column("promised_index", BigInteger, nullable=False),
    Column("stored_index", BigInteger),  # null until the bytes were read back from the store
    Column("store_key", Text),
    # what the verifier said last (custody.clip_checks), undecided before it said anything: so that lists ask one table
    Column("verdict", String(16), nullable=False, server_default="undecided"),
    Column("disposed_index", BigInteger),  # of its tombstone: from then on nobody is shown its bytes, and they go
    CheckConstraint("(stored_index IS NULL) = (store_key IS NULL)", name="stored_has_key"),
    Index(None, "dock", "collected_time"),
    Index(None, "collected_time"),
    Index(None, "officer", "collected_time"),
    Index(None, "recorder", "collected_time"),
    Index(None, "verdict", "kind", "collected_time"),  # the verdict first: a list without one goes by time alone
)
