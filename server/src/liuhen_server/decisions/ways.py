"""How decisions are served and carried out, and how they end: the words of the law, one table each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from liuhen_server.cases.said import Said

__all__ = ["ENDS", "EXECUTIONS", "SERVICES"]

SERVICES: Mapping[str, Said] = MappingProxyType(
    {
        "direct": Said("直接送达", "handed over"),
        "left": Said("留置送达", "left at the place"),
        "post": Said("邮寄送达", "by post"),
        "electronic": Said("电子送达", "electronically, with consent"),
        "entrusted": Said("委托送达", "by another body"),
        "notice": Said("公告送达", "by public notice"),
    }
)
"""民事诉讼法 art. 88 ff., by 行政处罚法 art. 61."""

EXECUTIONS: Mapping[str, Said] = MappingProxyType(
    {
        "performed": Said("已履行", "performed"),
        "partly": Said("部分履行", "performed in part"),
        "instalments": Said("延期或分期缴纳", "put off or paid in instalments"),
        "waived": Said("减免或终结执行", "waived or given up"),
        "court": Said("申请人民法院强制执行", "given to the court"),
        "forced": Said("行政机关强制执行", "carried out by force"),
    }
)
"""行政处罚法 art. 66, 72; 行政强制法 art. 53."""

ENDS: Mapping[str, Said] = MappingProxyType(
    {
        "changed": Said("变更", "changed"),
        "revoked": Said("撤销", "revoked"),
        "void": Said("确认违法或者无效", "found unlawful or void"),
    }
)
"""行政处罚法 art. 48: what was published of it is withdrawn within three working days."""
