"""The checklist of an opinion (the county's plan, part 4), and when an opinion is whole: every item has its answer, every problem its item.

An opinion without a problem agrees; one with a problem does not. Nobody chooses the outcome beside the checklist.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from liuhen_server.cases.fields import reason_of
from liuhen_server.cases.said import Said, Wrong

__all__ = ["ANSWERS", "CHECKLIST", "Found", "Opinion", "checked_opinion", "opinion_digest"]

MOST_PROBLEMS = 50

CHECKLIST: Mapping[str, Said] = MappingProxyType(
    {
        "agency": Said("行政执法主体合法", "the agency may enforce this"),
        "officers": Said("行政执法人员具备执法资格", "the officers are qualified"),
        "procedure": Said("行政执法程序合法", "the procedure was lawful"),
        "facts": Said("案件事实清楚", "the facts are clear"),
        "evidence": Said("证据合法充分", "the evidence is lawful and sufficient"),
        "law": Said("适用法律、法规、规章准确，裁量基准运用适当", "the law is applied correctly, discretion properly"),
        "powers": Said("没有超越执法机关法定权限", "it stays within the agency's powers"),
        "documents": Said("行政执法文书完备、规范", "the documents are complete and in form"),
        "crime": Said(
            "涉嫌犯罪的，已按规定移送司法机关", "where a crime is suspected, the case was handed to the prosecution"
        ),
    }
)

ANSWERS: Mapping[str, Said] = MappingProxyType(
    {
        "well": Said("符合", "well"),
        "problem": Said("存在问题", "a problem"),
        "not-applicable": Said("不适用", "not applicable"),
    }
)


@dataclass(frozen=True, slots=True)
class Found:
    """One problem in writing, under an item of the checklist."""

    item: str
    text: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """As a reviewer gives it: his own words, an answer to each item of `CHECKLIST`, and the problems."""

    text: str
    answers: Mapping[str, str]
    problems: tuple[Found, ...] = ()

    @property
    def agrees(self) -> bool:
        return not self.problems


def checked_opinion(given: Opinion) -> Opinion:
    """As it may be kept, problems in the order of the checklist. Raises Wrong: an item has no answer, a problem is named and not
    described or described and not named, there are no words.
    """
    text = reason_of(given.text, "opinion")
    for item, name in CHECKLIST.items():
        answer, described = given.answers.get(item), [each for each in given.problems if each.item == item]
        if answer not in ANSWERS:
            raise Wrong(f"“{name.zh}”还没有勾选", f"“{name.en}” has no answer", f"check.{item}")
        if answer == "problem" and not described:
            raise Wrong(f"“{name.zh}”存在什么问题，请写明", f"say what the problem is: “{name.en}”", f"check.{item}")
        if answer != "problem" and described:
            raise Wrong(
                f"“{name.zh}”写有问题，请勾选“存在问题”",
                f"a problem is described under “{name.en}”: mark it",
                f"check.{item}",
            )
    if unknown := sorted({each.item for each in given.problems} - CHECKLIST.keys()):
        raise Wrong("没有这个审核事项", f"no such item: {unknown[0]}", "check")
    if len(given.problems) > MOST_PROBLEMS:
        raise Wrong(f"问题最多 {MOST_PROBLEMS} 个", f"at most {MOST_PROBLEMS} problems", "check")
    order = list(CHECKLIST)
    problems = sorted(given.problems, key=lambda each: order.index(each.item))
    kept = tuple(Found(each.item, reason_of(each.text, f"check.{each.item}")) for each in problems)
    return Opinion(text, {item: given.answers[item] for item in CHECKLIST}, kept)


def opinion_digest(answers: Mapping[str, str], problems: Sequence[tuple[str, str]]) -> str:
    """SHA-256 over checklist and problems as JSON: names sorted, no spaces, UTF-8. `problems`: item, and the commitment to its
    words, in their order.
    """
    text = json.dumps(
        {"checks": dict(answers), "problems": [list(each) for each in problems]}, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()
