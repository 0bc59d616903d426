"""A county of a million clips, straight in the tables of a founded archive: what lists, search and pages have to find their way in.

Of forty docks of eight agencies, over five years, with a hundred thousand cases. A last stay of twenty clips is real: signed, stored, logged and published,
so that its pages show whole evidence. The rest are rows alone, with entries that hold no envelope.
"""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, NamedTuple

from house.bench import made_cases
from house.bench.made_cases import Case
from house.bench.postgresql import PROGRAMS
from liuhen_protocol.moment import format_time
from liuhen_server.search.index import row_of, tsvector, words_of_row
from liuhen_server.search.sources import clip_document

CLIPS = 1_000_000
AT_ONCE = 5_000
DOCKS, AGENCIES, OFFICERS = 40, 8, made_cases.OFFICERS
CLIPS_OF_A_CASE = CLIPS // made_cases.CASES
BEGAN = datetime(2021, 1, 4, tzinfo=UTC)
BETWEEN = timedelta(seconds=150)  # a million of them are about five years
CLIPS_OF_A_STAY = 30
NAMES = ("市场监督管理局", "交通运输局", "农业农村局", "城市管理局", "文化旅游局", "水务局", "应急管理局", "卫生健康局")
FIRST_ENTRY = 1_000  # of the log; what is real stands before it


class Made(NamedTuple):
    """Rows by table, in the order of the columns of `TABLES`."""

    clips: list[tuple[Any, ...]]
    clip_checks: list[tuple[Any, ...]]
    entries: list[tuple[Any, ...]]
    stays: list[tuple[Any, ...]]
    search_documents: list[tuple[Any, ...]]
    search_words: list[tuple[Any, ...]]


TABLES = made_cases.TABLES | {
    "clips": "sha256 dock kind size chunk_root recorder officer session name important collected_time promised_index"
    " stored_index store_key verdict",
    "clip_checks": "sha256 dock verdict checked_time log_size",
    "entries": "log_index envelope leaf_hash envelope_hash source seq kind time",
    "stays": "docked_index dock seq session time bay recorder officer quarantined files total_bytes failed missing deleted"
    " problems cleared ended_seq ended_time premature",
    "search_documents": "id kind key agency about time text",
    "search_words": "id words",
}


@dataclass(frozen=True, slots=True)
class Clip:
    """The n-th clip."""

    n: int

    @property
    def dock(self) -> str:
        return f"dock-{self.n // CLIPS_OF_A_STAY % DOCKS + 1:02}"

    @property
    def agency(self) -> int:
        return self.n // CLIPS_OF_A_STAY % AGENCIES

    @property
    def officer(self) -> str:
        return f"{210300 + self.n // CLIPS_OF_A_STAY * 7 % OFFICERS}"

    @property
    def recorder(self) -> str:
        return f"{int(self.officer) - 210000:07}"

    @property
    def moment(self) -> datetime:
        return BEGAN + self.n * BETWEEN

    @property
    def name(self) -> str:
        return f"{self.recorder}_{self.officer}{self.moment:%Y%m%d%H%M%S}_{self.n % 10_000:04}.MP4"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(str(self.n).encode()).hexdigest()

    @property
    def verdict(self) -> str:
        """Rarely another than that it holds."""
        return "broken" if self.n % 20_011 == 7 else "undecided" if self.n % 1_009 == 3 else "holds"


def agency_code(number: int) -> str:
    return f"agency-{number + 1}"


def agency_name(number: int) -> str:
    return f"朝阳县{NAMES[number]}"


def case(n: int) -> Case:
    """The n-th case: of the agency of its first clip, which was made before it was opened."""
    clip = Clip(n * CLIPS_OF_A_CASE)
    word = "朝县" + "甲乙丙丁戊己庚辛"[clip.agency]
    return Case(n, agency_code(clip.agency), word, clip.moment + timedelta(days=1))


def _linked(n: int) -> list[tuple[str, str]]:
    clips = (Clip(n * CLIPS_OF_A_CASE + each) for each in range(made_cases.LINKED))
    return [(clip.sha256, clip.dock) for clip in clips]


def made(first: int, end: int) -> Made:
    """Clips `first` to before `end`, and what goes with them."""
    found = Made([], [], [], [], [], [])
    for n in range(first, end):
        clip = Clip(n)
        index, sha256, time = FIRST_ENTRY + 2 * n, clip.sha256, format_time(clip.moment)
        session = f"s-{n // CLIPS_OF_A_STAY}"
        told = (clip.recorder, clip.officer, session, clip.name, n % 50 == 0, time)
        kept = (index, index + 1, f"local:{sha256}", clip.verdict)
        found.clips.append((sha256, clip.dock, "original", 600_000_000 + n, sha256, *told, *kept))
        found.clip_checks.append((sha256, clip.dock, clip.verdict, time, index + 2))
        kind = "recorder.docked" if n % CLIPS_OF_A_STAY == 0 else "clip.collected"
        found.entries.append((index, b"", b"", "", clip.dock, n + FIRST_ENTRY, kind, time))
        found.entries.append((index + 1, b"", b"", "", "archive", n - CLIPS - 1, "clip.stored", time))
        if n % CLIPS_OF_A_STAY == 0:
            own = (index, clip.dock, n + FIRST_ENTRY, session, time, "1", clip.recorder, clip.officer)
            counts = (CLIPS_OF_A_STAY, 10**9, 0, 0, 0, 0, CLIPS_OF_A_STAY)
            found.stays.append((*own, False, *counts, n + FIRST_ENTRY + CLIPS_OF_A_STAY, time, False))
        said = (clip.name, clip.recorder, clip.officer, clip.dock, agency_name(clip.agency))
        row = row_of(clip_document(sha256, clip.dock, agency_code(clip.agency), time, said))
        columns = (row["kind"], row["key"], row["agency"], row["about"], row["time"], row["text"])
        found.search_documents.append((n + 1_000, *columns))
        found.search_words.append((n + 1_000, words_of_row(row)))
    return found


class Sqlite(AbstractContextManager["Sqlite"]):
    """Fills the file of an archive that nobody else has open."""

    def __init__(self, file: str) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-400000;")

    def put(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        names = TABLES[table].replace("id ", "rowid ") if table == "search_words" else TABLES[table]
        columns = names.split()
        marks = ", ".join("?" * len(columns))
        self._connection.execute("BEGIN")
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        self._connection.executemany(statement, rows)
        self._connection.execute("COMMIT")

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()


class Postgresql(AbstractContextManager["Postgresql"]):
    """Fills a database by COPY, and has its statistics taken when all is in."""

    def __init__(self, url: str) -> None:
        self._host = url.partition("host=")[2]
        self._run("DROP INDEX ix_search_words_words")
        self._copies = {table: self._copy(table) for table in TABLES}

    def put(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if table == "search_words":
            rows = [(number, tsvector(words)) for number, words in rows]
        stream = self._copies[table].stdin
        assert stream is not None
        stream.write("".join("\t".join(_field(value) for value in row) + "\n" for row in rows).encode())

    def _psql(self) -> list[str]:
        return [
            str(PROGRAMS / "psql"),
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            self._host,
            "-U",
            "liuhen",
            "-d",
            "liuhen",
            "-c",
        ]

    def _copy(self, table: str) -> subprocess.Popen[bytes]:
        statement = f"COPY {table} ({', '.join(TABLES[table].split())}) FROM STDIN"
        return subprocess.Popen([*self._psql(), statement], stdin=subprocess.PIPE)

    def _run(self, statement: str) -> None:
        subprocess.run([*self._psql(), statement], check=True)

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        for copy in self._copies.values():
            copy.communicate()
            assert copy.returncode == 0
        self._run("CREATE INDEX ix_search_words_words ON search_words USING gin (words)")
        self._run("VACUUM ANALYZE")


def _field(value: object) -> str:
    """As COPY reads it."""
    match value:
        case None:
            return "\\N"
        case bool():
            return "t" if value else "f"
        case bytes():
            return "\\\\x" + value.hex()
        case _:
            return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def fill(sinks: Sequence[Sqlite | Postgresql], tell: Callable[[str], None], clips: int = CLIPS) -> None:
    """Each row is made once and put everywhere. Fewer clips come with fewer cases."""
    for first in range(0, clips, AT_ONCE):
        _put(sinks, made(first, min(first + AT_ONCE, clips))._asdict())
        if first % 100_000 == 0:
            tell(f"{first:,} clips")
    _put(sinks, made_cases.officers([agency_code(number) for number in range(AGENCIES)]))
    entry, document = FIRST_ENTRY + 2 * CLIPS, CLIPS + 2_000
    cases = clips // CLIPS_OF_A_CASE
    for first in range(0, cases, AT_ONCE):
        some = range(first, min(first + AT_ONCE, cases))
        linked = {n: _linked(n) for n in some}
        _put(sinks, made_cases.made((case(n) for n in some), linked, entry, document))
        if first % 20_000 == 0:
            tell(f"{first:,} cases")


def _put(sinks: Sequence[Sqlite | Postgresql], rows: Mapping[str, Sequence[tuple[Any, ...]]]) -> None:
    for table, of_table in rows.items():
        for sink in sinks:
            if of_table:
                sink.put(table, of_table)
