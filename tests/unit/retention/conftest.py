"""The cabinet that retention is tried in, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.footage import Cabinet, cabinet_in


@pytest.fixture
async def cabinet(tmp_path: Path, database_url: str) -> AsyncIterator[Cabinet]:
    async with cabinet_in(tmp_path / "archive", database_url) as cabinet:
        yield cabinet
