"""A real database and a door with a clock that the test turns. Hashing is argon2id with small parameters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from liuhen_server.database import Database, migrate
from liuhen_server.people.accounts import Person, add_person, set_password
from liuhen_server.people.passwords import PasswordWork
from liuhen_server.people.roles import Role
from liuhen_server.people.sign_in import SignIn
from support.made_tables import sqlite_with_tables

NOON = 1_795_000_000
RIGHT = "一本正经 correct horse 17"
quick_work = PasswordWork(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass
class Clock:
    now: int = NOON

    def __call__(self) -> int:
        return self.now


class Randomness:
    """Every draw is another one, and the same in every run."""

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self, size: int) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(4, "big") * (size // 4)


@dataclass
class Door:
    database: Database
    clock: Clock
    sign_in: SignIn
    random_bytes: Randomness

    async def person(
        self, name: str, role: Role = Role.REVIEWER, password: str = RIGHT, *, chosen: bool = True
    ) -> Person:
        """An account; `chosen` False leaves it with its one-time password."""
        async with self.database.write() as conn:
            added = await add_person(
                conn,
                name=name,
                display_name=name.title(),
                roles=frozenset({role}),
                one_time_hash=quick_work.hash_now(password),
                now=self.clock.now,
            )
            if chosen:
                await set_password(conn, added.id, added.password_hash)
        return added


@asynccontextmanager
async def _door(url: str) -> AsyncIterator[Door]:
    database = Database(url)
    await migrate(database)
    clock, random_bytes = Clock(), Randomness()
    yield Door(database, clock, SignIn(database, quick_work, clock, random_bytes), random_bytes)
    await database.close()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with _door(sqlite_with_tables(tmp_path / "archive.db")) as door:
        yield door


@pytest.fixture
async def each_door(database_url: str) -> AsyncIterator[Door]:
    """For what the two databases could do differently."""
    async with _door(database_url) as door:
        yield door
