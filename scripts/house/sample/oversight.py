"""What stands beside the cases of the sample county: major-decision lists in force, document templates, who is responsible, and what the
justice department and the agencies write to each other. Some agencies are behind, as some always are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from house.sample import lists, papers, people
from liuhen_server.acts import Acts
from liuhen_server.cases.classes import Stage
from liuhen_server.papers.acts import keep_template
from liuhen_server.people.accounts import Person
from liuhen_server.review.criteria import DEFAULT_ROWS, MajorRow
from liuhen_server.review.lists import approve_major_list, draft_major_list, save_major_rows
from liuhen_server.statistics.reports import draft_report, save_words, sign_report
from liuhen_server.supervision.acts import add_record, answer, file_report, give_opinion, receive_report

__all__ = ["TEMPLATES", "WITHOUT_MAJOR_LIST", "bring_major_lists", "bring_oversight", "major_rows_of"]

WITHOUT_MAJOR_LIST = people.SAFETY
"""This agency has none in force yet: the sample rows hold for it, and the justice department sees that."""

TEMPLATES: Mapping[tuple[str, Stage, str], tuple[str, Sequence[str]]] = {
    ("penalty", Stage.INITIATION, "filing"): (
        "立案审批表.docx",
        (
            "立案审批表",
            "案号：{{case.number}}",
            "案由：{{case.title}}",
            "当事人：{{party.name}}（{{party.code}}）  联系方式：{{party.contact}}",
            "承办人：{{handlers}}",
            "填制日期：{{today}}",
        ),
    ),
    ("penalty", Stage.REVIEW, "notice"): (
        "行政处罚事先告知书.docx",
        (
            "{{agency.name}}",
            "行政处罚事先告知书",
            "案号：{{case.number}}",
            "{{party.name}}：",
            "因你（单位）{{case.title}}，本机关拟对你（单位）作出行政处罚。你（单位）有陈述、申辩的权利（样例）。",
            "承办人：{{handlers}}",
            "{{today}}",
        ),
    ),
    ("inspection", Stage.INVESTIGATION, "inspection-record"): (
        "现场检查笔录.docx",
        ("现场检查笔录", "案号：{{case.number}}", "被检查人：{{party.name}}", "检查人员：{{handlers}}", "{{today}}"),
    ),
}
"""Of the market regulators: by class, stage and kind of document the file's name, and its paragraphs."""


def major_rows_of(agency: str) -> tuple[MajorRow, ...]:
    """The sample rows of the classes that this agency enforces, as its own."""
    own = [row for row in DEFAULT_ROWS if row.enforcement in lists.CLASSES_OF[agency]]
    return tuple(replace(row, source="本机关核定，样例") if row.source.startswith("参考") else row for row in own)


async def bring_major_lists(acts: Acts, persons: Mapping[str, Person], since: date) -> None:
    """Each drafted by a reviewer and put in force by the head, as of that day."""
    for agency in lists.CLASSES_OF:
        if agency == WITHOUT_MAJOR_LIST:
            continue
        reviewer, head = persons[people.REVIEWERS[agency]], persons[people.HEADS[agency]]
        draft = await draft_major_list(acts, reviewer, agency)
        saved = await save_major_rows(acts, reviewer, draft.id, draft.edit, major_rows_of(agency))
        await approve_major_list(acts, head, saved.id, saved.edit, since, since)


async def bring_oversight(acts: Acts, persons: Mapping[str, Person], day: date) -> None:
    """Templates, responsible persons and trainings, last year's statistics, self-inspection reports, and two opinions."""
    justice = persons["sifa"]
    for (enforcement, stage, kind), (name, lines) in TEMPLATES.items():
        keeper, body = persons[people.REVIEWERS[people.MARKET]], papers.docx(*lines)
        await keep_template(acts, keeper, people.MARKET, enforcement, stage.value, kind, name, body)
    for name in ("朝阳县司法局（示例）", "朝阳县行政审批局（示例）"):
        await add_record(acts, justice, None, "member", name, "协调机制成员单位", day - timedelta(days=150), 0)
    for agency in (people.MARKET, people.TRANSPORT, people.FARMING):
        head = persons[people.HEADS[agency]]
        began = day - timedelta(days=140)
        await add_record(acts, head, agency, "responsible", head.display_name, "“三项制度”第一责任人", began, 0)
    head = persons[people.HEADS[people.MARKET]]
    trained = day - timedelta(days=60)
    await add_record(acts, head, people.MARKET, "counsel", "样例律师事务所", "常年法律顾问", trained, 0)
    await add_record(acts, head, people.MARKET, "officer-training", "样例培训班", "公共法律知识", trained, 40)
    await _statistics(acts, persons, day)
    text = "本年度音像记录、法制审核和公示均按清单进行，发现一件漏录，已说明理由并整改（样例）。"
    filed = await file_report(acts, head, people.MARKET, day.year, text, day)
    await receive_report(acts, justice, filed["id"])
    other = persons[people.HEADS[people.TRANSPORT]]
    await file_report(acts, other, people.TRANSPORT, day.year, "自查报告正文（样例）。", day)
    due = day + timedelta(days=10)
    await give_opinion(acts, justice, people.FARMING, "", due, "个别人员执法证已过期，请说明并整改（样例）。", day)
    asked = await give_opinion(acts, justice, people.MARKET, "", due, "一件案件先行登记保存逾期未处理（样例）。", day)
    await answer(acts, head, asked.id, asked.version, "已责成承办人说明理由，正在补办处理决定（样例）。")


async def _statistics(acts: Acts, persons: Mapping[str, Person], day: date) -> None:
    """The market regulators' report of last year: drafted by a reviewer, signed by the head."""
    reviewer, head = persons[people.REVIEWERS[people.MARKET]], persons[people.HEADS[people.MARKET]]
    draft = await draft_report(acts, reviewer, people.MARKET, day.year - 1, day)
    worded = await save_words(acts, reviewer, draft.id, draft.edit, "上年度案件数据由系统统计（样例）。")
    await sign_report(acts, head, worded.id, worded.edit, day)
