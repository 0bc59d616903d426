"""What a case must hold and does not: the recording list and the documents of its class, stage by stage.

A row of the recording list (音像记录事项清单) names what of a stage is recorded and how. A case is measured by the list that was in force
on the day it was opened. What is required and neither there nor excused keeps the case from being archived.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from liuhen_server.cases.classes import EnforcementClass, Stage, kinds
from liuhen_server.cases.said import Said, Wrong

__all__ = [
    "METHOD_NAMES",
    "Excuse",
    "Linked",
    "ListRow",
    "Method",
    "Need",
    "NeedState",
    "Paper",
    "blockers",
    "check_rows",
    "document_item",
    "needs_of",
]

MOST_ROWS = 500
LONGEST_CELL = 400


class Method(StrEnum):
    PHOTO = "photo"
    AUDIO = "audio"
    VIDEO = "video"
    SURVEILLANCE = "surveillance"


_SUFFICES: dict[Method, frozenset[Method]] = {
    Method.PHOTO: frozenset({Method.PHOTO, Method.VIDEO, Method.SURVEILLANCE}),
    Method.AUDIO: frozenset({Method.AUDIO, Method.VIDEO}),
    Method.VIDEO: frozenset({Method.VIDEO, Method.SURVEILLANCE}),
    Method.SURVEILLANCE: frozenset({Method.SURVEILLANCE, Method.VIDEO}),
}
"""What was asked for, and what of it suffices: whoever filmed has the sound and the picture too."""

METHOD_NAMES: dict[Method, Said] = {
    Method.PHOTO: Said("照相", "photographs"),
    Method.AUDIO: Said("录音", "sound"),
    Method.VIDEO: Said("录像", "video"),
    Method.SURVEILLANCE: Said("视频监控", "surveillance"),
}


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row of a recording list. `item` names it within its list for ever; `only_with` is the kind of document that makes the
    row apply (a seizure is filmed only where something was seized), empty for a row that always applies.
    """

    item: str
    enforcement: str
    what: str
    stage: Stage
    method: Method
    required: bool
    only_with: str = ""
    begins: str = ""
    content: str = ""
    ends: str = ""
    retention: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Linked:
    """A clip that belongs to the case now. `item`: the row it was linked for; None where the person named only the stage."""

    stage: Stage
    item: str | None
    method: Method


@dataclass(frozen=True, slots=True)
class Paper:
    stage: Stage
    kind: str


@dataclass(frozen=True, slots=True)
class Excuse:
    """Somebody said why this is not there. `item` is a row's item or `document_item(kind)`."""

    stage: Stage
    item: str


def document_item(kind: str) -> str:
    """How a required document is called where rows of the list have their item."""
    return f"document:{kind}"


class NeedState(StrEnum):
    PRESENT = "present"
    MISSING = "missing"
    EXCUSED = "excused"
    AHEAD = "ahead"  # required, and the case has not come to its stage
    OPTIONAL = "optional"  # not there, and need not be


@dataclass(frozen=True, slots=True)
class Need:
    """One thing a stage asks for: `count` of it are there. `method` None: a document."""

    stage: Stage
    item: str
    name: Said
    method: Method | None
    required: bool
    count: int
    state: NeedState
    source: Said

    @property
    def sentence(self) -> Said:
        """What is missing, with the rule it comes from."""
        if self.method is None:
            return Said(f"缺{self.name.zh}（{self.source.zh}）", f"{self.name.en} is missing ({self.source.en})")
        how = METHOD_NAMES[self.method]
        return Said(
            f"缺“{self.name.zh}”的{how.zh}（{self.source.zh}）",
            f"{how.en} of “{self.name.en}” missing ({self.source.en})",
        )


def needs_of(
    enforcement: EnforcementClass,
    reached: Collection[Stage],
    rows: Collection[ListRow],
    papers: Collection[Paper],
    linked: Collection[Linked],
    excuses: Collection[Excuse],
) -> tuple[Need, ...]:
    """Everything the stages of a case ask for, in the order of the stages: documents first, then recordings as the list has
    them. `reached`: the stages the case is or was in. What a case never came to (it was discontinued) is not asked of it, nor
    what only another stage's document would bring.
    """
    excused = {(each.stage, each.item) for each in excuses}
    by_kind = {paper.kind for paper in papers}
    found: list[Need] = []
    for stage in enforcement.stages:
        for kind in kinds(enforcement, stage):
            count = sum(paper.stage is stage and paper.kind == kind.key for paper in papers)
            source = kind.source or Said(
                f"{enforcement.name.zh}案卷“{enforcement.stage_name(stage).zh}”阶段必备",
                f"the file of a {enforcement.name.en.lower()}, stage {enforcement.stage_name(stage).en}",
            )
            item = document_item(kind.key)
            state = _state(count, kind.required, stage in reached, (stage, item) in excused)
            found.append(Need(stage, item, kind.name, None, kind.required, count, state, source))
        of_stage = [row for row in rows if row.enforcement == enforcement.key and row.stage is stage]
        for row in of_stage:
            count = sum(_covers(link, row, alone=len(of_stage) == 1) for link in linked)
            required = row.required and (not row.only_with or row.only_with in by_kind)
            state = _state(count, required, stage in reached, (stage, row.item) in excused)
            source = Said(f"音像记录事项清单第 {row.item} 项", f"recording list, item {row.item}")
            found.append(Need(stage, row.item, Said(row.what, row.what), row.method, required, count, state, source))
    return tuple(found)


def blockers(needs: Iterable[Need]) -> tuple[Need, ...]:
    """What keeps the case from being archived; empty: it may be."""
    return tuple(need for need in needs if need.state is NeedState.MISSING)


def check_rows(rows: Collection[ListRow], classes: Iterable[EnforcementClass]) -> None:
    """Raises Wrong for a list that cannot be approved, with the row it is about."""
    known = {each.key: each for each in classes}
    if not rows:
        raise Wrong("清单至少要有一项", "a list needs at least one row")
    if len(rows) > MOST_ROWS:
        raise Wrong(f"清单最多 {MOST_ROWS} 项", f"a list has at most {MOST_ROWS} rows")
    seen: set[str] = set()
    for number, row in enumerate(rows, 1):
        _check_row(number, row, known, seen)
        seen.add(row.item)


def _check_row(number: int, row: ListRow, known: dict[str, EnforcementClass], seen: set[str]) -> None:
    where, place = f"第 {number} 行：", f"row {number}: "
    enforcement = known.get(row.enforcement)
    if enforcement is None:
        raise Wrong(where + "没有这个执法类别", place + "no such class")
    if row.stage not in enforcement.stages:
        raise Wrong(f"{where}{enforcement.name.zh}没有这个环节", f"{place}{enforcement.name.en} has no such stage")
    if not row.item.strip() or row.item in seen or len(row.item) > 32:
        raise Wrong(
            f"{where}序号“{row.item[:32]}”为空、过长或重复",
            f"{place}the item “{row.item[:32]}” is empty, too long or there twice",
        )
    if row.item.startswith("document:"):
        raise Wrong(where + "序号不能以“document:”开头", place + "an item does not begin with “document:”")
    if not row.what.strip():
        raise Wrong(where + "未写记录事项", place + "what is recorded is empty")
    if row.only_with and row.only_with not in {kind.key for rules in enforcement.table for kind in rules.documents}:
        raise Wrong(where + "适用条件不是这个类别的文书", place + "the condition is no document of this class")
    for text in (row.what, row.begins, row.content, row.ends, row.retention, row.remark):
        if len(text) > LONGEST_CELL:
            raise Wrong(f"{where}每格最多 {LONGEST_CELL} 字", f"{place}a cell holds at most {LONGEST_CELL} signs")


def _covers(link: Linked, row: ListRow, *, alone: bool) -> bool:
    """A clip linked for another row does not stand for this one. One linked to the stage without a row stands for its only
    row; where there are several, nobody has said which it shows.
    """
    fits = link.item == row.item or (link.item is None and alone)
    return link.stage is row.stage and fits and link.method in _SUFFICES[row.method]


def _state(count: int, required: bool, reached: bool, excused: bool) -> NeedState:
    if count:
        return NeedState.PRESENT
    if excused:
        return NeedState.EXCUSED
    if not required:
        return NeedState.OPTIONAL
    return NeedState.MISSING if reached else NeedState.AHEAD
