"""The flow chart of a class drawn from the rules in force: its stages, what is reviewed, the review and its terms. Pure: rules in, SVG out.

The same steps are given as sentences, in order, for who cannot see a picture; the drawing carries them as its title and description.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from liuhen_server.cases.classes import EnforcementClass, Stage
from liuhen_server.cases.said import Said
from liuhen_server.deadlines.rules import REVIEW, REVIEW_EXTENDED
from liuhen_server.review.checklist import CHECKLIST
from liuhen_server.review.criteria import GROUNDS, MajorRow

__all__ = ["Box", "Chart", "chart_of", "svg_of"]

Say = Callable[[Said], str]

_WIDTH, _LEFT, _LEFT_WIDTH, _RIGHT, _RIGHT_WIDTH = 960, 20, 320, 400, 540
_LINE, _PADDING, _GAP = 22, 14, 34
_SIGNS_LEFT, _SIGNS_RIGHT = 34, 62  # of half width; a Chinese sign counts two


@dataclass(frozen=True, slots=True)
class Box:
    """A step. `kind`: stage, question, criteria or review. `lines`: its name first."""

    key: str
    kind: str
    lines: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """`before` the question in their order, `criteria` that it asks, the `review`, and the stages `after` it."""

    title: Said
    before: tuple[Box, ...]
    question: Box
    criteria: Box
    review: Box
    after: tuple[Box, ...]

    @property
    def sentences(self) -> tuple[Said, ...]:
        """Every step in order: the text alternative."""
        found = [_joined(each.lines) for each in (*self.before, self.question, self.criteria, self.review)]
        return (*found, *(_joined(each.lines) for each in self.after))


def chart_of(agency: str, rules: EnforcementClass, rows: Iterable[MajorRow]) -> Chart:
    """`rows`: of the list in force; those of other classes are left out."""
    at = rules.stages.index(Stage.DECISION)
    before = tuple(_stage(rules, each) for each in rules.stages[:at] if each is not Stage.REVIEW)
    own = [row for row in rows if row.enforcement == rules.key]
    criteria = [Said("有下列情形之一的，须经法制审核：", "It is reviewed where one of these holds:")]
    criteria += [Said(f"· {row.item} {row.what}", f"· {row.item} {row.what}") for row in own]
    criteria += [Said(f"· {said.zh}", f"· {said.en}") for said in GROUNDS.values()]
    days, more = REVIEW.days or 0, (REVIEW_EXTENDED.days or 0) - (REVIEW.days or 0)
    review = (
        Said("法制审核", "Legal review"),
        Said(
            "承办人送审：拟处理意见、送审报告、证据、资格、调查和听证、裁量",
            "Handlers submit: draft, report, evidence, qualification, investigation and hearing, discretion",
        ),
        Said(
            f"非本案承办人的审核人按 {len(CHECKLIST)} 项逐项审核，{days} 个工作日；复杂案件经批准加 {more} 个工作日",
            f"A reviewer who never handled the case goes through {len(CHECKLIST)} items in {days} working days; "
            f"{more} more where the head allows it",
        ),
        Said(
            "疑难复杂：提请司法行政部门预审，征求法律顾问意见；有分歧：协调",
            "Difficult: pre-review by the justice department, counsel; disagreement: coordination",
        ),
        Said(
            "存在问题：承办人逐项答复、重新拟定后再次送审", "Problems: handlers answer each, draft anew, submit again"
        ),
        Said("同意：进入决定", "Agreed: on to the decision"),
    )
    return Chart(
        Said(f"{agency} {rules.name.zh}流程图", f"{agency}: flow of {rules.name.en}"),
        before,
        Box(
            "question",
            "question",
            (
                Said("是否须经法制审核？", "Is it reviewed?"),
                Said("未经审核或审核未通过，不得作出决定", "no decision without a review that passed"),
            ),
        ),
        Box("criteria", "criteria", tuple(criteria)),
        Box("review", "review", review),
        tuple(_stage(rules, each) for each in rules.stages[at:]),
    )


def _stage(rules: EnforcementClass, stage: Stage) -> Box:
    row = rules.rules(stage)
    needed = () if row is None else tuple(each.name for each in row.documents if each.required)
    lines = [rules.stage_name(stage)]
    if needed:
        lines.append(Said("、".join(each.zh for each in needed), ", ".join(each.en for each in needed)))
    return Box(stage.value, "stage", tuple(lines))


def _joined(lines: Sequence[Said]) -> Said:
    return Said(
        "。".join(each.zh.removeprefix("· ") for each in lines), ". ".join(each.en.removeprefix("· ") for each in lines)
    )


def svg_of(chart: Chart, say: Say, *, standing_alone: bool = False) -> str:
    """The drawing. Classes carry its colours on a page; `standing_alone` gives it its own, for a file."""
    parts: list[str] = []
    y = 20
    ends: list[tuple[int, int]] = []
    for each in chart.before:
        height, drawn = _box(each, say, _LEFT, y, _LEFT_WIDTH, _SIGNS_LEFT)
        parts.append(drawn)
        ends.append((y, y + height))
        y += height + _GAP
    question_height, drawn = _box(chart.question, say, _LEFT, y, _LEFT_WIDTH, _SIGNS_LEFT)
    parts.append(drawn)
    question = (y, y + question_height)
    ends.append(question)
    # the criteria stand beside the first stages, the review beside the question
    criteria_height, _ = _box(chart.criteria, say, _RIGHT, 20, _RIGHT_WIDTH, _SIGNS_RIGHT)
    parts.append(_box(chart.criteria, say, _RIGHT, 20, _RIGHT_WIDTH, _SIGNS_RIGHT)[1])
    review_y = max(20 + criteria_height + _GAP, question[0])
    review_height, drawn = _box(chart.review, say, _RIGHT, review_y, _RIGHT_WIDTH, _SIGNS_RIGHT)
    parts.append(drawn)
    y = max(question[1], review_y + review_height) + _GAP
    first_after = y
    for each in chart.after:
        height, drawn = _box(each, say, _LEFT, y, _LEFT_WIDTH, _SIGNS_LEFT)
        parts.append(drawn)
        ends.append((y, y + height))
        y += height + _GAP
    middle = _LEFT + _LEFT_WIDTH // 2
    asked = (question[0] + question[1]) // 2
    for (_, end), (begin, _) in pairwise(ends):
        label = say(Said("否", "no")) if end == question[1] else ""
        parts.append(_arrow([(middle, end), (middle, begin)], label, middle + 8, end + 16))
    joint = (_LEFT + _LEFT_WIDTH + _RIGHT) // 2
    entry = review_y + 24
    parts.append(
        _arrow(
            [(_LEFT + _LEFT_WIDTH, asked), (joint, asked), (joint, entry), (_RIGHT, entry)],
            say(Said("是", "yes")),
            _LEFT + _LEFT_WIDTH + 4,
            asked - 6,
        )
    )
    out, bottom = _RIGHT + 60, review_y + review_height
    into = first_after + 20
    parts.append(
        _arrow(
            [(out, bottom), (out, into), (_LEFT + _LEFT_WIDTH, into)], say(Said("同意", "agreed")), out + 8, into - 6
        )
    )
    title, described = html.escape(say(chart.title)), html.escape(" ".join(say(each) for each in chart.sentences))
    style = f"<style>{_STYLE}</style>" if standing_alone else ""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="flow" viewBox="0 0 {_WIDTH} {y}" width="{_WIDTH}" height="{y}" role="img" '
        f'aria-labelledby="flow-title flow-text"><title id="flow-title">{title}</title><desc id="flow-text">{described}</desc>{style}'
    )
    marker = (
        '<defs><marker id="flow-end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path class="flow-head" d="M0 0 8 4 0 8z"/></marker></defs>'
    )
    return head + marker + "".join(parts) + "</svg>"


_STYLE = (
    ".flow{font:15px sans-serif;background:#fff}.flow rect{fill:#fff;stroke:#445;stroke-width:1.4}.flow .question rect,.flow .review rect"
    "{stroke:#1d4f91;stroke-width:2.4}.flow text{fill:#111}.flow .name{font-weight:600}.flow path{fill:none;stroke:#445;stroke-width:1.6}"
    ".flow .flow-head{fill:#445;stroke:none}"
)


def _box(each: Box, say: Say, x: int, y: int, width: int, signs: int) -> tuple[int, str]:
    """Its height, and itself."""
    lines = [(text, place == 0) for place, line in enumerate(each.lines) for text in _wrapped(say(line), signs)]
    height = len(lines) * _LINE + 2 * _PADDING - 6
    rounded = 22 if each.kind == "question" else 4
    texts = "".join(
        f'<text x="{x + _PADDING}" y="{y + _PADDING + 12 + row * _LINE}"{" class=" + chr(34) + "name" + chr(34) if first else ""}>'
        f"{html.escape(text)}</text>"
        for row, (text, first) in enumerate(lines)
    )
    drawn = (
        f'<g class="{each.kind}"><rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{rounded}"/>{texts}</g>'
    )
    return height, drawn


def _wrapped(text: str, signs: int) -> list[str]:
    """Lines of at most so many signs of half width; words are kept whole where there are any."""
    lines, line, room = [], "", signs
    for piece in _pieces(text):
        width = sum(2 if ord(sign) > 0x2E80 else 1 for sign in piece)
        if width > room and line:
            lines.append(line.rstrip())
            line, room = "", signs
            piece = piece.lstrip()
        line, room = line + piece, room - width
    return [*lines, line.rstrip()]


def _pieces(text: str) -> list[str]:
    """Chinese signs one by one, other words whole with the space behind them. A full stop or comma stays with what it follows."""
    found: list[str] = []
    for sign in text:
        glued = sign in "，。、；：）〕》」" or (
            ord(sign) <= 0x2E80 and found and ord(found[-1][-1]) <= 0x2E80 and found[-1][-1] != " "
        )
        if glued and found:
            found[-1] += sign
        else:
            found.append(sign)
    return found


def _arrow(points: Sequence[tuple[int, int]], label: str, x: int, y: int) -> str:
    path = "M" + " L".join(f"{a} {b}" for a, b in points)
    text = f'<text x="{x}" y="{y}">{html.escape(label)}</text>' if label else ""
    return f'<path d="{path}" marker-end="url(#flow-end)"/>{text}'
