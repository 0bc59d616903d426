"""The classes of enforcement (执法类别): the stages of each, what may follow what, and the documents each stage needs.

One table per class. A class is added by adding its table here; nothing else of the archive knows the five by name. The seven stages are
those of the whole-process record (行政处罚法 art. 47); a class leaves out what it does not have and names the others as its law does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from liuhen_server.cases.said import Said, Wrong

__all__ = ["CLASSES", "DocumentKind", "EnforcementClass", "Stage", "StageRules", "class_of", "kind_of", "kinds"]


class Stage(StrEnum):
    """Where a case stands. `ARCHIVED` is the closed file: nothing in it changes until it is opened again with a reason."""

    INITIATION = "initiation"
    INVESTIGATION = "investigation"
    REVIEW = "review"
    DECISION = "decision"
    SERVICE = "service"
    EXECUTION = "execution"
    ARCHIVING = "archiving"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A kind of document of a stage. `required`: the file cannot be archived without it, or an excuse for it."""

    key: str
    name: Said
    required: bool
    source: Said | None = None


@dataclass(frozen=True, slots=True)
class StageRules:
    """One row of a class's table. `then` are the stages that may follow, the usual one first."""

    stage: Stage
    name: Said
    documents: tuple[DocumentKind, ...]
    then: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class EnforcementClass:
    """`word` is what stands in a case number after the agency's word, where the agency has no other."""

    key: str
    name: Said
    word: str
    table: tuple[StageRules, ...]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """In the order of the work, without `ARCHIVED`."""
        return tuple(row.stage for row in self.table)

    @property
    def first(self) -> Stage:
        return self.table[0].stage

    def rules(self, stage: Stage) -> StageRules | None:
        return next((row for row in self.table if row.stage is stage), None)

    def stage_name(self, stage: Stage) -> Said:
        rules = self.rules(stage)
        return _ARCHIVED if rules is None else rules.name

    def then(self, stage: Stage) -> tuple[Stage, ...]:
        """What may follow. The closed file can be opened again; who does says why."""
        rules = self.rules(stage)
        return (Stage.ARCHIVING,) if rules is None else rules.then

    def goes_back(self, before: Stage, after: Stage) -> bool:
        """Whether this step undoes one, and therefore needs a reason."""
        order = (*self.stages, Stage.ARCHIVED)
        return order.index(after) < order.index(before)

    def skips(self, before: Stage, after: Stage) -> bool:
        """Whether stages with something required are left out, which needs a reason too."""
        order = (*self.stages, Stage.ARCHIVED)
        return order.index(after) > order.index(before) + 1

    def check_step(self, before: Stage, after: Stage, reason: str) -> None:
        """Raises Wrong for a step the table does not have, and for one that needs a reason and has none."""
        if after not in self.then(before):
            then = self.then(before)
            zh = "、".join(self.stage_name(stage).zh for stage in then)
            en = ", ".join(self.stage_name(stage).en for stage in then)
            raise Wrong(
                f"“{self.stage_name(before).zh}”之后不能是“{self.stage_name(after).zh}”，只能是：{zh}",
                f"“{self.stage_name(after).en}” does not follow “{self.stage_name(before).en}”; it may be {en}",
                "stage",
            )
        if not reason.strip() and (self.goes_back(before, after) or self.skips(before, after)):
            raise Wrong(
                "退回或跳过阶段须说明理由",
                "going back and leaving out a stage need a reason",
                "reason",
            )


_ARCHIVED = Said("已归档", "Archived")
_PENALTY_LAW = "行政处罚法"
_LICENCE_LAW = "行政许可法"
_COERCION_LAW = "行政强制法"


def _law(law: str, article: int) -> Said:
    english = {
        _PENALTY_LAW: "Administrative Penalty Law",
        _LICENCE_LAW: "Administrative Licence Law",
        _COERCION_LAW: "Administrative Coercion Law",
    }
    return Said(f"《{law}》第{article}条", f"{english[law]}, art. {article}")


def _needs(key: str, zh: str, en: str, source: Said | None = None) -> DocumentKind:
    return DocumentKind(key, Said(zh, en), True, source)


def _may(key: str, zh: str, en: str, source: Said | None = None) -> DocumentKind:
    return DocumentKind(key, Said(zh, en), False, source)


def _row(stage: Stage, zh: str, en: str, documents: tuple[DocumentKind, ...], *then: Stage) -> StageRules:
    return StageRules(stage, Said(zh, en), documents, then)


_OTHER = _may("other", "其他材料", "other material")
_RECEIPT = _needs("service-receipt", "送达回证", "proof of service")
_REVIEW_OPINION = _may("legal-opinion", "法制审核意见书", "opinion of the legal review", _law(_PENALTY_LAW, 58))
_COLLECTIVE = _may("collective", "集体讨论记录", "record of the collective discussion", _law(_PENALTY_LAW, 57))
_PUBLISHED = _may("publication", "公示记录", "proof of publication", _law(_PENALTY_LAW, 48))
_INDEX = _may("index", "卷内目录", "index of the file")


def _archiving(*back: Stage) -> StageRules:
    """The last stage; the file goes back to one of `back` where something has still to be done."""
    documents = (_needs("closing", "结案审批表", "approval to close"), _INDEX, _OTHER)
    return StageRules(Stage.ARCHIVING, Said("归档", "Archiving"), documents, (Stage.ARCHIVED, *back))


_LICENCE = EnforcementClass(
    "licence",
    Said("行政许可", "Licence"),
    "许",
    (
        _row(
            Stage.INITIATION,
            "申请与受理",
            "Application",
            (
                _needs("application", "申请书", "application"),
                _may("completion-notice", "补正材料通知书", "notice of what is missing", _law(_LICENCE_LAW, 32)),
                _needs("acceptance", "受理通知书", "notice of acceptance", _law(_LICENCE_LAW, 32)),
                _OTHER,
            ),
            Stage.INVESTIGATION,
            Stage.ARCHIVING,
        ),
        _row(
            Stage.INVESTIGATION,
            "审查",
            "Examination",
            (
                _may("inspection-record", "现场核查笔录", "record of the visit on site", _law(_LICENCE_LAW, 34)),
                _may("hearing-record", "听证笔录", "record of the hearing", _law(_LICENCE_LAW, 48)),
                _needs("examination", "审查意见", "findings of the examination", _law(_LICENCE_LAW, 34)),
                _OTHER,
            ),
            Stage.REVIEW,
            Stage.DECISION,
            Stage.ARCHIVING,
        ),
        _row(
            Stage.REVIEW,
            "审核",
            "Review",
            (_REVIEW_OPINION, _COLLECTIVE, _OTHER),
            Stage.DECISION,
            Stage.INVESTIGATION,
        ),
        _row(
            Stage.DECISION,
            "决定",
            "Decision",
            (_needs("decision", "许可决定书", "decision", _law(_LICENCE_LAW, 38)), _OTHER),
            Stage.SERVICE,
            Stage.REVIEW,
        ),
        _row(Stage.SERVICE, "送达", "Service", (_RECEIPT, _PUBLISHED, _OTHER), Stage.ARCHIVING),
        _archiving(Stage.INVESTIGATION),
    ),
)

_PENALTY = EnforcementClass(
    "penalty",
    Said("行政处罚", "Penalty"),
    "罚",
    (
        _row(
            Stage.INITIATION,
            "启动",
            "Initiation",
            (
                _may("source", "案件来源登记表", "where the case came from"),
                _needs("filing", "立案审批表", "approval to file the case", _law(_PENALTY_LAW, 54)),
                _OTHER,
            ),
            Stage.INVESTIGATION,
            Stage.ARCHIVING,
        ),
        _row(
            Stage.INVESTIGATION,
            "调查取证",
            "Investigation",
            (
                _needs("inspection-record", "现场检查笔录", "record of the inspection on site", _law(_PENALTY_LAW, 55)),
                _needs("interview", "询问笔录", "record of questioning", _law(_PENALTY_LAW, 55)),
                _may("keeping", "先行登记保存通知书", "notice of registered keeping", _law(_PENALTY_LAW, 56)),
                _may("keeping-decision", "先行登记保存处理决定", "decision on what was kept", _law(_PENALTY_LAW, 56)),
                _may("seizure", "查封（扣押）决定书", "decision to seal or seize", _law(_COERCION_LAW, 24)),
                _may("release", "解除查封（扣押）决定书", "decision to release", _law(_COERCION_LAW, 28)),
                _may("evidence", "证据材料", "evidence", _law(_PENALTY_LAW, 46)),
                _needs("report", "案件调查终结报告", "final report of the investigation", _law(_PENALTY_LAW, 57)),
                _OTHER,
            ),
            Stage.REVIEW,
            Stage.ARCHIVING,
        ),
        _row(
            Stage.REVIEW,
            "审核",
            "Review",
            (
                _REVIEW_OPINION,
                _needs("notice", "行政处罚事先告知书", "notice before the decision", _law(_PENALTY_LAW, 44)),
                _may("statement", "陈述申辩笔录", "the party's statement", _law(_PENALTY_LAW, 45)),
                _may("hearing-notice", "听证告知书", "notice of the right to a hearing", _law(_PENALTY_LAW, 63)),
                _may("hearing-request", "听证申请", "request for a hearing", _law(_PENALTY_LAW, 64)),
                _may("hearing-record", "听证笔录", "record of the hearing", _law(_PENALTY_LAW, 64)),
                _COLLECTIVE,
                _OTHER,
            ),
            Stage.DECISION,
            Stage.INVESTIGATION,
            Stage.ARCHIVING,
        ),
        _row(
            Stage.DECISION,
            "决定",
            "Decision",
            (_needs("decision", "行政处罚决定书", "decision", _law(_PENALTY_LAW, 59)), _OTHER),
            Stage.SERVICE,
            Stage.REVIEW,
        ),
        _row(
            Stage.SERVICE,
            "送达",
            "Service",
            (
                DocumentKind(_RECEIPT.key, _RECEIPT.name, True, _law(_PENALTY_LAW, 61)),
                _PUBLISHED,
                _OTHER,
            ),
            Stage.EXECUTION,
            Stage.ARCHIVING,
        ),
        _row(
            Stage.EXECUTION,
            "执行",
            "Execution",
            (
                _needs("performance", "履行凭证", "proof that it was carried out", _law(_PENALTY_LAW, 66)),
                _may("reminder", "履行催告书", "reminder", _law(_COERCION_LAW, 54)),
                _may("application-to-court", "强制执行申请书", "application to the court", _law(_COERCION_LAW, 53)),
                _OTHER,
            ),
            Stage.ARCHIVING,
        ),
        _archiving(Stage.EXECUTION, Stage.INVESTIGATION),
    ),
)

_COERCION = EnforcementClass(
    "coercion",
    Said("行政强制", "Coercion"),
    "强",
    (
        _row(
            Stage.INITIATION,
            "启动",
            "Initiation",
            (
                _needs("approval", "行政强制措施审批表", "approval of the measure", _law(_COERCION_LAW, 18)),
                _OTHER,
            ),
            Stage.INVESTIGATION,
            Stage.DECISION,
            Stage.ARCHIVING,
        ),
        _row(
            Stage.INVESTIGATION,
            "调查取证",
            "Investigation",
            (_may("evidence", "证据材料", "evidence"), _may("interview", "询问笔录", "record of questioning"), _OTHER),
            Stage.REVIEW,
            Stage.DECISION,
            Stage.ARCHIVING,
        ),
        _row(
            Stage.REVIEW,
            "审核",
            "Review",
            (
                _REVIEW_OPINION,
                _may("reminder", "催告书", "reminder", _law(_COERCION_LAW, 35)),
                _may("statement", "陈述申辩笔录", "the party's statement", _law(_COERCION_LAW, 36)),
                _COLLECTIVE,
                _OTHER,
            ),
            Stage.DECISION,
            Stage.INVESTIGATION,
        ),
        _row(
            Stage.DECISION,
            "决定",
            "Decision",
            (
                _needs("decision", "行政强制决定书", "decision", _law(_COERCION_LAW, 24)),
                _may("seizure", "查封（扣押）决定书", "decision to seal or seize", _law(_COERCION_LAW, 24)),
                _OTHER,
            ),
            Stage.SERVICE,
            Stage.REVIEW,
        ),
        _row(Stage.SERVICE, "送达", "Service", (_RECEIPT, _PUBLISHED, _OTHER), Stage.EXECUTION),
        _row(
            Stage.EXECUTION,
            "实施",
            "Execution",
            (
                _needs("scene-record", "现场笔录", "record of the scene", _law(_COERCION_LAW, 18)),
                _may("goods-list", "查封（扣押）清单", "list of what was seized", _law(_COERCION_LAW, 24)),
                _may("extension", "延长期限决定书", "decision to extend", _law(_COERCION_LAW, 25)),
                _may("release", "解除决定书", "decision to release", _law(_COERCION_LAW, 28)),
                _may("disposal", "处理决定书", "decision on what was seized", _law(_COERCION_LAW, 27)),
                _OTHER,
            ),
            Stage.ARCHIVING,
        ),
        _archiving(Stage.EXECUTION),
    ),
)

_LEVY = EnforcementClass(
    "levy",
    Said("行政征收征用", "Levy and requisition"),
    "征",
    (
        _row(
            Stage.INITIATION,
            "启动",
            "Initiation",
            (_needs("announcement", "征收（征用）公告", "public notice"), _OTHER),
            Stage.INVESTIGATION,
            Stage.ARCHIVING,
        ),
        _row(
            Stage.INVESTIGATION,
            "调查登记",
            "Survey",
            (
                _needs("survey", "调查登记表", "record of the survey"),
                _may("valuation", "评估报告", "valuation"),
                _may("hearing-record", "听证笔录", "record of the hearing"),
                _OTHER,
            ),
            Stage.REVIEW,
            Stage.ARCHIVING,
        ),
        _row(
            Stage.REVIEW,
            "审核",
            "Review",
            (_REVIEW_OPINION, _COLLECTIVE, _OTHER),
            Stage.DECISION,
            Stage.INVESTIGATION,
        ),
        _row(
            Stage.DECISION,
            "决定",
            "Decision",
            (_needs("decision", "征收（征用）决定书", "decision"), _OTHER),
            Stage.SERVICE,
            Stage.REVIEW,
        ),
        _row(Stage.SERVICE, "送达", "Service", (_RECEIPT, _PUBLISHED, _OTHER), Stage.EXECUTION),
        _row(
            Stage.EXECUTION,
            "执行",
            "Execution",
            (_needs("compensation", "补偿凭证或缴费凭证", "proof of compensation or payment"), _OTHER),
            Stage.ARCHIVING,
        ),
        _archiving(Stage.EXECUTION),
    ),
)

_INSPECTION = EnforcementClass(
    "inspection",
    Said("行政检查", "Inspection"),
    "检",
    (
        _row(
            Stage.INITIATION,
            "启动",
            "Initiation",
            (_needs("task", "检查任务单", "order for the inspection"), _OTHER),
            Stage.INVESTIGATION,
            Stage.ARCHIVING,
        ),
        _row(
            Stage.INVESTIGATION,
            "现场检查",
            "On site",
            (
                _needs("inspection-record", "现场检查笔录", "record of the inspection on site"),
                _may("sampling", "抽样记录", "record of samples"),
                _may("evidence", "证据材料", "evidence"),
                _OTHER,
            ),
            Stage.DECISION,
            Stage.ARCHIVING,
        ),
        _row(
            Stage.DECISION,
            "处理",
            "Result",
            (
                _needs("result", "检查结果", "result of the inspection"),
                _may("rectification", "责令改正通知书", "order to correct", _law(_PENALTY_LAW, 28)),
                _OTHER,
            ),
            Stage.SERVICE,
            Stage.ARCHIVING,
            Stage.INVESTIGATION,
        ),
        _row(
            Stage.SERVICE,
            "送达",
            "Service",
            (_RECEIPT, _may("recheck", "复查记录", "record of the second visit"), _PUBLISHED, _OTHER),
            Stage.ARCHIVING,
        ),
        _row(Stage.ARCHIVING, "归档", "Archiving", (_INDEX, _OTHER), Stage.ARCHIVED, Stage.INVESTIGATION),
    ),
)

CLASSES: Mapping[str, EnforcementClass] = MappingProxyType(
    {each.key: each for each in (_LICENCE, _PENALTY, _COERCION, _LEVY, _INSPECTION)}
)


def class_of(key: str) -> EnforcementClass:
    """Raises Wrong for a class the archive does not have."""
    found = CLASSES.get(key)
    if found is None:
        names = "、".join(each.name.zh for each in CLASSES.values())
        raise Wrong(f"没有这个执法类别，可选：{names}", f"no such class; there are {', '.join(CLASSES)}", "class")
    return found


def kinds(enforcement: EnforcementClass, stage: Stage) -> tuple[DocumentKind, ...]:
    rules = enforcement.rules(stage)
    return () if rules is None else rules.documents


def kind_of(enforcement: EnforcementClass, stage: Stage, key: str) -> DocumentKind:
    """Raises Wrong for a document that this stage of this class does not have."""
    for kind in kinds(enforcement, stage):
        if kind.key == key:
            return kind
    raise Wrong(
        f"“{enforcement.stage_name(stage).zh}”阶段没有这种文书",
        f"the stage “{enforcement.stage_name(stage).en}” has no such document",
        "kind",
    )
