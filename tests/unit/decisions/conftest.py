"""The office that cases are decided in, and one with accounts for everybody, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.case_office import Office, office_in
from support.decision_room import Room, room_in


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with office_in(tmp_path / "archive", database_url) as office:
        yield office


@pytest.fixture
async def room(tmp_path: Path, database_url: str) -> AsyncIterator[Room]:
    async with room_in(tmp_path / "archive", database_url) as found:
        yield found
