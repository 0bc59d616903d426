"""The sheet that waits to be imported: three cases of the transport bureau, of a class that its officers may handle, by invented parties."""

from __future__ import annotations

from collections.abc import Sequence

from house.sample.people import OFFICERS, TRANSPORT
from liuhen_server.cases.case_sheet import template_header

__all__ = ["NAME", "rows"]

NAME = "11月新立案件（样例）.csv"
_CASES = (
    ("行政处罚", "涉嫌未按核定线路营运案", "样例客运有限公司", "单位"),
    ("行政处罚", "涉嫌超限运输未采取防护措施案", "示例物流有限公司", "单位"),
    ("行政处罚", "涉嫌未取得道路运输经营许可案", "样例货运站", "单位"),
)


def rows() -> Sequence[Sequence[str]]:
    """With the line of columns."""
    handlers = [f"SL{211300 + place}" for place, each in enumerate(OFFICERS) if each.agency == TRANSPORT][:2]
    cases = [("", kind, title, party, of, "", "样某", "", "、".join(handlers)) for kind, title, party, of in _CASES]
    return [template_header(), *cases]
