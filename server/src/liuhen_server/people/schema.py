"""The tables of this room: accounts, the first administrator's code, sign-in attempts,
sessions, API tokens.

Times here are Unix seconds: they are limits to compare and add to, and none of them is evidence.
"""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table

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
    Column("agency", String(32)),  # code of the agency; agencies are never deleted
    Column("officer", BigInteger),  # id of the officer this person is, where one is
    Column("totp_secret", String(64)),  # of the second factor in force, base32
    Column("totp_offered", String(64)),  # shown to the person and not yet confirmed
    Column("totp_step", BigInteger),  # the last time step that was used: none is taken twice
    Column("version", Integer, nullable=False, server_default="1"),  # of what administrators edit
    Column("email", String(254)),  # where reminders go: set by the person alone
)

first_code = Table(
    "first_code",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True, autoincrement=False),
    Column("secret_sha256", HEX32, nullable=False),  # the code itself is printed once and kept nowhere
    Column("good_until", BigInteger, nullable=False),
    Column("used", BigInteger),
    comment="One row at most: the code that makes the first system administrator.",
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

people_subjects = Table(
    "people_subjects",
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False, unique=True),
    comment="Whom an identity provider's name for somebody opens: written by the security administrator alone.",
)

provider_returns = Table(
    "provider_returns",
    metadata,
    Column("state_sha256", HEX32, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("waiting", ForeignKey("people.id")),  # who was named and still owes the code of the second factor
    Index(None, "at"),
    comment="Answers of the identity provider that came back: none is taken twice.",
)
