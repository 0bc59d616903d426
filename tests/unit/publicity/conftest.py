"""An office whose decisions become public, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.publicity import Publicity, publicity_in


@pytest.fixture
async def room(tmp_path: Path, database_url: str) -> AsyncIterator[Publicity]:
    async with publicity_in(tmp_path / "archive", database_url) as room:
        yield room
