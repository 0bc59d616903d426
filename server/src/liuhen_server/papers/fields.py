"""The fields that a template may name, and what each says of a case: the record and the document agree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from liuhen_server.cases.reading import WholeCase
from liuhen_server.cases.said import Said

__all__ = ["FIELDS", "values_of"]

FIELDS: Mapping[str, Said] = MappingProxyType(
    {
        "case.number": Said("案号", "case number"),
        "case.title": Said("案由", "subject"),
        "case.class": Said("执法类别", "class"),
        "case.opened": Said("立案日期", "opened on"),
        "agency.name": Said("执法主体", "agency"),
        "agency.code": Said("执法主体统一社会信用代码", "the agency's credit code"),
        "party.name": Said("当事人", "party"),
        "party.code": Said("当事人证件号码或统一社会信用代码", "the party's number"),
        "party.representative": Said("法定代表人", "legal representative"),
        "party.contact": Said("当事人联系方式", "how to reach the party"),
        "handlers": Said("承办人（执法证号）", "handlers with certificates"),
        "today": Said("填制日期", "day it is filled"),
    }
)


def values_of(
    whole: WholeCase, agency: str, credit_code: str, handlers: tuple[tuple[str, str], ...], today: date
) -> dict[str, str]:
    """`handlers`: name and certificate. What a case does not have is empty; of several parties all are named."""

    def of_parties(field: str) -> str:
        return "、".join(text for party in whole.parties if (text := str(getattr(party, field))))

    return {
        "case.number": whole.case.number,
        "case.title": whole.case.title,
        "case.class": whole.case.rules.name.zh,
        "case.opened": whole.case.opened_day,
        "agency.name": agency,
        "agency.code": credit_code,
        "party.name": of_parties("name"),
        "party.code": of_parties("code"),
        "party.representative": of_parties("representative"),
        "party.contact": of_parties("contact"),
        "handlers": "、".join(f"{name}（{certificate}）" for name, certificate in handlers),
        "today": f"{today.year}年{today.month}月{today.day}日",
    }
