"""What is decided in the cases of the sample county, and what its lawyers say of it. Pure; amounts are invented."""

from __future__ import annotations

from collections.abc import Mapping

from house.sample.cases import SampleCase
from house.sample.people import CITY, FARMING, MARKET, TRANSPORT
from liuhen_server.decisions.draft import ORDINARY, Proposal, Result
from liuhen_server.review.checklist import CHECKLIST, Found, Opinion

__all__ = ["OBJECTED", "opinion_of", "proposal_of"]

_FINES: Mapping[tuple[str, int], tuple[Result, ...]] = {
    (MARKET, 47): (Result("fine", "罚款人民币壹拾贰万元整", 12_000_000),),
    (MARKET, 39): (Result("fine", "罚款人民币壹拾叁万元整", 13_000_000),),
    (MARKET, 21): (
        Result("confiscation", "没收违法所得壹佰贰拾陆元伍角", 126_50),
        Result("fine", "罚款人民币叁仟元整", 300_000),
    ),
    (TRANSPORT, 27): (Result("fine", "罚款人民币叁万元整", 3_000_000),),
    (FARMING, 16): (Result("fine", "罚款人民币伍仟元整", 500_000),),
    (CITY, 44): (Result("fine", "罚款人民币壹拾万元整", 10_000_000),),
    (CITY, 49): (Result("warning", "予以警告"), Result("fine", "罚款人民币伍佰元整", 50_000)),
}
_BASIS = {
    "penalty": "《行政处罚法》第二十八条及本行业有关处罚规定（样例）",
    "licence": "《行政许可法》第三十八条第一款",
    "coercion": "《行政强制法》第十八条、第三十四条",
    "levy": "《土地管理法》有关规定、《行政强制法》第三条（样例）",
    "inspection": "本机关年度检查计划（样例）",
}
_REMEDIES = "如不服本决定，可以自收到决定书之日起六十日内依法申请行政复议，或者自收到决定书之日起六个月内依法向人民法院提起行政诉讼。"
OBJECTED = frozenset({(MARKET, 39)})
"""Cases whose first opinion found something."""


def proposal_of(case: SampleCase) -> Proposal:
    """As the handlers would draft it."""
    adverse = case.enforcement in ("penalty", "coercion")
    return Proposal(
        enforcement=case.enforcement,
        procedure=ORDINARY,
        party_kind=case.party.kind,
        facts=f"{case.place}，{case.title}。有现场笔录、询问笔录和音像记录为证（样例）。",
        basis=_BASIS[case.enforcement],
        discretion="情节一般，按本机关裁量基准的一般档次处理（样例）。",
        results=_results(case),
        performance="自收到决定书之日起十五日内到指定银行缴纳，逾期每日按百分之三加处罚款。"
        if case.enforcement == "penalty"
        else "",
        remedies=_REMEDIES if adverse else "",
        collective=case.enforcement == "levy",
    )


def _results(case: SampleCase) -> tuple[Result, ...]:
    match case.enforcement:
        case "penalty":
            return _FINES.get((case.agency, case.serial), (Result("warning", "予以警告"),))
        case "licence":
            return (Result("granted", "准予许可，有效期五年"),)
        case "levy":
            return (Result("requisitioned" if "征用" in case.title else "levied", case.title),)
        case "coercion":
            kind = next(kind for word, kind in _MEASURES.items() if word in case.title)
            return (Result(kind, case.title),)
        case _:
            return (Result("order-to-correct", "责令七日内改正检查发现的问题"),)


_MEASURES = {"查封": "sealed", "扣押": "seized", "拆除": "obstacle-removed"}


def opinion_of(case: SampleCase) -> Opinion:
    """What the reviewer writes."""
    if (case.agency, case.serial) in OBJECTED:
        problem = Found("evidence", "缺少加油机检定有效期的书面证明，请补充（样例）")
        return Opinion("证据有待补充（样例）", dict.fromkeys(CHECKLIST, "well") | {"evidence": "problem"}, (problem,))
    return Opinion("同意（样例）", dict.fromkeys(CHECKLIST, "well") | {"crime": "not-applicable"})
