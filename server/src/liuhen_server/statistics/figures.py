"""The annual tables as the county fills them in: which figures there are, and what each counts. Pure.

Counting rules: several penalties in one decision count once, under the heaviest (`decisions.outcomes` orders them); money is what the decision
says; what a case asked for (an application, the court) counts once per case, on the day of its first document. A total is the sum of its
parts and opens their cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.said import Said
from liuhen_server.decisions.outcomes import OUTCOMES, outcomes_of

__all__ = [
    "ANY",
    "BEFORE",
    "COURT",
    "FIGURES",
    "MONTHS",
    "TABLES",
    "Cell",
    "Figure",
    "Part",
    "Source",
    "StatisticsTable",
    "Value",
    "by_month",
    "value_of",
    "values_of",
]

MONTHS = tuple(f"{month:02d}" for month in range(1, 13))
ANY = "*"
BEFORE = "before"
"""The kind of a decision of a case that was past it when drafts came to the archive: its document alone is known."""
COURT = "application-to-court"


class Source(StrEnum):
    """Where a figure's rows lie; `counting.rows` has one query for each."""

    DECISIONS = "decisions"  # decisions made in the year; kind: the heaviest of its results
    DOCUMENTS = "documents"  # the first document of a kind in a case
    COURT = "court"  # cases in which the court was asked to execute
    BEFORE = "before"  # decisions that the archive knows by their document alone
    ENDED = "ended"  # decisions revoked or found void in the year; kind: how


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one source: of one class (or of `ANY`), not of `unlike`, of these kinds."""

    source: Source
    enforcement: str
    kinds: frozenset[str]
    unlike: str = ""

    def has(self, source: Source, enforcement: str, kind: str) -> bool:
        return (
            source is self.source
            and self.enforcement in (ANY, enforcement)
            and enforcement != self.unlike
            and kind in self.kinds
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """`money`: what the decisions say is shown beside the count. `total`: the sum of what stands above it. `rare`: a line that is
    printed only where there is something in it.
    """

    key: str
    name: Said
    parts: tuple[Part, ...]
    money: bool = False
    total: bool = False
    rare: bool = False


@dataclass(frozen=True, slots=True)
class StatisticsTable:
    """`groups`: rows that are summed up, each with its total last; `beside`: rows that belong to no sum."""

    key: str
    name: Said
    groups: tuple[tuple[Figure, ...], ...]
    beside: tuple[Figure, ...] = ()

    @property
    def figures(self) -> tuple[Figure, ...]:
        return (*(figure for group in self.groups for figure in group), *self.beside)


@dataclass(frozen=True, slots=True)
class Cell:
    """What the database adds up: so many rows of one agency, source, class, kind and month (01 to 12), and their money in fen."""

    agency: str
    source: Source
    enforcement: str
    kind: str
    month: str
    count: int
    fen: int


@dataclass(frozen=True, slots=True)
class Value:
    """`fen`: whole fen."""

    count: int = 0
    fen: int = 0


def _decided(enforcement: str, *kinds: str, money: bool = False, name: Said | None = None, key: str = "") -> Figure:
    part = Part(Source.DECISIONS, enforcement, frozenset(kinds))
    return Figure(f"{enforcement}.{key or kinds[0]}", name or OUTCOMES[kinds[0]].name, (part,), money)


def _before(enforcement: str) -> Figure:
    name = Said(
        "种类未录入（系统启用拟处理意见前已决定）", "kind not entered (decided before drafts came to the archive)"
    )
    return Figure(f"{enforcement}.before", name, (Part(Source.BEFORE, enforcement, frozenset({BEFORE})),), rare=True)


def _paper(key: str, zh: str, en: str, enforcement: str, kind: str, unlike: str = "") -> Figure:
    return Figure(key, Said(zh, en), (Part(Source.DOCUMENTS, enforcement, frozenset({kind}), unlike),))


def _ended(enforcement: str) -> Figure:
    name = Said("年内被撤销或者确认无效的决定", "decisions revoked or found void in the year")
    return Figure(f"{enforcement}.ended", name, (Part(Source.ENDED, enforcement, frozenset({"revoked", "void"})),))


def _summed(key: str, zh: str, en: str, figures: Iterable[Figure], *, money: bool = False) -> tuple[Figure, ...]:
    rows = tuple(figures)
    parts = tuple(part for figure in rows for part in figure.parts)
    return (*rows, Figure(key, Said(zh, en), parts, money, total=True))


_MEASURES = ("sealed", "seized", "frozen", "other-measure")
_SEIZURE = _paper(
    "coercion.in-case", "办理其他案件中的查封、扣押", "sealed or seized in other cases", ANY, "seizure", "coercion"
)
_COURT = Figure(
    "coercion.court",
    Said("申请人民法院强制执行", "applications to the court"),
    (Part(Source.COURT, ANY, frozenset({COURT})),),
)
_GRANTED = Said("准予许可（含延续、变更）", "granted (with extended and changed)")

TABLES: tuple[StatisticsTable, ...] = (
    StatisticsTable(
        "penalties",
        Said("行政处罚实施情况", "Penalties"),
        (
            _summed(
                "penalty",
                "合计",
                "total",
                (
                    *(
                        _decided("penalty", each.key, money=True)
                        for each in outcomes_of("penalty")
                        if each.key != "no-penalty"
                    ),
                    _before("penalty"),
                ),
                money=True,
            ),
        ),
        (_decided("penalty", "no-penalty"), _ended("penalty")),
    ),
    StatisticsTable(
        "licences",
        Said("行政许可实施情况", "Licences"),
        (
            _summed(
                "licence",
                "作出决定合计",
                "decided, total",
                (
                    _decided("licence", "granted", "extended", "changed-licence", name=_GRANTED),
                    *(_decided("licence", each) for each in ("refused", "revoked", "withdrawn-licence", "cancelled")),
                    _before("licence"),
                ),
            ),
        ),
        (
            _paper("licence.applied", "申请", "applied for", "licence", "application"),
            _paper("licence.accepted", "受理", "accepted", "licence", "acceptance"),
        ),
    ),
    StatisticsTable(
        "coercion",
        Said("行政强制实施情况", "Coercion"),
        (
            _summed(
                "coercion.measures",
                "行政强制措施合计",
                "measures, total",
                (*(_decided("coercion", each) for each in _MEASURES), _SEIZURE, _before("coercion")),
            ),
            _summed(
                "coercion.executions",
                "行政强制执行合计",
                "executions, total",
                (_decided("coercion", each.key) for each in outcomes_of("coercion") if each.key not in _MEASURES),
            ),
        ),
        (_COURT, _ended("coercion")),
    ),
    StatisticsTable(
        "others",
        Said("其他行政执法行为实施情况", "Levy, requisition, inspection"),
        (
            _summed(
                "levy",
                "行政征收征用合计",
                "levy and requisition, total",
                (*(_decided("levy", each.key, money=True) for each in outcomes_of("levy")), _before("levy")),
                money=True,
            ),
            _summed(
                "inspection",
                "行政检查合计",
                "inspections, total",
                (*(_decided("inspection", each.key) for each in outcomes_of("inspection")), _before("inspection")),
            ),
        ),
    ),
)
FIGURES: Mapping[str, Figure] = MappingProxyType({figure.key: figure for table in TABLES for figure in table.figures})
assert len(FIGURES) == sum(len(table.figures) for table in TABLES)
assert all(part.enforcement == ANY or part.enforcement in CLASSES for each in FIGURES.values() for part in each.parts)


def value_of(figure: Figure, cells: Iterable[Cell]) -> Value:
    count = fen = 0
    for cell in cells:
        if any(part.has(cell.source, cell.enforcement, cell.kind) for part in figure.parts):
            count, fen = count + cell.count, fen + cell.fen
    return Value(count, fen)


def values_of(cells: Iterable[Cell]) -> dict[str, Value]:
    """Every figure by its key."""
    known = tuple(cells)
    return {key: value_of(figure, known) for key, figure in FIGURES.items()}


def by_month(figure: Figure, cells: Iterable[Cell]) -> tuple[int, ...]:
    """Twelve counts, January first."""
    known = tuple(cells)
    return tuple(value_of(figure, (cell for cell in known if cell.month == month)).count for month in MONTHS)
