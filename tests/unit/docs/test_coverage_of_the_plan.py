"""The page that goes through the plan names only what is there: files, pages of the archive, clocks; and leaves out no number."""

from __future__ import annotations

import re
from pathlib import Path

from liuhen_server.cases.clocks import CLOCKS
from liuhen_server.deadlines import rules
from liuhen_server.deadlines.deadline import Rule
from liuhen_server.publicity.kinds import KINDS
from liuhen_server.web.app import ROUTES

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "coverage-of-the-plan.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)
]
CLOCK_KEYS = {each.key for each in CLOCKS} | {each.key for each in vars(rules).values() if isinstance(each, Rule)}
PATHS = {re.sub(r":[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", "}", route.path) for route in ROUTES}


def in_ticks(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_sentences_are_numbered_without_gaps_and_each_is_marked() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, len(ROWS) + 1))
    assert len(ROWS) > 90
    assert [row[0] for row in ROWS if len(row) != 6 or row[2] not in ("●", "◐", "○")] == []


def test_every_file_that_it_names_is_there() -> None:
    named = {each for row in ROWS for each in in_ticks(row[3]) if each.endswith(".py")}
    assert len(named) > 40
    assert [each for each in sorted(named) if not (ROOT / "server/src/liuhen_server" / each).is_file()] == []
    kinds = {each for row in ROWS for each in in_ticks(row[3]) if not each.endswith(".py")}
    assert kinds <= KINDS.keys()


def test_every_page_and_clock_that_it_names_is_there() -> None:
    pages = {each for row in ROWS for each in in_ticks(row[5]) if each.startswith("/")}
    assert len(pages) > 20 and sorted(pages - PATHS) == []
    clocks = {each for row in ROWS for each in in_ticks(row[4])}
    assert clocks and sorted(clocks - CLOCK_KEYS) == []


def test_what_is_held_says_by_what_and_what_is_not_says_why() -> None:
    assert [row[0] for row in ROWS if row[2] != "○" and not in_ticks(row[3])] == []
    assert [row[0] for row in ROWS if row[2] == "○" and (row[3] != "–" or len(row[5]) < 5)] == []
