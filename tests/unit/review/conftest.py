"""The office that reviews are tried in, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.review_office import ReviewOffice, review_office_in


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[ReviewOffice]:
    async with review_office_in(tmp_path / "archive", database_url) as office:
        yield office
