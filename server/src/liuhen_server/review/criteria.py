"""Whether a draft needs a legal review, and why: rows of the agency's major-decision list, and the four grounds of 行政处罚法 art. 58.

A list can add to the grounds and take none away. An agency without a list in force is judged by `DEFAULT_ROWS`: no list is no way around
the review. Which several decisions against one party together would have passed a limit is flagged beside it (`split_of`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from liuhen_server.cases.classes import class_of
from liuhen_server.cases.fields import all_seen
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.decisions.outcomes import OUTCOMES, outcome_of

__all__ = [
    "DEFAULT_ROWS",
    "GROUNDS",
    "PARTY_KINDS",
    "PROCEDURES",
    "SPLIT_DAYS",
    "Earlier",
    "MajorRow",
    "Proposed",
    "Reason",
    "Result",
    "check_major_row",
    "check_major_rows",
    "grounds_of",
    "kept_reasons",
    "read_reasons",
    "reasons_of",
    "split_of",
    "yuan",
]

SPLIT_DAYS = 90
"""Calendar days over which decisions against one party are looked at together. No law names a number; it is the archive's own."""

MOST_ROWS = 300
LONGEST_CELL = 400
MOST_FEN = 10**15
HEARING_DOCUMENT = "hearing-record"

_ART_58 = Said("《行政处罚法》第58条", "Administrative Penalty Law, art. 58")
_GUIDE = Said("国办发〔2018〕118号", "State Council Office 2018 No. 118")

GROUNDS: Mapping[str, Said] = MappingProxyType(
    {
        "public-interest": Said("涉及重大公共利益", "major public interests are concerned"),
        "hearing": Said(
            "直接关系当事人或者第三人重大权益，经过听证程序",
            "it bears on major interests of the party or of others, and there was a hearing",
        ),
        "complex": Said(
            "案件情况疑难复杂、涉及多个法律关系", "the case is difficult and touches several legal relations"
        ),
        "by-law": Said("法律、法规规定应当进行法制审核的其他情形", "another law asks for the review"),
    }
)
"""The four of art. 58. The State Council's guide asks for the same of every class of enforcement."""

PROCEDURES: Mapping[str, Said] = MappingProxyType(
    {"summary": Said("简易程序", "summary procedure"), "ordinary": Said("普通程序", "ordinary procedure")}
)
PARTY_KINDS: Mapping[str, Said] = MappingProxyType(
    {"person": Said("个人", "person"), "organisation": Said("单位", "organisation")}
)


@dataclass(frozen=True, slots=True)
class MajorRow:
    """A row of a major-decision list: every field that is not empty has to fit. `item` names it within its list.

    `kinds`: of `decisions.outcomes`; empty: any. `procedure`, `party_kind` empty: any. `least_fen`: what is paid or taken under
    `kinds` together, from this amount on (以上 includes it, 民法典 art. 1259); 0: any.
    """

    item: str
    enforcement: str
    what: str
    kinds: tuple[str, ...] = ()
    procedure: str = ""
    party_kind: str = ""
    least_fen: int = 0
    source: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One thing a draft would decide: its kind, and the money it names, in fen."""

    kind: str
    fen: int = 0


@dataclass(frozen=True, slots=True)
class Proposed:
    """What the criteria see of a draft. `grounds`: keys of `GROUNDS` that hold (`grounds_of`)."""

    enforcement: str
    procedure: str
    party_kind: str
    results: tuple[Result, ...]
    grounds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a draft is reviewed. `key`: `row:<item>` or `ground:<key>`."""

    key: str
    said: Said


@dataclass(frozen=True, slots=True)
class Earlier:
    """Another draft or decision of the agency against the same party. `about` names it as the log does (`decision-3`)."""

    about: str
    number: str
    day: date
    proposed: Proposed


def reasons_of(proposed: Proposed, rows: Iterable[MajorRow]) -> tuple[Reason, ...]:
    """Every reason there is, grounds first, then rows in the list's order; none: no review is needed. Pass the rows in force on
    the day the draft is written, or `DEFAULT_ROWS` where the agency has no list in force.
    """
    source = _ART_58 if proposed.enforcement == "penalty" else _GUIDE
    grounds = [
        Reason(f"ground:{key}", Said(f"{said.zh}（{source.zh}）", f"{said.en} ({source.en})"))
        for key, said in GROUNDS.items()
        if key in proposed.grounds
    ]
    return (*grounds, *(Reason(f"row:{row.item}", _row_said(row)) for row in rows if _fits(row, proposed)))


def grounds_of(named: Collection[str], documents: Collection[str]) -> frozenset[str]:
    """The grounds a person named, and the hearing where the case holds its record: that one nobody can leave out. `documents`:
    kinds of the case's documents. Raises Wrong for a ground there is none of.
    """
    if unknown := sorted(set(named) - GROUNDS.keys()):
        raise Wrong(f"没有这种情形：{unknown[0]}", f"there is no such ground: {unknown[0]}", "grounds")
    heard = {"hearing"} if HEARING_DOCUMENT in documents else set()
    return frozenset(named) | heard


def split_of(
    proposed: Proposed, day: date, earlier: Iterable[Earlier], rows: Sequence[MajorRow], days: int = SPLIT_DAYS
) -> tuple[Reason, ...]:
    """Rows whose amount this draft does not reach alone, but does together with others against the same party within `days` of
    `day`. It says nothing about whether that was meant: it is shown to who reviews and who decides.
    """
    near = [each for each in earlier if abs((each.day - day).days) <= days]
    found = []
    for row in rows:
        if row.least_fen == 0 or not _fits_but_amount(row, proposed) or _amount(row, proposed) >= row.least_fen:
            continue
        with_it = [each for each in near if _fits_but_amount(row, each.proposed) and _amount(row, each.proposed) > 0]
        own = _amount(row, proposed)
        together = own + sum(_amount(row, each.proposed) for each in with_it)
        if own and with_it and together >= row.least_fen:
            numbers = "、".join(each.number for each in with_it)
            said = Said(
                f"{days} 日内对同一当事人另有 {numbers}，合计 {yuan(together)} 元，达到“{row.what}”的标准；请核对是否拆分处理",
                f"within {days} days there are {numbers.replace('、', ', ')} against the same party, together "
                f"{yuan(together)} yuan, which reaches “{row.what}”; see whether one matter was split",
            )
            found.append(Reason(f"split:{row.item}", said))
    return tuple(found)


def check_major_rows(rows: Sequence[MajorRow]) -> None:
    """Raises Wrong, naming the row by its place from 1."""
    if not rows:
        raise Wrong("目录至少要有一行", "a list has at least one row", "rows")
    if len(rows) > MOST_ROWS:
        raise Wrong(f"目录最多 {MOST_ROWS} 行", f"a list has at most {MOST_ROWS} rows", "rows")
    items: set[str] = set()
    for place, row in enumerate(rows, 1):
        try:
            check_major_row(row)
        except Wrong as wrong:
            raise Wrong(
                f"第 {place} 行：{wrong.said.zh}", f"row {place}: {wrong.said.en}", f"rows.{place}.{wrong.field}"
            ) from None
        if row.item in items:
            raise Wrong(f"第 {place} 行：编号 {row.item} 重复", f"row {place}: {row.item} is there twice", "rows")
        items.add(row.item)


def kept_reasons(reasons: Iterable[Reason]) -> str:
    """As the draft keeps them (`drafts.why`): JSON, names sorted, no spaces."""
    listed = [{"key": each.key, "zh": each.said.zh, "en": each.said.en} for each in reasons]
    return json.dumps(listed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def read_reasons(kept: str) -> tuple[Reason, ...]:
    return tuple(Reason(each["key"], Said(each["zh"], each["en"])) for each in json.loads(kept))


def yuan(fen: int) -> str:
    """1234500 → 12,345; 1234550 → 12,345.50."""
    whole, rest = divmod(fen, 100)
    return f"{whole:,}" if not rest else f"{whole:,}.{rest:02d}"


def _fits(row: MajorRow, proposed: Proposed) -> bool:
    return _fits_but_amount(row, proposed) and (row.least_fen == 0 or _amount(row, proposed) >= row.least_fen)


def _fits_but_amount(row: MajorRow, proposed: Proposed) -> bool:
    return (
        row.enforcement == proposed.enforcement
        and row.procedure in ("", proposed.procedure)
        and row.party_kind in ("", proposed.party_kind)
        and (not row.kinds or any(each.kind in row.kinds for each in proposed.results))
    )


def _amount(row: MajorRow, proposed: Proposed) -> int:
    """What is paid or taken under the kinds of the row, in fen."""
    return sum(
        each.fen for each in proposed.results if OUTCOMES[each.kind].money and (not row.kinds or each.kind in row.kinds)
    )


def _row_said(row: MajorRow) -> Said:
    source = f"（{row.source}）" if row.source else ""
    english = f" ({row.source})" if row.source else ""
    return Said(f"目录 {row.item}：{row.what}{source}", f"list, {row.item}: {row.what}{english}")


def check_major_row(row: MajorRow) -> None:
    """Raises Wrong."""
    class_of(row.enforcement)
    if not row.item.strip() or len(row.item) > 40:
        raise Wrong("编号须填写，最多 40 字", "it needs a number of at most 40 characters", "item")
    if not row.what.strip():
        raise Wrong("事项须填写", "it must say what", "what")
    if not all(map(all_seen, (row.item, row.what, row.source, row.remark))):
        raise Wrong("含有不可见的字符，请重新输入", "there are invisible characters in it; type it anew", "what")
    for field in (row.what, row.source, row.remark):
        if len(field) > LONGEST_CELL:
            raise Wrong(f"每格最多 {LONGEST_CELL} 字", f"a cell has at most {LONGEST_CELL} characters", "what")
    for kind in row.kinds:
        outcome_of(row.enforcement, kind)
    if row.procedure and row.procedure not in PROCEDURES:
        raise Wrong("程序只能是简易或普通", "the procedure is summary or ordinary", "procedure")
    if row.party_kind and row.party_kind not in PARTY_KINDS:
        raise Wrong("当事人类型应为个人或单位", "a party is a person or an organisation", "party_kind")
    if not 0 <= row.least_fen <= MOST_FEN:
        raise Wrong("金额不对", "this amount cannot be", "least_fen")
    if row.least_fen and row.kinds and not any(OUTCOMES[kind].money for kind in row.kinds):
        raise Wrong("所列种类没有金额", "none of these kinds names an amount", "least_fen")


_HEARING_KINDS = ("grade-lowered", "business-stopped", "closed", "licence-revoked")

DEFAULT_ROWS: tuple[MajorRow, ...] = (
    MajorRow(
        "处罚-1",
        "penalty",
        "对个人罚款、没收合计 1 万元以上",
        ("fine", "confiscation"),
        party_kind="person",
        least_fen=1_000_000,
        source="参考标准，由本机关核定",
    ),
    MajorRow(
        "处罚-2",
        "penalty",
        "对单位罚款、没收合计 10 万元以上",
        ("fine", "confiscation"),
        party_kind="organisation",
        least_fen=10_000_000,
        source="参考标准，由本机关核定",
    ),
    MajorRow(
        "处罚-3",
        "penalty",
        "降低资质等级、责令停产停业、责令关闭、限制从业、吊销许可证件",
        _HEARING_KINDS,
        source="《行政处罚法》第63条",
    ),
    MajorRow("处罚-4", "penalty", "行政拘留", ("detention",), source="参考标准，由本机关核定"),
    MajorRow("许可-1", "licence", "不予许可", ("refused",), source="《行政许可法》第38条"),
    MajorRow(
        "许可-2", "licence", "撤回、撤销许可", ("withdrawn-licence", "revoked"), source="《行政许可法》第8条、第69条"
    ),
    MajorRow("强制-1", "coercion", "冻结存款、汇款", ("frozen",), source="《行政强制法》第29条"),
    MajorRow(
        "强制-2",
        "coercion",
        "划拨、拍卖、排除妨碍、代履行等强制执行",
        ("transferred", "auctioned", "obstacle-removed", "done-by-another", "other-execution"),
        source="《行政强制法》第34条、第50条",
    ),
    MajorRow("征收-1", "levy", "征收、征用", ("levied", "requisitioned"), source="参考标准，由本机关核定"),
)
"""A sample to begin a list with, and what holds until an agency has its own. The amounts are for the agency to fix."""
