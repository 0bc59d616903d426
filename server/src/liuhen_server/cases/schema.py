"""The tables of this room. Nothing in them is deleted: what no longer holds says when it ended and who ended it.

Words that people wrote (titles, parties, reasons) have every version in the table `said` (acts.py); here stands what holds now.
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
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from liuhen_server.database.schema import HEX32, NAME, TIME, BigKey, metadata

CODE = String(32)
ITEM = String(40)  # a row of a recording list, or document:<kind>
PERSON = String(64)  # person-7, as the log has it
DAY = String(10)  # 2026-11-20, of the agency's zone

cases = Table(
    "cases",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False),
    Column("enforcement", CODE, nullable=False),  # key of classes.CLASSES
    Column("number", String(80), nullable=False),
    Column("number_key", String(80), nullable=False),
    Column("word", String(32), nullable=False),
    Column("year", Integer, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("title", String(200), nullable=False),
    Column("stage", CODE, nullable=False),
    Column("list_id", BigInteger, ForeignKey("recording_lists.id")),  # the one in force on the day it was opened
    Column("opened_time", TIME, nullable=False),
    Column("opened_day", DAY, nullable=False),
    Column("opened_by", PERSON, nullable=False),
    Column("archived_time", TIME),
    Column("version", Integer, nullable=False),
    # it was past its decision when drafts and decisions came to the archive (docs/adr/0020): it goes on without them
    Column("decided_before", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("agency", "number_key"),
    Index(None, "agency", "stage", "opened_time"),
    Index(None, "agency", "opened_time"),
    Index(None, "opened_time"),
    Index(None, "number_key"),
    Index(None, "decided_before"),
)

case_parties = Table(
    "case_parties",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", BigInteger, ForeignKey("cases.id"), nullable=False, index=True),
    Column("place", Integer, nullable=False),
    Column("kind", String(16), nullable=False),  # person | organisation
    Column("name", String(120), nullable=False),
    Column(
        "code", String(32), nullable=False
    ),  # unified social credit code or number of an identity document; may be empty
    Column("representative", String(64), nullable=False),
    Column("contact", String(64), nullable=False),
    comment="The parties as they stand now; earlier ones are texts in `said`.",
)

case_handlers = Table(
    "case_handlers",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", BigInteger, ForeignKey("cases.id"), nullable=False, index=True),
    Column("officer_id", BigInteger, ForeignKey("officers.id"), nullable=False),
    Column("since_time", TIME, nullable=False),
    Column("until_time", TIME),
    Index(None, "officer_id", "until_time"),
    Index(
        "uq_case_handlers_now",
        "case_id",
        "officer_id",
        unique=True,
        sqlite_where=text("until_time IS NULL"),
        postgresql_where=text("until_time IS NULL"),
    ),
)

case_stages = Table(
    "case_stages",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", BigInteger, ForeignKey("cases.id"), nullable=False, index=True),
    Column("stage", CODE, nullable=False),
    Column("entered_time", TIME, nullable=False),
    Column("entered_day", DAY, nullable=False),
    Column("left_time", TIME),
    Column("by", PERSON, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    comment="Each time a case came into a stage.",
)

case_documents = Table(
    "case_documents",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", BigInteger, ForeignKey("cases.id"), nullable=False, index=True),
    Column("stage", CODE, nullable=False),
    Column("kind", CODE, nullable=False),
    Column("version", Integer, nullable=False),
    Column("replaces", BigInteger, ForeignKey("case_documents.id"), unique=True),  # one successor: two editors are told
    Column("current", Boolean, nullable=False),
    Column("name", NAME, nullable=False),
    Column("media_type", String(127), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", HEX32, nullable=False, index=True),
    Column("dated", DAY, nullable=False),  # the day that stands on it
    Column("began_time", TIME),  # of a record of something that lasted: an inspection, a questioning
    Column("ended_time", TIME),
    Column("place", String(120), nullable=False),
    Column("by", PERSON, nullable=False),
    Column("added_time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    Index(None, "kind", "case_id", "current", "dated"),  # the annual tables read it instead of the rows
    CheckConstraint("(began_time IS NULL) = (ended_time IS NULL)", name="both_times"),
    comment="Every version of every document; its bytes lie in the store under their digest and are never overwritten.",
)

case_clips = Table(
    "case_clips",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", BigInteger, ForeignKey("cases.id"), nullable=False),
    Column("sha256", HEX32, nullable=False),
    Column("dock", NAME, nullable=False),
    Column("stage", CODE, nullable=False),
    Column("item", ITEM, nullable=False),  # empty: linked to the stage, for no row of the list
    Column("method", String(16), nullable=False),  # what the clip is: video, audio, photo; empty: no recording
    Column("how", String(16), nullable=False),
    Column("linked_time", TIME, nullable=False),
    Column("linked_by", PERSON, nullable=False),
    Column("linked_index", BigInteger, nullable=False),
    Column("unlinked_time", TIME),
    Column("unlinked_by", PERSON),
    Column("unlinked_index", BigInteger),
    Column("reason", BigInteger),  # of the unlinking, in `said`
    Index(None, "case_id", "unlinked_time"),
    Index(None, "sha256", "dock", "unlinked_time"),
    Index(
        "uq_case_clips_now",
        "case_id",
        "sha256",
        "dock",
        "stage",
        "item",
        unique=True,
        sqlite_where=text("unlinked_time IS NULL"),
        postgresql_where=text("unlinked_time IS NULL"),
    ),
    comment="Which clip belongs to which stage of which case, and which did.",
)

case_excuses = Table(
    "case_excuses",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", BigInteger, ForeignKey("cases.id"), nullable=False),
    Column("stage", CODE, nullable=False),
    Column("item", ITEM, nullable=False),
    Column("reason", BigInteger, nullable=False),  # in `said`
    Column("by", PERSON, nullable=False),
    Column("time", TIME, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    UniqueConstraint("case_id", "stage", "item"),
)

case_acts = Table(
    "case_acts",
    metadata,
    Column("log_index", BigKey, primary_key=True, autoincrement=False),
    Column("case_id", BigInteger, ForeignKey("cases.id"), nullable=False),
    Column("version", Integer, nullable=False),  # of the case after it
    Column("what", String(32), nullable=False),  # opened, title, parties, handlers, number, stage, document, linked, …
    Column("stage", CODE, nullable=False),
    Column("about", String(255), nullable=False),  # what of it: a document's id, a row's item, the stage before
    Column("said_id", BigInteger),
    Column("by", PERSON, nullable=False),
    Column("time", TIME, nullable=False),
    Index(None, "case_id", "log_index"),
    comment="Who did what with a case: a convenience over the log.",
)

recording_lists = Table(
    "recording_lists",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False),
    Column("version", Integer, nullable=False),  # of the agency's lists, counted from 1
    Column("edit", Integer, nullable=False),  # how often the draft was saved: who saves under an older one is told
    Column("edited_by", PERSON, nullable=False),
    Column("edited_time", TIME, nullable=False),
    Column("approved_by", PERSON),  # null: a draft
    Column("approved_time", TIME),
    Column("from_day", DAY),
    Column("sha256", HEX32),
    Column("log_index", BigInteger),
    UniqueConstraint("agency", "version"),
    CheckConstraint("(approved_by IS NULL) = (from_day IS NULL)", name="approved_has_day"),
)

recording_list_rows = Table(
    "recording_list_rows",
    metadata,
    Column("list_id", BigInteger, ForeignKey("recording_lists.id"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("item", ITEM, nullable=False),
    Column("enforcement", CODE, nullable=False),
    Column("what", Text, nullable=False),
    Column("stage", CODE, nullable=False),
    Column("method", String(16), nullable=False),
    Column("required", Boolean, nullable=False),
    Column("only_with", CODE, nullable=False),
    Column("begins", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("ends", Text, nullable=False),
    Column("retention", Text, nullable=False),
    Column("remark", Text, nullable=False),
)

case_imports = Table(
    "case_imports",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("by", PERSON, nullable=False, index=True),
    Column("agency", CODE, ForeignKey("agencies.code"), nullable=False),
    Column("name", String(200), nullable=False),  # of the file
    Column("made_time", TIME, nullable=False),
    # carried out, or another sheet of the same person took its place; the words of its rows are gone then
    Column("done_time", TIME),
    Column("rows", Text),  # JSON
    comment="A sheet that was read without a mistake, until its sender says that it is to be done.",
)
