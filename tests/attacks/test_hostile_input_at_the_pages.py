"""Input made to break the pages or the log file of the archive: it is answered like any other wrong input."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from liuhen_server.database import Database, migrate
from liuhen_server.operations.opening import found
from liuhen_server.people.accounts import find_person
from liuhen_server.people.lockout import BY_NAME, locked_for
from liuhen_server.people.passwords import PasswordWork
from liuhen_server.people.sign_in import SignIn, Wrong
from liuhen_server.web.clip_list import Filters
from liuhen_server.web.guard import shown_path
from liuhen_server.web.language import Language, Words
from support.archive import config_for

CHINA = timezone(timedelta(hours=8))
NOON = 1_795_000_000


@pytest.mark.parametrize("name", ["\x00", "li\x00wei", "\ud800", "a" * 5000, "' OR 1=1 --"])
async def test_a_name_no_account_can_have_is_a_wrong_name(tmp_path: Path, database_url: str, name: str) -> None:
    database = Database(database_url)
    await migrate(database)
    work = PasswordWork(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    sign_in = SignIn(database, work, lambda: NOON, lambda size: b"r" * size)
    try:
        assert isinstance(await sign_in.enter(name, "x", "127.0.0.1"), Wrong)
        async with database.read() as conn:
            assert await find_person(conn, name) is None
    finally:
        await database.close()


def test_a_filter_with_a_sign_that_no_name_has_asks_for_nothing() -> None:
    from aiohttp.test_utils import make_mocked_request

    asked = Filters.of(make_mocked_request("GET", "/clips?dock=a%00b&officer=%00"))
    assert (asked.dock, asked.officer) == ("", "")


@pytest.mark.parametrize("stated", ["9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z"])
@pytest.mark.parametrize("zone", [CHINA, timezone(timedelta(hours=-8))])
def test_a_dock_whose_clock_stands_at_the_end_of_time_does_not_break_the_pages(stated: str, zone: timezone) -> None:
    assert Words(Language.CHINESE, zone).time_with_zone(stated)


def test_a_path_with_a_line_break_does_not_forge_a_line_of_the_log() -> None:
    from aiohttp.test_utils import make_mocked_request

    assert shown_path(make_mocked_request("GET", "/clips/a%0A2026-11-22%20INFO%20forged/x")).isprintable()


def test_attempts_counted_by_a_clock_that_ran_ahead_lock_nobody_out() -> None:
    ahead = NOON + 70 * 365 * 86_400
    assert locked_for([ahead] * 50, NOON, BY_NAME) == 0
    assert locked_for([NOON] * 5, NOON, BY_NAME) > 0


async def test_what_is_written_to_the_database_never_stands_in_an_errors_text(database_url: str) -> None:
    database = Database(database_url)
    try:
        with pytest.raises(SQLAlchemyError) as raised:
            async with database.write() as conn:
                await conn.execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "argon2id-secret"})
        assert "argon2id-secret" not in str(raised.value)
    finally:
        await database.close()


async def test_an_archive_founded_in_an_open_folder_closes_it(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir(mode=0o755)
    config = config_for(folder, f"sqlite:///{folder / 'archive.db'}")
    await found(config, lambda: datetime(2026, 11, 22, tzinfo=UTC))
    assert folder.stat().st_mode & 0o077 == 0, "the database holds officers' numbers and password hashes"
