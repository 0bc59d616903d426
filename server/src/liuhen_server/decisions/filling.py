"""A proposal as people and programs give it, taken as it may be kept: amounts in yuan as fen, texts trimmed, nothing that contradicts itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from liuhen_server.cases.fields import all_seen, day_of
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.decisions.draft import FINE, ORDINARY, Proposal, Result
from liuhen_server.decisions.outcomes import OUTCOMES, outcome_of
from liuhen_server.review.criteria import GROUNDS, MOST_FEN, PARTY_KINDS, PROCEDURES

__all__ = ["LONGEST", "MOST_RESULTS", "SUMMARY_FEN", "checked", "fen_of"]

MOST_RESULTS = 20
LONGEST = {"facts": 4_000, "basis": 2_000, "discretion": 2_000, "performance": 1_000, "remedies": 1_000, "content": 400}
"""Signs of each text. Together they stay below what one commitment takes (`acts.MOST_TEXT`)."""

SUMMARY_FEN = {"person": 200_00, "organisation": 3_000_00}
"""当场处罚: a fine up to so much, or a warning (行政处罚法 art. 51)."""

_ALONE = frozenset({"no-penalty", "nothing-found"})
_AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,13})(?:\.[0-9]{1,2})?\Z")


def fen_of(given: str, field: str = "results") -> int:
    """Yuan as they are typed (12,345.60, ￥500元) in fen; empty: 0. Raises Wrong."""
    plain = unicodedata.normalize("NFKC", given).replace(" ", "").removeprefix("¥").removesuffix("元")
    plain = re.sub(r"(?<=[0-9]),(?=[0-9]{3})", "", plain)
    if not plain:
        return 0
    if not _AMOUNT.match(plain):
        raise Wrong(
            "金额按元填写，如 5000 或 1234.50",
            "an amount is given in yuan, as 5000 or 1234.50",
            field,
        )
    whole, _, rest = plain.partition(".")
    fen = int(whole) * 100 + int(rest.ljust(2, "0") or "0")
    if fen > MOST_FEN:
        raise Wrong("金额过大", "this amount is too large", field)
    return fen


def checked(given: Proposal, party_kinds: frozenset[str]) -> Proposal:
    """As it may be kept. `party_kinds`: of the parties that the case names. Raises Wrong, naming the field."""
    if given.procedure not in PROCEDURES:
        raise Wrong("程序只能是简易或普通", "the procedure is summary or ordinary", "procedure")
    if given.party_kind not in PARTY_KINDS:
        raise Wrong("当事人类型应为个人或单位", "a party is a person or an organisation", "party_kind")
    if party_kinds and given.party_kind not in party_kinds:
        raise Wrong(
            "当事人类型与案件登记的当事人不符",
            "the case names no such party",
            "party_kind",
        )
    if unknown := sorted(given.grounds - GROUNDS.keys()):
        raise Wrong(f"没有这种情形：{unknown[0]}", f"there is no such ground: {unknown[0]}", "grounds")
    results = _checked_results(given.enforcement, given.results)
    found = replace(
        given,
        facts=_text(given.facts, "facts"),
        basis=_text(given.basis, "basis"),
        discretion=_text(given.discretion, "discretion", empty=given.enforcement != "penalty"),
        performance=_text(given.performance, "performance", empty=True),
        remedies=_text(given.remedies, "remedies", empty=True),
        results=results,
    )
    _check_summary(found)
    # 情节复杂或者重大违法行为 (art. 57) is never left to a tick
    return replace(found, collective=True) if found.enforcement == "penalty" and "complex" in found.grounds else found


def _checked_results(enforcement: str, given: Sequence[Result]) -> tuple[Result, ...]:
    if not given:
        raise Wrong("至少填写一项决定内容", "a decision has at least one result", "results")
    if len(given) > MOST_RESULTS:
        raise Wrong(f"决定内容最多 {MOST_RESULTS} 项", f"at most {MOST_RESULTS} results", "results")
    if len(given) > 1 and (alone := _ALONE & {each.kind for each in given}):
        name = OUTCOMES[min(alone)].name
        raise Wrong(f"“{name.zh}”不能与其他内容并存", f"“{name.en}” stands alone", "results")
    return tuple(_checked_result(enforcement, each) for each in given)


def _checked_result(enforcement: str, given: Result) -> Result:
    outcome = outcome_of(enforcement, given.kind)
    name = outcome.name
    if given.fen < 0 or given.fen > MOST_FEN:
        raise Wrong("金额不对", "this amount cannot be", "results")
    if given.fen and not outcome.money:
        raise Wrong(f"“{name.zh}”没有金额", f"“{name.en}” names no amount", "results")
    if given.kind == FINE and not given.fen:
        raise Wrong("罚款须写明金额", "a fine names its amount", "results")
    until = day_of(given.until_day, "results").isoformat() if given.until_day else None
    return Result(given.kind, _text(given.content, "content", "results"), given.fen, until)


def _check_summary(proposal: Proposal) -> None:
    if proposal.procedure == ORDINARY:
        return
    most = SUMMARY_FEN[proposal.party_kind]
    kinds = {each.kind for each in proposal.results}
    if proposal.enforcement != "penalty" or not kinds <= {"warning", FINE} or proposal.fine_fen > most:
        raise Wrong(
            f"简易程序只适用于警告，或对公民 {SUMMARY_FEN['person'] // 100} 元以下、对单位 {SUMMARY_FEN['organisation'] // 100} 元以下罚款"
            "（《行政处罚法》第51条）",
            f"the summary procedure is for a warning, or a fine up to {SUMMARY_FEN['person'] // 100} yuan (a person) or "
            f"{SUMMARY_FEN['organisation'] // 100} yuan (an organisation) (Administrative Penalty Law, art. 51)",
            "procedure",
        )


def _text(given: str, name: str, field: str = "", *, empty: bool = False) -> str:
    """Several lines, without what cannot be seen. Raises Wrong."""
    field, most = field or name, LONGEST[name]
    text = unicodedata.normalize("NFC", given).replace("\r\n", "\n").strip()
    if not text and not empty:
        raise Wrong(f"{_NAMES[name].zh}须填写", f"{_NAMES[name].en} must be filled in", field)
    if len(text) > most:
        raise Wrong(f"{_NAMES[name].zh}最多 {most} 字", f"{_NAMES[name].en}: at most {most} characters", field)
    if not all_seen(text.replace("\n", "")):
        raise Wrong("含有不可见的字符，请重新输入", "there are invisible characters in it; type it anew", field)
    return text


_NAMES = {
    "facts": Said("事实和证据", "facts and evidence"),
    "basis": Said("法律依据", "legal basis"),
    "discretion": Said("裁量理由", "discretion"),
    "performance": Said("履行方式和期限", "performance"),
    "remedies": Said("救济途径和期限", "remedies"),
    "content": Said("决定内容", "content"),
}
