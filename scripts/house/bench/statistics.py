"""The annual tables over a million decided cases, on SQLite and on PostgreSQL: what the page of the figures asks, against ten seconds,
and against the same sums as one would write them by hand in the database's own shell.

Every case is decided in the year that is asked for (the worst there is), with its application or seizure among four documents. The rows are made by
the databases themselves; about 4 GB each.
"""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from house.bench.measure import Goal, Result, progress
from house.bench.postgresql import PROGRAMS, server
from liuhen_server.config import Config
from liuhen_server.operations.opening import found, opened
from liuhen_server.registry.agencies import Agency, add_agency
from liuhen_server.statistics.counting import Scope, cells_of
from liuhen_server.statistics.reports import counted_of

CASES = 1_000_000
LIMIT_S = 10.0
YEAR = 2025
AGENCIES = 40
TIMES = 3
NOW = datetime(2026, 1, 12, tzinfo=UTC)

# i counts the cases from 0
_CLASS = "CASE i % 5 WHEN 0 THEN 'penalty' WHEN 1 THEN 'licence' WHEN 2 THEN 'coercion' WHEN 3 THEN 'inspection' ELSE 'penalty' END"
_KIND = (
    "CASE i % 5 WHEN 1 THEN CASE i % 4 WHEN 0 THEN 'refused' ELSE 'granted' END WHEN 2 THEN CASE i % 3 WHEN 0 THEN 'sealed' ELSE 'seized' END"
    " WHEN 3 THEN 'nothing-found' ELSE CASE i % 3 WHEN 0 THEN 'warning' WHEN 1 THEN 'fine' ELSE 'confiscation' END END"
)
_DAY = f"'{YEAR}-' || substr(CAST(101 + i % 12 AS TEXT), 2) || '-' || substr(CAST(101 + i % 28 AS TEXT), 2)"
_TIME = f"'{YEAR}-06-01T08:00:00.000Z'"
_FINE, _AGENCY = "CASE i % 3 WHEN 1 THEN 1000 * (i % 700) ELSE 0 END", f"'a' || (10 + i % {AGENCIES})"
_FALSE, _TRUE = "(i < 0)", "(i >= 0)"
_ZEROS = "'" + "0" * 64 + "'"

ROWS = {
    "cases": {
        "id": "i + 1", "agency": _AGENCY, "enforcement": _CLASS, "number": "'n' || i", "number_key": "'n' || i", "word": "'w'",
        "year": str(YEAR), "serial": "i", "title": "'某某商店未按规定公示收费案'", "stage": "'archived'", "opened_time": _TIME, "opened_day": _DAY,
        "opened_by": "'person-1'", "decided_before": _FALSE, "version": "1",
    },
    "drafts": {
        "id": "i + 1", "case_id": "i + 1", "version": "1", "enforcement": _CLASS, "procedure": "'ordinary'", "party_kind": "'person'",
        "facts": "'未按规定公示收费'", "basis": "'某条例第三条'", "discretion": "'从轻'", "performance": "''", "remedies": "''", "grounds": "''",
        "collective": _FALSE, "fine_fen": _FINE,
        "confiscated_fen": "0", "needs_review": _FALSE, "why": "'[]'", "sha256": _ZEROS, "by": "'person-1'", "time": _TIME, "log_index": "i",
    },
    "draft_results": {"draft_id": "i + 1", "place": "0", "kind": _KIND, "content": "'罚款'", "fen": _FINE},
    "decisions": {
        "id": "i + 1", "case_id": "i + 1", "agency": _AGENCY, "enforcement": _CLASS, "draft_id": "i + 1", "needs_review": _FALSE,
        "number": "'d' || i", "number_key": "'d' || i", "kind": _KIND, "fine_fen": _FINE, "confiscated_fen": "0", "dated": _DAY,
        "decided_by": "'person-2'", "decided_time": _TIME, "log_index": "i",
    },
}  # fmt: skip
_DOCUMENTS = ("CASE i % 5 WHEN 1 THEN 'application' ELSE 'filing' END", "CASE i % 5 WHEN 1 THEN 'acceptance' WHEN 0 THEN 'seizure' ELSE 'evidence' END",
              "'decision'", "'service-receipt'")  # fmt: skip

BY_HAND = (
    f"""SELECT agency, enforcement, kind, substr(dated, 6, 2), count(*), sum(fine_fen + confiscated_fen) FROM decisions
WHERE dated BETWEEN '{YEAR}-01-01' AND '{YEAR}-12-31' GROUP BY 1, 2, 3, 4""",
    f"""SELECT c.agency, c.enforcement, f.kind, substr(f.day, 6, 2), count(*) FROM (SELECT case_id, kind, min(dated) AS day FROM case_documents
WHERE kind IN ('application', 'acceptance', 'seizure', 'application-to-court') AND current GROUP BY case_id, kind) f JOIN cases c ON c.id = f.case_id
WHERE f.day BETWEEN '{YEAR}-01-01' AND '{YEAR}-12-31' GROUP BY 1, 2, 3, 4""",
)


def run(work: Path) -> Iterator[Result]:
    work.chmod(0o711)  # PostgreSQL runs as a user of its own
    with server(work / "postgresql") as url:
        host = url.partition("host=")[2]
        for name, config in (
            ("SQLite", Config(work / "sqlite", "bench.example/log")),
            ("PostgreSQL", Config(work / "archive", "bench.example/log", database=url)),
        ):
            ask = _psql(host) if name == "PostgreSQL" else _sqlite(work / "sqlite" / "archive.db")
            asyncio.run(_begin(config))
            progress(f"statistics: {CASES:,} cases go into {name}")
            _fill(ask, name)
            ours, by_hand = asyncio.run(_ours(config)), min(_timed(ask, BY_HAND) for _ in range(TIMES))
            yield Result(
                f"statistics of a year of {CASES:,} cases, {name}",
                ours,
                "s",
                "what it may take",
                LIMIT_S,
                Goal(1.0, at_least=False),
            )
            yield Result(
                f"statistics beside plain SQL, {name}",
                ours,
                "s",
                "the sums by hand",
                by_hand,
                Goal(3.0, at_least=False),
            )


async def _begin(config: Config) -> None:
    await found(config, lambda: NOW)
    async with opened(config, lambda: NOW) as archive, archive.database.write() as conn:
        for number in range(AGENCIES):
            await add_agency(conn, Agency(f"a{10 + number}", f"朝阳县样例{number}局", f"样例{number}局", "朝县样例"))


Ask = Callable[[str], None]


def _sqlite(file: Path) -> Ask:
    def ask(statement: str) -> None:
        with sqlite3.connect(file, isolation_level=None) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA cache_size=-400000")
            connection.execute(statement).fetchall()
        connection.close()

    return ask


def _psql(host: str) -> Ask:
    def ask(statement: str) -> None:
        command = [str(PROGRAMS / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-h", host, "-U", "liuhen", "-d", "liuhen"]
        subprocess.run([*command, "-c", statement], check=True, capture_output=True)

    return ask


def _fill(ask: Ask, name: str) -> None:
    postgresql = name == "PostgreSQL"
    head = "SET session_replication_role = replica; " if postgresql else ""  # the rows are right by how they are made
    last = CASES - 1
    every = f"generate_series(0, {last}) AS n(i)" if postgresql else "n"
    counting = (
        "" if postgresql else f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last}) "
    )
    for table, columns in ROWS.items():
        ask(
            f"{head}INSERT INTO {table} ({', '.join(columns)}) {counting}SELECT {', '.join(columns.values())} FROM {every}"
        )
    for place, kind in enumerate(_DOCUMENTS):
        columns = {
            "id": f"{place} * {CASES} + i + 1", "case_id": "i + 1", "stage": "'review'", "kind": kind, "version": "1", "current": _TRUE,
            "name": "'文书.pdf'", "media_type": "'application/pdf'", "size": "80000", "sha256": _ZEROS, "dated": _DAY, "place": "''",
            "by": "'person-1'", "added_time": _TIME, "log_index": "i",
        }  # fmt: skip
        ask(
            f"{head}INSERT INTO case_documents ({', '.join(columns)}) {counting}SELECT {', '.join(columns.values())} FROM {every}"
        )
    ask("VACUUM ANALYZE" if postgresql else "ANALYZE")


def _timed(ask: Ask, statements: tuple[str, ...]) -> float:
    began = time.perf_counter()
    for statement in statements:
        ask(statement)
    return time.perf_counter() - began


async def _ours(config: Config) -> float:
    """The best of some, as the page of all agencies asks it."""
    async with opened(config, lambda: NOW) as archive:
        took = []
        for _ in range(TIMES):
            began = time.perf_counter()
            async with archive.database.read() as conn:
                counted = counted_of(await cells_of(conn, Scope(YEAR, None)))
            took.append(time.perf_counter() - began)
        assert counted.values["penalty"].count == CASES * 2 // 5, counted.values["penalty"]
        assert counted.values["licence.applied"].count == CASES // 5
    return min(took)
