"""The office that cases are decided in, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.case_office import Office, office_in


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with office_in(tmp_path / "archive", database_url) as office:
        yield office
