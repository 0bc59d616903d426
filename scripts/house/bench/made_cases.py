"""A hundred thousand cases in the made county's tables: what the list of cases, the search and a case's page have to find their way in.

Of all classes and stages, each with its documents so far, a party, two handlers, and some of the county's clips linked to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from liuhen_protocol.moment import format_time
from liuhen_server.cases.classes import CLASSES, EnforcementClass, Stage
from liuhen_server.cases.indexed import CASE
from liuhen_server.search.index import Indexed, row_of, words_of_row
from liuhen_server.search.words import GAP

CASES = 100_000
OFFICERS = 600
LINKED = 4  # clips of a case
LASTS = timedelta(days=9)  # each stage
MADE_BY = "person-1"

TABLES = {
    "officers": "id certificate name agency post classes area expires recorder_number active version",
    "cases": "id agency enforcement number number_key word year serial title stage list_id opened_time opened_day opened_by"
    " archived_time version",
    "case_parties": "case_id place kind name code representative contact",
    "case_handlers": "case_id officer_id since_time until_time",
    "case_stages": "case_id stage entered_time entered_day left_time by log_index",
    "case_documents": "case_id stage kind version replaces current name media_type size sha256 dated began_time ended_time"
    " place by added_time log_index",
    "case_clips": "case_id sha256 dock stage item method how linked_time linked_by linked_index unlinked_time unlinked_by"
    " unlinked_index reason",
    "case_acts": "log_index case_id version what stage about said_id by time",
}

Rows = dict[str, list[tuple[Any, ...]]]

FAMILY, TRADE = "赵钱孙李周吴郑王冯陈", ("超市", "餐馆", "物流", "建材", "养殖场", "药房", "加油站", "印刷厂")
SUBJECT = ("未按规定公示收费", "超范围经营", "销售过期食品", "未取得许可擅自施工", "车辆超限运输", "排放不符合标准")


@dataclass(frozen=True, slots=True)
class Case:
    """The n-th case of the county, n from 0."""

    n: int
    agency: str
    word: str
    opened: datetime

    @property
    def id(self) -> int:
        return self.n + 1_000

    @property
    def rules(self) -> EnforcementClass:
        return list(CLASSES.values())[self.n % len(CLASSES)]

    @property
    def reached(self) -> tuple[Stage, ...]:
        """Every stage it came into; three of four are archived."""
        stages = (*self.rules.stages, Stage.ARCHIVED)
        return stages if self.n % 4 else stages[: 1 + self.n // 4 % len(stages)]

    @property
    def number(self) -> str:
        return f"{self.word}{self.rules.word}〔{self.opened.year}〕{self.n + 1}号"

    @property
    def party(self) -> str:
        return f"{FAMILY[self.n % 10]}{FAMILY[self.n // 10 % 10]}记{TRADE[self.n // 100 % 8]}（样例{self.n}）"

    @property
    def title(self) -> str:
        return f"{self.party}{SUBJECT[self.n % len(SUBJECT)]}"


def officers(agencies: list[str]) -> Rows:
    rows = [
        (n + 1, f"LN{210300 + n}", f"{FAMILY[n % 10]}样例{n}", agencies[n % len(agencies)], "", "", "", None, f"{210300 + n}", True, 1)
        for n in range(OFFICERS)
    ]  # fmt: skip
    return {"officers": rows}


def made(cases: Iterator[Case], clips_of: dict[int, list[tuple[str, str]]], entry: int, document: int) -> Rows:
    """Rows by table. `clips_of`: digest and dock of what is linked, by the number of the case; `entry`, `document`: the first
    free place in the log and in the index."""
    found: Rows = {table: [] for table in (*TABLES, "search_documents", "search_words")}
    for case in cases:
        time, first = format_time(case.opened), entry + case.n * 32
        archived = format_time(case.opened + len(case.reached) * LASTS) if case.reached[-1] is Stage.ARCHIVED else None
        serial = (case.word, case.opened.year, case.n + 1)
        own = (case.title, case.reached[-1].value, None, time, time[:10], MADE_BY, archived, 1)
        found["cases"].append((case.id, case.agency, case.rules.key, case.number, case.number, *serial, *own))
        found["case_parties"].append((case.id, 0, "organisation", case.party, f"91{case.n:016}", "", ""))
        handlers = (case.n % OFFICERS + 1, (case.n + 8) % OFFICERS + 1)
        for officer in handlers:
            found["case_handlers"].append((case.id, officer, time, None))
        found["case_acts"].append((first, case.id, 1, "opened", case.reached[0].value, "", None, MADE_BY, time))
        for place, stage in enumerate(case.reached):
            entered = case.opened + place * LASTS
            moment, left = format_time(entered), format_time(entered + LASTS)
            last = stage is case.reached[-1]
            found["case_stages"].append(
                (case.id, stage.value, moment, moment[:10], None if last else left, MADE_BY, first + 1 + place)
            )
            found["case_acts"].append((first + 1 + place, case.id, 1, "stage", stage.value, "", None, MADE_BY, moment))
            rules = case.rules.rules(stage)
            for number, kind in enumerate(rules.documents if rules is not None and not last else ()):
                if not kind.required:
                    continue
                digest = hashlib.sha256(f"{case.n} {place} {number}".encode()).hexdigest()
                file = (f"{kind.name.zh}.pdf", "application/pdf", 80_000, digest)
                index = first + 16 + place
                found["case_documents"].append(
                    (case.id, stage.value, kind.key, 1, None, True, *file, moment[:10], None, None, "", MADE_BY, moment, index)
                )  # fmt: skip
        for number, (sha256, dock) in enumerate(clips_of.get(case.n, [])):
            link = (case.reached[0].value, "", "video", "hand", time, MADE_BY, first + 24 + number)
            found["case_clips"].append((case.id, sha256, dock, *link, None, None, None, None))
        words = GAP.join((case.number, case.title, case.party, *(f"LN{210299 + officer}" for officer in handlers)))
        about = frozenset(f"officer-{officer}" for officer in handlers)
        row = row_of(Indexed(CASE, str(case.id), case.agency, time, words, about))
        columns = (row["kind"], row["key"], row["agency"], row["about"], row["time"], row["text"])
        found["search_documents"].append((document + case.n, *columns))
        found["search_words"].append((document + case.n, words_of_row(row)))
    return found
