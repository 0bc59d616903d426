"""The record list of a case (清单): stage by stage every document and recording with its digest and its place in the log, what is missing, and
what somebody said why it is not there. Pure; page and PDF show the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from liuhen_server.cases.classes import Stage, kinds
from liuhen_server.cases.coverage import METHOD_NAMES, Need, NeedState
from liuhen_server.cases.reading import Document, Link, WholeCase
from liuhen_server.cases.said import Said

__all__ = ["ClipFile", "Line", "RecordList", "Section", "record_list_of"]

DOCUMENT, CLIP = Said("文书", "document"), Said("音像", "recording")
NOTHING = Said("", "")
OTHER_FILE = Said("其他文件", "other file")


@dataclass(frozen=True, slots=True)
class ClipFile:
    """What the archive knows of a linked clip. `made_time`: the recorder's own word, which names no zone; None: it has none."""

    name: str
    size: int
    made_time: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """`state`: present, missing or excused. `time`: of a present one, as `time_is` says: the day on the document, or the recorder's
    time. `note`: the reason of an excuse, or the rule that something missing comes from.
    """

    sort: Said
    what: Said
    state: NeedState
    file: str = ""
    time: str = ""
    size: int = 0
    sha256: str = ""
    log_index: int | None = None
    note: Said = NOTHING


@dataclass(frozen=True, slots=True)
class Section:
    stage: Stage
    name: Said
    reached: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class RecordList:
    """`agency`: its name. `handlers`: name and certificate. `parties`: names with their codes. Text is plain (`record_list_of`)."""

    number: str
    title: str
    enforcement: Said
    agency: str
    stage: Said
    opened_day: str
    handlers: tuple[tuple[str, str], ...]
    parties: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]

    def count(self, state: NeedState, sort: Said | None = None) -> int:
        lines = (line for section in self.sections for line in section.lines)
        return sum(line.state is state and sort in (None, line.sort) for line in lines)


def record_list_of(
    whole: WholeCase,
    agency: str,
    files: Mapping[tuple[str, str], ClipFile],
    handlers: tuple[tuple[str, str], ...],
    reasons: Mapping[int, str],
    plain: Callable[[str], str],
) -> RecordList:
    """`files` by (dock, sha256); `reasons`: what people wrote, by its number; `plain` makes a name from outside harmless to show."""
    case, needs = whole.case, whole.needs()
    return RecordList(
        number=case.number,
        title=plain(case.title),
        enforcement=case.rules.name,
        agency=plain(agency),
        stage=case.rules.stage_name(case.stage),
        opened_day=case.opened_day,
        handlers=tuple((plain(name), certificate) for name, certificate in handlers),
        parties=tuple((plain(party.name), party.code) for party in whole.parties),
        sections=tuple(
            Section(
                stage,
                case.rules.stage_name(stage),
                stage in whole.reached,
                (
                    *_present(whole, stage, needs, files, plain),
                    *_lacking(whole, [need for need in needs if need.stage is stage], reasons, plain),
                ),
            )
            for stage in case.rules.stages
        ),
    )


def _present(
    whole: WholeCase,
    stage: Stage,
    needs: tuple[Need, ...],
    files: Mapping[tuple[str, str], ClipFile],
    plain: Callable[[str], str],
) -> list[Line]:
    labels = {need.item: need.name for need in needs if need.stage is stage}
    names = {kind.key: kind.name for kind in kinds(whole.case.rules, stage)}
    documents = [
        _document(each, names.get(each.kind, Said(each.kind, each.kind)), plain)
        for each in whole.documents
        if each.stage is stage and each.current
    ]
    clips = [
        _clip(each, labels.get(each.item), files.get((each.dock, each.sha256)), plain)
        for each in whole.links
        if each.stage is stage and each.unlinked_time is None
    ]
    return [*sorted(documents, key=lambda line: line.time), *sorted(clips, key=lambda line: (line.time, line.file))]


def _document(document: Document, name: Said, plain: Callable[[str], str]) -> Line:
    if document.version > 1:
        name = Said(f"{name.zh}（第 {document.version} 版）", f"{name.en}, version {document.version}")
    return Line(
        DOCUMENT,
        name,
        NeedState.PRESENT,
        plain(document.name),
        document.dated,
        document.size,
        document.sha256,
        document.log_index,
    )


def _clip(link: Link, label: Said | None, file: ClipFile | None, plain: Callable[[str], str]) -> Line:
    method = METHOD_NAMES[link.method] if link.method is not None else OTHER_FILE
    made = (file.made_time or "").replace("T", " ")[:19] if file is not None else ""
    return Line(
        CLIP,
        Said(plain(label.zh), plain(label.en)) if label is not None else method,
        NeedState.PRESENT,
        plain(file.name.rpartition("/")[2]) if file is not None else "",
        made,
        file.size if file is not None else 0,
        link.sha256,
        link.linked_index,
    )


def _lacking(
    whole: WholeCase, needs: list[Need], reasons: Mapping[int, str], plain: Callable[[str], str]
) -> list[Line]:
    excuses = {(each.stage, each.item): each.reason for each in whole.excuses}
    found = []
    for need in needs:
        sort = DOCUMENT if need.method is None else CLIP
        what = Said(plain(need.name.zh), plain(need.name.en))
        if need.state is NeedState.MISSING:
            found.append(Line(sort, what, need.state, note=need.source))
        elif need.state is NeedState.EXCUSED:
            reason = plain(reasons.get(excuses[need.stage, need.item], "").replace("\n", " "))
            found.append(Line(sort, what, need.state, note=Said(reason, reason)))
    return found
