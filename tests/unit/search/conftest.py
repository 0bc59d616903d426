"""An empty archive's database of each kind, with the index to write and the finder to ask."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import pytest

from liuhen_server.database import Database, migrate
from liuhen_server.search.facets import Reach
from liuhen_server.search.finder import Filters, Finder, Found, Page
from liuhen_server.search.index import Indexed, forget, put

ALL = {"clip": Reach(), "stay": Reach(), "note": Reach()}


@dataclass
class Index:
    database: Database

    async def put(self, *documents: Indexed) -> None:
        async with self.database.write() as conn:
            await put(conn, documents)

    async def forget(self, kind: str, *ids: str) -> None:
        async with self.database.write() as conn:
            await forget(conn, kind, ids)

    async def find(
        self, typed: str, visible: Mapping[str, Reach] = ALL, filters: Filters | None = None, page: Page | None = None
    ) -> Found:
        return await Finder(self.database).find(typed, visible, filters or Filters(), page or Page())

    async def ids(self, typed: str, visible: Mapping[str, Reach] = ALL, filters: Filters | None = None) -> set[str]:
        found = await self.find(typed, visible, filters, Page(rows=500))
        return {hit.id for group in found.groups for hit in group.hits}


def note(number: int | str, text: str, agency: str | None = None, when: str | None = None, *about: str) -> Indexed:
    return Indexed("note", str(number), agency, when, text, frozenset(about))


@pytest.fixture
async def index(database_url: str) -> AsyncIterator[Index]:
    database = Database(database_url)
    await migrate(database)
    yield Index(database)
    await database.close()
