"""What a decision can say: one table of kinds for criteria, statistics and publicity.

Penalties stand as 行政处罚法 art. 9 and the annual tables have them, light to heavy: of several in one decision the annual table counts the
heaviest alone. A licence's are the ends of an application, a coercion's the measures and executions of 行政强制法 art. 9 and 12.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from liuhen_server.cases.said import Said, Wrong

__all__ = ["OUTCOMES", "Outcome", "heaviest", "outcome_of", "outcomes_of"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`weight` orders the kinds of one class, light to heavy. `money`: it names an amount (in fen) that is paid or taken.
    `adverse`: it takes something from the party.
    """

    key: str
    enforcement: str
    name: Said
    weight: int
    money: bool = False
    adverse: bool = True


def _table(enforcement: str, *rows: tuple[str, str, str, bool, bool]) -> dict[str, Outcome]:
    return {
        key: Outcome(key, enforcement, Said(zh, en), weight, money, adverse)
        for weight, (key, zh, en, money, adverse) in enumerate(rows)
    }


OUTCOMES: Mapping[str, Outcome] = MappingProxyType(
    _table(
        "penalty",
        ("no-penalty", "不予行政处罚", "no penalty", False, False),
        ("warning", "警告", "warning", False, True),
        ("criticism", "通报批评", "public criticism", False, True),
        ("fine", "罚款", "fine", True, True),
        ("confiscation", "没收违法所得、没收非法财物", "confiscation", True, True),
        ("licence-suspended", "暂扣许可证件", "licence suspended", False, True),
        ("grade-lowered", "降低资质等级", "grade lowered", False, True),
        ("business-limited", "限制开展生产经营活动", "business limited", False, True),
        ("business-stopped", "责令停产停业", "business stopped", False, True),
        ("closed", "责令关闭、限制从业", "closed, or barred from the trade", False, True),
        ("licence-revoked", "吊销许可证件", "licence revoked", False, True),
        ("detention", "行政拘留", "detention", False, True),
        ("other-penalty", "其他行政处罚", "other penalty", False, True),
    )
    | _table(
        "licence",
        ("granted", "准予许可", "granted", False, False),
        ("extended", "准予延续", "extended", False, False),
        ("changed-licence", "准予变更", "changed", False, False),
        ("refused", "不予许可", "refused", False, True),
        ("withdrawn-licence", "撤回许可", "withdrawn", False, True),
        ("cancelled", "注销许可", "cancelled", False, True),
        ("revoked", "撤销许可", "revoked", False, True),
    )
    | _table(
        "coercion",
        ("sealed", "查封场所、设施或者财物", "sealed", False, True),
        ("seized", "扣押财物", "seized", False, True),
        ("frozen", "冻结存款、汇款", "frozen", True, True),
        ("other-measure", "其他行政强制措施", "other measure", False, True),
        ("late-fee", "加处罚款或者滞纳金", "additional fine or late fee", True, True),
        ("transferred", "划拨存款、汇款", "transferred", True, True),
        ("auctioned", "拍卖或者依法处理", "auctioned", True, True),
        ("obstacle-removed", "排除妨碍、恢复原状", "obstacle removed", False, True),
        ("done-by-another", "代履行", "done by another at the party's cost", True, True),
        ("other-execution", "其他强制执行方式", "other execution", False, True),
    )
    | _table(
        "levy",
        ("levied", "征收", "levied", True, True),
        ("requisitioned", "征用", "requisitioned", True, True),
    )
    | _table(
        "inspection",
        ("nothing-found", "未发现问题", "nothing found", False, False),
        ("order-to-correct", "责令改正", "order to correct", False, True),
        ("handed-on", "发现违法线索，移送立案", "handed on to be filed", False, True),
        ("not-cooperating", "不配合检查", "no cooperation", False, True),
        ("other-result", "其他处理", "other result", False, True),
    )
)


def outcomes_of(enforcement: str) -> tuple[Outcome, ...]:
    """The kinds of one class, light to heavy."""
    return tuple(each for each in OUTCOMES.values() if each.enforcement == enforcement)


def outcome_of(enforcement: str, key: str) -> Outcome:
    """Raises Wrong for a kind that this class does not have."""
    found = OUTCOMES.get(key)
    if found is None or found.enforcement != enforcement:
        names = outcomes_of(enforcement)
        raise Wrong(
            f"没有这种决定内容，只能是：{'、'.join(each.name.zh for each in names)}",
            f"no such kind of decision; it may be {', '.join(each.name.en for each in names)}",
            "results",
        )
    return found


def heaviest(keys: Iterable[str]) -> Outcome:
    """Of kinds of one class. Raises ValueError for none, KeyError for an unknown one."""
    return max((OUTCOMES[key] for key in keys), key=lambda each: each.weight)
