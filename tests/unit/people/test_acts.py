"""What is done is written down with who did it, all of it or nothing; what people write stays out of the log."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import RegistryChanged, SearchMade
from liuhen_protocol.statement import read_statement
from liuhen_server.acts import MACHINE, Acts, acts_stated, commitment_of, said
from liuhen_server.database.schema import entries, log_state, sequencer_state
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.log.signed_state import LogStopped
from liuhen_server.operations.opening import Archive
from support.archive import new_archive

EVENT = RegistryChanged("agency-scjg", "machine", "created", 1, None)


@pytest.fixture
async def archive(tmp_path: Path, database_url: str) -> AsyncIterator[Archive]:
    async with new_archive(tmp_path / "archive", database_url) as archive:
        yield archive


def acts_of(archive: Archive) -> Acts:
    return Acts(archive.database, archive.chain, utc_now, secrets.token_bytes)


async def test_the_log_holds_the_commitment_and_the_database_the_words(archive: Archive) -> None:
    words = "理由:张三住在某路 12 号。\n第二行"
    async with acts_of(archive).of(MACHINE) as act:
        kept = await act.commit_text("reason", "case-31", words)
        stated = await act.state(SearchMade("person-7", "handler", "officer", 3, kept.sha256))
    async with archive.database.read() as conn:
        row = (await conn.execute(select(said))).one()
        listed = (await conn.execute(select(acts_stated))).one()
        envelope = (
            await conn.execute(select(entries.c.envelope).where(entries.c.log_index == stated.index))
        ).scalar_one()
    event = read_statement(Envelope.parse(envelope).payload).event
    assert isinstance(event, SearchMade) and event.said == kept.sha256 == row.sha256
    assert commitment_of(row.salt, row.text) == kept.sha256 and row.text == words and len(row.salt) == 32
    assert "张三".encode() not in envelope
    assert (listed.log_index, listed.kind, listed.by, listed.said_id) == (
        stated.index,
        "search.made",
        "machine",
        kept.id,
    )


async def test_the_same_words_twice_are_two_commitments(archive: Archive) -> None:
    async with acts_of(archive).of(MACHINE) as act:
        first = await act.commit_text("reason", "case-31", "同样的话")
        assert (await act.commit_text("reason", "case-31", "同样的话")).sha256 != first.sha256


async def test_an_act_that_fails_leaves_neither_rows_nor_a_statement(archive: Archive) -> None:
    with pytest.raises(RuntimeError):
        async with acts_of(archive).of(MACHINE) as act:
            await act.commit_text("reason", "case-31", "理由")
            await act.state(EVENT)
            raise RuntimeError
    async with archive.database.read() as conn:
        assert (await conn.execute(select(log_state.c.next_index))).scalar_one() == 1, "archive.started alone"
        assert (await conn.execute(select(said))).all() == [] == (await conn.execute(select(acts_stated))).all()


@pytest.mark.parametrize("bad", ["", " \n ", "a\x00b", "a\x1b[31m", "\ud800", "长" * 20_001])
async def test_words_that_cannot_be_kept_are_refused(archive: Archive, bad: str) -> None:
    with pytest.raises(ValueError, match=r"text|文字"):
        async with acts_of(archive).of(MACHINE) as act:
            await act.commit_text("reason", "case-31", bad)


async def test_a_database_that_is_not_what_the_log_wrote_stops_the_log(archive: Archive) -> None:
    async with archive.database.write() as conn:
        await conn.execute(update(log_state).values(next_index=0))
    with pytest.raises(LogStopped):
        async with acts_of(archive).of(MACHINE) as act:
            await act.state(EVENT)
    async with archive.database.read() as conn:
        assert (await conn.execute(select(sequencer_state.c.alarm_code))).scalar_one() == "entry-added"


async def test_disposed_words_leave_a_commitment_that_says_nothing(archive: Archive) -> None:
    async with acts_of(archive).of(MACHINE) as act:
        kept = await act.commit_text("note", "case-31", "姓名")
    async with archive.database.write() as conn:
        await conn.execute(update(said).values(salt=None, text=None))
        assert (await conn.execute(text("SELECT sha256 FROM said"))).scalar_one() == kept.sha256
