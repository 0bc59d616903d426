"""What the law wants of a case before its decision, and the decision before what follows: pure rules over frozen values.

未经法制审核或者审核未通过的，不得作出决定 (行政处罚法 art. 58). Whether a draft may be decided is said in one place, `review.rules.may_be_decided`; here
stands what else keeps a case from its decision (`refusals`), and that no other way leads past it: not a step of the stages
(`may_go`), not a document (`may_file`), not the archive (`lacks`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from liuhen_server.cases.calendar import OFFICIAL, Calendar
from liuhen_server.cases.classes import CLASSES, Stage
from liuhen_server.cases.clocks import ClockState, clocks_of, document_event
from liuhen_server.cases.said import Said
from liuhen_server.decisions.draft import SUMMARY, Draft, Proposal
from liuhen_server.review.rules import Drafted, Involved, Refusal, Round, Who, may_be_decided, may_decide

__all__ = [
    "DECISION_DOCUMENTS",
    "HEARING_KINDS",
    "Filed",
    "Made",
    "Order",
    "Standing",
    "lacks",
    "may_change_class",
    "may_draft",
    "may_file",
    "may_go",
    "open_items",
    "refusals",
]

DECISION_DOCUMENTS = frozenset({"decision", "result"})
"""Kinds of documents that say a decision to the party; `result` is an inspection's."""

HEARING_KINDS = frozenset({"grade-lowered", "licence-revoked", "business-stopped", "closed"})
"""Of these the party is always told that it may ask for a hearing (行政处罚法 art. 63). Which amount of a fine is a large one, each
province says for itself.
"""

_PAST_DECISION = frozenset({Stage.SERVICE, Stage.EXECUTION})
_WHILE_DECIDING = frozenset({Stage.DECISION, Stage.SERVICE, Stage.EXECUTION, Stage.ARCHIVING})


@dataclass(frozen=True, slots=True)
class Made:
    """A decision as the rules see it. `dated` as 2026-12-01; `number` for sentences."""

    id: int
    draft_id: int
    dated: str
    number: str = ""
    in_force: bool = True
    served: bool = False
    executed: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A case as the rules see it. `draft`: the newest. `decided_before`: it was past its decision when decisions came into the
    archive, and goes on as it was.
    """

    enforcement: str
    stage: Stage
    reached: frozenset[Stage]
    draft: Drafted | None = None
    reviews: tuple[Round, ...] = ()
    decisions: tuple[Made, ...] = ()
    decided_before: bool = False

    @property
    def in_force(self) -> tuple[Made, ...]:
        return tuple(each for each in self.decisions if each.in_force)

    def made_of(self, draft_id: int) -> Made | None:
        return next((each for each in self.decisions if each.draft_id == draft_id), None)


def may_draft(standing: Standing) -> Refusal | None:
    """A draft is not changed behind a reviewer's back."""
    if any(each.is_open for each in standing.reviews):
        return Refusal(
            "review-open",
            Said(
                "法制审核正在进行，请先撤回送审，或等审核意见作出后再拟定新的处理意见",
                "a review is under way: take the submission back, or wait for the opinion, before you write a new draft",
            ),
        )
    return None


def may_change_class(standing: Standing, enforcement: str) -> Refusal | None:
    """Whether the case can be one of another class: before its decision, while no review is under way, and where that class has every
    stage that the case was in.
    """
    if standing.decisions or standing.decided_before:
        return Refusal(
            "decided-already",
            Said("已作出决定的案件不能变更执法类别", "a case that was decided keeps its class"),
        )
    if (refused := may_draft(standing)) is not None:
        return refused
    rules = CLASSES[enforcement]
    missing = [each for each in standing.reached if each not in rules.stages]
    if missing:
        name = CLASSES[standing.enforcement].stage_name(min(missing))
        return Refusal(
            "no-such-stage",
            Said(
                f"{rules.name.zh}没有“{name.zh}”环节，而案件已到过该环节",
                f"{rules.name.en} has no stage “{name.en}”, and the case was in it",
            ),
        )
    return None


def may_go(standing: Standing, after: Stage) -> Refusal | None:
    """Whether a step, which the class's table has, leads around the decision."""
    if standing.decided_before:
        return None
    if after is Stage.DECISION:
        return _may_come_to_decision(standing)
    leaves = standing.stage is Stage.DECISION and after is Stage.ARCHIVING
    if (leaves or after in _PAST_DECISION) and not standing.in_force:
        return _NO_DECISION
    return None


_NO_DECISION = Refusal(
    "no-decision",
    Said(
        "没有生效的决定，不能进入这个环节：请先由负责人作出决定",
        "there is no decision in force: the head has to make it first",
    ),
)


def _may_come_to_decision(standing: Standing) -> Refusal | None:
    draft = standing.draft
    if draft is None:
        return Refusal(
            "no-draft",
            Said("还没有拟处理意见，请先拟定", "there is no draft of the decision yet: write it first"),
        )
    made = standing.made_of(draft.id)
    if made is not None and made.in_force:
        return None
    return _used(made) or may_be_decided(draft, standing.reviews)


def _used(made: Made | None) -> Refusal | None:
    if made is None:
        return None
    return Refusal(
        "decided-already",
        Said(
            f"这份拟处理意见已经作出决定（{made.number}，{made.dated}）",
            f"this draft was decided already ({made.number}, {made.dated})",
        ),
    )


def may_file(standing: Standing, kind: str, dated: str) -> Refusal | None:
    """Whether a document of this kind, with this day on it, may come into the file: one that says a decision says one that was made."""
    if standing.decided_before or kind not in DECISION_DOCUMENTS:
        return None
    if not standing.decisions:
        return Refusal(
            "no-decision",
            Said(
                "还没有作出决定，不能上传决定文书：请先由负责人作出决定",
                "no decision was made: a document that says one is taken afterwards",
            ),
        )
    days = sorted({each.dated for each in standing.decisions})
    if dated not in days:
        return Refusal(
            "other-day",
            Said(
                f"文书日期应与决定日期一致（{'、'.join(days)}）",
                f"the day on it is the day of the decision ({', '.join(days)})",
            ),
        )
    return None


def lacks(standing: Standing) -> tuple[Refusal, ...]:
    """What of decision, service and execution is missing for the archive. A case that never came to its decision has none."""
    if standing.decided_before or Stage.DECISION not in standing.reached:
        return ()
    found = []
    if not standing.decisions:
        found.append(Refusal("no-decision", Said("还没有作出决定", "no decision was made")))
    for each in standing.in_force:
        if Stage.SERVICE in standing.reached and not each.served:
            found.append(
                Refusal(
                    "not-served", Said(f"{each.number}未登记送达", f"the service of {each.number} is not written down")
                )
            )
        if Stage.EXECUTION in standing.reached and not each.executed:
            found.append(
                Refusal(
                    "not-executed",
                    Said(f"{each.number}未登记执行情况", f"the execution of {each.number} is not written down"),
                )
            )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Filed:
    """A document of the case that holds now."""

    id: int
    kind: str
    dated: str


@dataclass(frozen=True, slots=True)
class Order:
    """What a head would decide. `party_kinds`: of the parties that the case names; `opened`: the day on which it was opened. Days are
    the agency's. `asked_anew`: as `Drafted` has it.
    """

    draft: Draft
    dated: date
    collective_document: int | None
    head: Who
    involved: Involved
    filed: tuple[Filed, ...]
    party_kinds: frozenset[str]
    opened: date
    today: date
    asked_anew: bool = False


def refusals(standing: Standing, order: Order, calendar: Calendar = OFFICIAL) -> tuple[Refusal, ...]:
    """Everything that keeps this head from deciding this draft on this day, the gravest first; none: it is decided."""
    return tuple(_refusals(standing, order, calendar))


def _refusals(standing: Standing, order: Order, calendar: Calendar) -> Iterator[Refusal]:
    newest = standing.draft
    drafted = replace(order.draft.drafted(standing.enforcement, None), asked_anew=order.asked_anew)
    if newest is not None and newest.id != order.draft.id:
        drafted = replace(drafted, newest=False)
    if used := _used(standing.made_of(order.draft.id)):
        yield used
    if refused := may_be_decided(drafted, standing.reviews, order.dated):
        yield refused
    if refused := may_decide(order.head, drafted, standing.reviews, order.involved):
        yield refused
    if Stage.DECISION not in standing.reached or standing.stage not in _WHILE_DECIDING:
        name = CLASSES[standing.enforcement].stage_name(Stage.DECISION)
        yield Refusal(
            "not-in-decision",
            Said(f"案件还没有到“{name.zh}”环节", f"the case has not come to the stage “{name.en}”"),
        )
    if order.dated > order.today:
        yield Refusal("future-day", Said("决定日期不能晚于今天", "a decision is not dated after today"))
    if order.dated < order.opened and order.draft.proposal.procedure != SUMMARY:
        yield Refusal(
            "before-case",
            Said(
                f"决定日期不能早于立案日期（{order.opened}）",
                f"a decision is not dated before its case was opened ({order.opened})",
            ),
        )
    yield from open_items(order.draft.proposal, order.party_kinds)
    yield from _collective(order)
    yield from _notices(order, calendar)


def open_items(proposal: Proposal, party_kinds: frozenset[str]) -> Iterator[Refusal]:
    """What a decision must say and this draft does not (行政处罚法 art. 59, 行政许可法 art. 38, 行政强制法 art. 24)."""
    if not party_kinds:
        yield Refusal("no-party", Said("案件没有登记当事人", "no party of the case is written down"))
    elif proposal.party_kind not in party_kinds:
        yield Refusal(
            "other-party",
            Said(
                "拟处理意见中的当事人类型与案件登记的当事人不符，请重新拟定",
                "the draft is of another kind of party than the case names: write a new one",
            ),
        )
    if proposal.enforcement == "penalty" and proposal.adverse and not proposal.performance.strip():
        yield Refusal(
            "no-performance",
            Said(
                "未写明履行方式和期限（《行政处罚法》第59条）",
                "how and until when it is carried out is not said (Administrative Penalty Law, art. 59)",
            ),
        )
    if proposal.adverse and proposal.enforcement in _WITH_REMEDIES and not proposal.remedies.strip():
        zh, en = _WITH_REMEDIES[proposal.enforcement]
        yield Refusal(
            "no-remedies",
            Said(
                f"未写明申请行政复议、提起行政诉讼的途径和期限（{zh}）",
                f"where and until when it can be contested is not said ({en})",
            ),
        )


_WITH_REMEDIES = {
    "penalty": ("《行政处罚法》第59条", "Administrative Penalty Law, art. 59"),
    "licence": ("《行政许可法》第38条", "Administrative Licence Law, art. 38"),
    "coercion": ("《行政强制法》第24条", "Administrative Coercion Law, art. 24"),
}


def _collective(order: Order) -> Iterator[Refusal]:
    """集体讨论 (行政处罚法 art. 57): the record that the head names is a document of this case, and not younger than the decision."""
    records = [each for each in order.filed if each.kind == "collective" and each.dated <= order.dated.isoformat()]
    if order.collective_document is not None:
        if all(each.id != order.collective_document for each in records):
            yield Refusal(
                "no-such-record",
                Said(
                    "所选不是本案决定日期之前的集体讨论记录",
                    "what was chosen is no record of a collective discussion of this case before the decision",
                ),
            )
    elif order.draft.proposal.collective:
        yield Refusal(
            "no-collective",
            Said(
                "须经负责人集体讨论，请上传并选择集体讨论记录（《行政处罚法》第57条）",
                "it has to be discussed collectively: add the record and choose it (Administrative Penalty Law, art. 57)",
            ),
        )


def _notices(order: Order, calendar: Calendar) -> Iterator[Refusal]:
    """告知 (行政处罚法 art. 44) and 听证 (art. 63, 64), of a penalty under the ordinary procedure; an on-the-spot penalty is told by mouth."""
    proposal = order.draft.proposal
    if proposal.enforcement != "penalty" or proposal.procedure == SUMMARY or not proposal.adverse:
        return
    days: dict[str, date] = {}
    for each in order.filed:
        day = date.fromisoformat(each.dated)
        days[each.kind] = min(days.get(each.kind, day), day)
    if "notice" not in days or days["notice"] > order.dated:
        yield Refusal(
            "no-notice",
            Said(
                "缺决定日期之前的行政处罚事先告知书（《行政处罚法》第44条）",
                "the notice before the penalty is missing, or younger than the decision (Administrative Penalty Law, art. 44)",
            ),
        )
    if "hearing-notice" not in days or days["hearing-notice"] > order.dated:
        if any(each.kind in HEARING_KINDS for each in proposal.results):
            yield Refusal(
                "no-hearing-notice",
                Said(
                    "缺决定日期之前的听证告知书（《行政处罚法》第63条）",
                    "the notice of the right to a hearing is missing (Administrative Penalty Law, art. 63)",
                ),
            )
        return
    if "hearing-request" in days:
        if "hearing-record" not in days or days["hearing-record"] > order.dated:
            yield Refusal(
                "not-heard",
                Said(
                    "当事人要求听证，缺决定日期之前的听证笔录（《行政处罚法》第64条）",
                    "the party asked for a hearing and there is no record of one (Administrative Penalty Law, art. 64)",
                ),
            )
        return
    told = {document_event("hearing-notice"): days["hearing-notice"]}
    term = next(
        each for each in clocks_of("penalty", told, order.dated, calendar) if each.rule.key == "hearing-request"
    )
    if term.state is ClockState.RUNNING:
        yield Refusal(
            "hearing-term",
            Said(
                f"当事人要求听证的期限到 {term.due} 才届满（《行政处罚法》第64条）",
                f"the party may ask for a hearing until {term.due} (Administrative Penalty Law, art. 64)",
            ),
        )
