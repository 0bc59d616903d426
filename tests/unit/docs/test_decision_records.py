"""Decision records: numbered without gaps, in one form, and what they name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
RECORDS = sorted((ROOT / "docs" / "adr").glob("*.md"))
SOURCES = [path for part in ("protocol", "agent", "server") for path in (ROOT / part / "src").rglob("*.py")]


def test_records_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in RECORDS] == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("path", RECORDS[1:], ids=lambda path: path.stem)
def test_a_record_says_context_decision_consequence_and_what_was_not_chosen(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith(f"# {path.name[:4]} ") and "\nStatus: " in text
    for heading in ("**Context.**", "**Decision.**", "**Consequence.**", "**Not chosen.**"):
        assert text.count(heading) == 1, heading


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_links_and_code_of_a_record_are_there(path: Path) -> None:
    text = path.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert (path.parent / target).exists(), target
    status = re.search(r"^Status:.*$", text, re.MULTILINE)
    assert status
    for named in re.findall(r"`([\w./]+\.py)`", status[0]):
        assert any(source.as_posix().endswith("/" + named) for source in SOURCES), named
