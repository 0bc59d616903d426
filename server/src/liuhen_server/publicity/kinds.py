"""What an agency makes public: one table of kinds, and the fields in which each is made public.

The fields of penalties and licences are those of double publicity (双公示). Which list another body confirms is said here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from liuhen_server.cases.said import Said, Wrong

__all__ = ["FORMS", "KINDS", "Form", "Kind", "Shape", "form_of_class", "kind_of"]


@dataclass(frozen=True, slots=True)
class Form:
    """`fields`: key → name, in their order. `title`: the field that names a version on lists; `day`: the one with its day."""

    key: str
    name: Said
    fields: Mapping[str, str]
    title: str
    day: str


class Shape:
    """How the content of a kind is made up: of named fields, of a table's rows, of a text with steps, of several tables."""

    RECORD, TABLE, TEXT, TABLES = "record", "table", "text", "tables"


@dataclass(frozen=True, slots=True)
class Kind:
    """`columns`: of a table. `confirmed_by`: the body that confirms the list before it is reviewed; None: nobody has to.
    `by_justice`: the justice department itself confirms it here; otherwise who confirmed is written down.
    """

    key: str
    name: Said
    shape: str
    columns: tuple[str, ...] = ()
    confirmed_by: Said | None = None
    by_justice: bool = False

    @property
    def has_about(self) -> bool:
        """Whether an agency has many of it, each about something else; of the others it has one."""
        return self.key in ("decision", "inspection-result", "flow-chart", "service-guide", "statistics")


_DECIDED = {"agency": "决定机关", "agency_code": "决定机关统一社会信用代码"}
_SOURCE = {"source": "数据来源单位", "source_code": "数据来源单位统一社会信用代码", "remark": "备注"}
_PARTY = {
    "party": "行政相对人名称",
    "party_type": "行政相对人类别",
    "party_code": "统一社会信用代码",
    "representative": "法定代表人",
}

_FORMS = (
    Form(
        "penalty",
        Said("行政处罚", "Penalties"),
        {
            **_PARTY,
            "document": "行政处罚决定书名称",
            "number": "行政处罚决定书文号",
            "violation": "违法行为类型",
            "facts": "违法事实",
            "basis": "处罚依据",
            "kinds": "处罚类别",
            "content": "处罚内容",
            "fine": "罚款金额（万元）",
            "confiscated": "没收违法所得、没收非法财物的金额（万元）",
            "suspended": "暂扣或吊销证照名称及编号",
            "decided": "处罚决定日期",
            "valid_until": "处罚有效期",
            "public_until": "公示截止期",
            "agency": "处罚机关",
            "agency_code": "处罚机关统一社会信用代码",
            **_SOURCE,
        },
        "number",
        "decided",
    ),
    Form(
        "licence",
        Said("行政许可", "Licences"),
        {
            **_PARTY,
            "document": "行政许可决定文书名称",
            "number": "行政许可决定文书号",
            "kinds": "许可类别",
            "certificate": "许可证书名称",
            "certificate_number": "许可编号",
            "content": "许可内容",
            "decided": "许可决定日期",
            "valid_from": "有效期自",
            "valid_until": "有效期至",
            "agency": "许可机关",
            "agency_code": "许可机关统一社会信用代码",
            "state": "当前状态",
            **_SOURCE,
        },
        "number",
        "decided",
    ),
    Form(
        "other",
        Said("行政强制、征收征用等其他决定", "Coercion, levies and other decisions"),
        {
            **_PARTY,
            "document": "决定文书名称",
            "number": "决定文书号",
            "class": "执法类别",
            "kinds": "决定种类",
            "facts": "事实",
            "basis": "依据",
            "content": "决定内容",
            "decided": "决定日期",
            **_DECIDED,
            **_SOURCE,
        },
        "number",
        "decided",
    ),
    Form(
        "inspection",
        Said("行政检查结果", "Results of inspections"),
        {
            **_PARTY,
            "document": "检查文书名称",
            "number": "检查文书号",
            "kinds": "检查结果",
            "basis": "检查依据",
            "content": "结果说明",
            "decided": "检查结果日期",
            "agency": "检查机关",
            "agency_code": "检查机关统一社会信用代码",
            **_SOURCE,
        },
        "number",
        "decided",
    ),
)
FORMS: Mapping[str, Form] = MappingProxyType({form.key: form for form in _FORMS})

_JUSTICE = Said("县司法行政部门", "the justice department")
_MARKET = Said("县市场监督管理部门", "market supervision")

_KINDS = (
    Kind("decision", Said("执法决定", "Decisions"), Shape.RECORD),
    Kind("inspection-result", Said("检查结果", "Results of inspections"), Shape.RECORD),
    Kind(
        "item-list",
        Said("行政执法事项清单", "List of items of enforcement"),
        Shape.TABLE,
        ("序号", "执法类别", "事项名称", "实施依据", "承办机构", "实施对象", "办理期限", "监督电话", "备注"),
        _JUSTICE,
        by_justice=True,
    ),
    Kind(
        "supervision-list",
        Said("监管事项目录清单", "Catalogue of supervision"),
        Shape.TABLE,
        ("序号", "监管事项", "监管对象", "监管措施", "设定依据", "监管方式", "备注"),
    ),
    Kind(
        "random-inspection-list",
        Said("随机抽查事项清单", "List of random inspections"),
        Shape.TABLE,
        ("序号", "抽查类别", "抽查事项", "抽查对象", "抽查依据", "抽查比例", "抽查频次", "抽查方式", "备注"),
        _MARKET,
    ),
    Kind("flow-chart", Said("执法流程图", "Flow chart"), Shape.TEXT),
    Kind("service-guide", Said("办事指南", "Service guide"), Shape.TEXT),
    Kind(
        "officers",
        Said("行政执法人员", "Officers"),
        Shape.TABLE,
        ("姓名", "单位", "职务", "执法证号", "执法类别", "执法区域"),
    ),
    Kind(
        "window-posts",
        Said("办事窗口岗位信息", "Posts of service windows"),
        Shape.TABLE,
        ("窗口", "岗位", "工作人员", "岗位职责", "办理事项", "咨询电话", "监督电话"),
    ),
    Kind("statistics", Said("年度统计数据", "Annual statistics"), Shape.TABLES),
)
KINDS: Mapping[str, Kind] = MappingProxyType({kind.key: kind for kind in _KINDS})


def kind_of(key: str) -> Kind:
    """Raises Wrong."""
    if key not in KINDS:
        raise Wrong("没有这种公示内容", "nothing of this kind is made public", "kind")
    return KINDS[key]


def form_of_class(enforcement: str) -> Form:
    """The fields of a decision of this class."""
    return FORMS.get(enforcement, FORMS["other"])
