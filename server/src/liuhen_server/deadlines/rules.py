"""One table of the clocks that are no case's own: how long, of which days, and where it is written. Those of cases: `cases.clocks`."""

from __future__ import annotations

from liuhen_server.cases.said import Said
from liuhen_server.deadlines.deadline import Rule

__all__ = [
    "CERTIFICATE",
    "PUBLISH",
    "PUBLISH_QUICK",
    "REVIEW",
    "REVIEW_EXTENDED",
    "RULES",
    "STATISTICS",
    "SUPERVISION",
    "UPLOAD",
    "WITHDRAW",
]

_REVIEW = Said(
    "辽宁省重大行政执法决定法制审核规定（材料齐全起 7 个工作日，复杂案件经批准延长 3 个工作日）",
    "Liaoning rules on legal review: 7 working days from complete material, 3 more with approval",
)

REVIEW = Rule("review", Said("出具法制审核意见", "Opinion of the legal review"), 7, True, _REVIEW)
REVIEW_EXTENDED = Rule(
    "review-extended",
    Said("出具法制审核意见（已批准延长）", "Opinion of the legal review (extended)"),
    10,
    True,
    _REVIEW,
)
PUBLISH_QUICK = Rule(
    "publish-decision-quick",
    Said("公示处罚、许可决定", "Publication of the decision"),
    7,
    True,
    Said("行政执法公示制度：7 个工作日", "System of publicity: 7 working days"),
)
PUBLISH = Rule(
    "publish-decision",
    Said("公示执法决定", "Publication of the decision"),
    20,
    True,
    Said("行政执法公示制度：20 个工作日", "System of publicity: 20 working days"),
)
WITHDRAW = Rule(
    "withdraw",
    Said("撤回已公示的决定", "Withdrawal of the published decision"),
    3,
    True,
    Said("《行政处罚法》第48条", "Administrative Penalty Law, art. 48"),
)
STATISTICS = Rule(
    "statistics",
    Said("公布上年度执法统计数据", "Publication of last year's statistics"),
    None,
    False,
    Said("行政执法公示制度：每年 1 月 31 日前", "System of publicity: by 31 January"),
)
CERTIFICATE = Rule(
    "certificate",
    Said("执法证件到期", "End of the certificate"),
    None,
    False,
    Said(
        "《行政处罚法》第42条：由具有执法资格的人员实施", "Administrative Penalty Law, art. 42: by qualified officers"
    ),
)
UPLOAD = Rule(
    "upload",
    Said("收工后上传音像记录", "Upload after the end of duty"),
    1,
    False,
    Said("执法全过程记录制度：24 小时内", "System of recording: within 24 hours"),
)

SUPERVISION = Rule(
    "supervision-opinion",
    Said("答复执法监督意见", "Answer to a supervision opinion"),
    None,
    False,
    Said(
        "《行政执法监督条例》；监督意见所定期限", "Regulations on the supervision of enforcement; the opinion's own day"
    ),
)

RULES: tuple[Rule, ...] = (
    REVIEW,
    REVIEW_EXTENDED,
    PUBLISH_QUICK,
    PUBLISH,
    WITHDRAW,
    STATISTICS,
    CERTIFICATE,
    UPLOAD,
    SUPERVISION,
)
