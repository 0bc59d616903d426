"""An archive from before there were agencies keeps its accounts: they can sign in, and belong nowhere until they are placed."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from liuhen_server import database as database_room
from liuhen_server.database import Database, migrate
from liuhen_server.people.access import Refused, Thing, decide
from liuhen_server.people.accounts import find_person
from liuhen_server.people.roles import Action, Role
from liuhen_server.people.sign_in import Session, SignIn

from .conftest import NOON, RIGHT, Randomness, quick_work


def _before(conn: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(database_room.__file__ or "").parent / "migrations"))
    config.attributes["connection"] = conn
    command.upgrade(config, "0002")


async def test_accounts_and_their_passwords_stay_and_see_no_agency_yet(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    try:
        async with database.write() as conn:
            await conn.run_sync(_before)
            columns = "(id, name, display_name, roles, password_hash, must_change, disabled, created)"
            row = {"hash": quick_work.hash_now(RIGHT), "no": False}
            await conn.execute(
                text(f"INSERT INTO people {columns} VALUES (1, 'wang', '王丽', 'reviewer', :hash, :no, :no, 1)"),
                row,
            )
        await migrate(database)
        sign_in = SignIn(database, quick_work, lambda: NOON, Randomness())
        assert isinstance(await sign_in.enter("wang", RIGHT, "192.0.2.7"), Session)
        async with database.read() as conn:
            person = await find_person(conn, "wang")
    finally:
        await database.close()
    assert person is not None
    assert person.roles == {Role.REVIEWER} and person.version == 1
    assert person.agency is None and person.officer is None and not person.totp
    assert decide(person, Action.SEE_FOOTAGE, Thing("clip-ab", "scjg")) == Refused("agency")
    assert decide(person, Action.SEE_FOOTAGE, Thing("clip-ab", None)) == Refused("agency"), "no agency is not one's own"
