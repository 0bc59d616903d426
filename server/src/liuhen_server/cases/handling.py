"""Who may handle a case: the rule alone, over officers as the register has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from liuhen_server.cases.classes import class_of
from liuhen_server.cases.said import Wrong
from liuhen_server.registry.officers import Officer

__all__ = ["FEWEST_HANDLERS", "MOST_HANDLERS", "check_handlers"]

FEWEST_HANDLERS = 2
MOST_HANDLERS = 20


def check_handlers(
    known: Mapping[int, Officer],
    agency: str,
    enforcement: str,
    wanted: frozenset[int],
    today: date,
    staying: frozenset[int] = frozenset(),
) -> None:
    """At least two officers of the agency (行政处罚法 art. 42), certified for the class today. Who handles the case already
    (`staying`) may stay although his certificate ended meanwhile: the case must be changeable. `known`: those that exist, by id.
    Raises Wrong.
    """
    if not FEWEST_HANDLERS <= len(wanted) <= MOST_HANDLERS:
        raise Wrong(
            f"承办人不得少于两人（《行政处罚法》第42条），最多 {MOST_HANDLERS} 人",
            f"at least two officers handle a case (Administrative Penalty Law, art. 42), at most {MOST_HANDLERS}",
            "handlers",
        )
    for officer_id in sorted(wanted - staying):
        officer = known.get(officer_id)
        if officer is None or officer.agency != agency or not officer.active:
            raise Wrong(
                "承办人必须是本执法主体的在岗执法人员",
                "handlers are officers of this agency who are on duty",
                "handlers",
            )
        if officer.expires is not None and officer.expires < today.isoformat():
            raise Wrong(
                f"{officer.name}的执法证已于 {officer.expires} 到期",
                f"the certificate of {officer.name} ended on {officer.expires}",
                "handlers",
            )
        if officer.classes and enforcement not in officer.classes:
            name = class_of(enforcement).name
            raise Wrong(
                f"{officer.name}的执法证不含{name.zh}",
                f"the certificate of {officer.name} does not cover {name.en}",
                "handlers",
            )
    if missing := wanted - known.keys():
        raise Wrong("没有这名执法人员", f"no such officer: {min(missing)}", "handlers")
