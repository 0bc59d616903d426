"""The tables of this room: accounts, sign-in attempts, sessions, API tokens.

Times here are Unix seconds: they are limits to compare and add to, and none of them is evidence.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, String, Table

from liuhen_server.database.schema import HEX32, BigKey, metadata

people = Table(
    "people",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("name", String(32), nullable=False, unique=True),
    Column("display_name", String(64), nullable=False),
    Column("roles", String(255), nullable=False),  # names of `Role`, sorted, joined by spaces
    Column("password_hash", String(255), nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("one_time_until", BigInteger),  # a one-time password is good until then; null for a chosen one
    Column("disabled", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("subject", String(80), nullable=False),  # lockout.name_key or lockout.address_key
    Column("at", BigInteger, nullable=False),
    Index(None, "subject", "at"),
)

people_sessions = Table(
    "people_sessions",
    metadata,
    Column("token_sha256", HEX32, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False, index=True),
    Column("began", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Column("address", String(64), nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False, index=True),
    Column("token_sha256", HEX32, nullable=False, unique=True),
    Column("created", BigInteger, nullable=False),
    Column("good_until", BigInteger, nullable=False),
)
