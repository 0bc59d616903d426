"""The recording lists (音像记录事项清单) of the sample county: one for each agency, with the rows of the classes it enforces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from house.sample.people import CITY, FARMING, MARKET, SAFETY, TRANSPORT
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.coverage import ListRow, Method

_ON_SITE = ("进入现场出示证件时", "出示证件、说明来意、检查过程和当事人确认", "离开现场时")
_SEALING = ("宣读决定书时", "全程：宣读、清点、贴封、当事人签字", "贴封完毕、离开现场时")
_SERVING = ("到达送达地点时", "送达经过和签收（拒收）情形", "签收或留置后")
_TWO_YEARS, _FOR_EVER = "随案卷保存", "永久"

_ROWS: Mapping[str, Sequence[ListRow]] = {
    "penalty": (
        ListRow("1.1", "penalty", "现场检查", Stage.INVESTIGATION, Method.VIDEO, True, "", *_ON_SITE, _TWO_YEARS),
        ListRow("1.2", "penalty", "查封、扣押", Stage.INVESTIGATION, Method.VIDEO, True, "seizure", *_SEALING, _FOR_EVER),
        ListRow("1.3", "penalty", "询问当事人", Stage.INVESTIGATION, Method.AUDIO, False, "", remark="当事人要求时应当录音"),
        ListRow("1.4", "penalty", "听证", Stage.REVIEW, Method.VIDEO, True, "hearing-record", retention=_TWO_YEARS),
        ListRow("1.5", "penalty", "送达", Stage.SERVICE, Method.PHOTO, True, "", *_SERVING, _TWO_YEARS),
    ),
    "coercion": (
        ListRow("2.1", "coercion", "采取强制措施全程", Stage.EXECUTION, Method.VIDEO, True, "", *_SEALING, _FOR_EVER),
        ListRow("2.2", "coercion", "送达", Stage.SERVICE, Method.PHOTO, True, "", *_SERVING, _TWO_YEARS),
    ),
    "licence": (
        ListRow("3.1", "licence", "现场核查", Stage.INVESTIGATION, Method.VIDEO, True, "inspection-record", *_ON_SITE),
        ListRow("3.2", "licence", "听证", Stage.INVESTIGATION, Method.VIDEO, True, "hearing-record"),
    ),
    "levy": (
        ListRow("4.1", "levy", "入户调查登记", Stage.INVESTIGATION, Method.VIDEO, True, "", *_ON_SITE, _FOR_EVER),
        ListRow("4.2", "levy", "送达", Stage.SERVICE, Method.PHOTO, True, "", *_SERVING, _TWO_YEARS),
    ),
    "inspection": (
        ListRow("5.1", "inspection", "现场检查", Stage.INVESTIGATION, Method.VIDEO, True, "", *_ON_SITE, _TWO_YEARS),
        ListRow("5.2", "inspection", "抽样取证", Stage.INVESTIGATION, Method.PHOTO, True, "sampling"),
    ),
}  # fmt: skip

CLASSES_OF: Mapping[str, Sequence[str]] = {
    MARKET: ("penalty", "licence", "inspection"),
    TRANSPORT: ("penalty", "licence", "levy", "coercion"),
    FARMING: ("penalty", "levy", "inspection"),
    CITY: ("penalty", "coercion", "inspection"),
    SAFETY: ("penalty", "inspection"),
}


def rows_of(agency: str) -> tuple[ListRow, ...]:
    return tuple(row for enforcement in CLASSES_OF[agency] for row in _ROWS[enforcement])
