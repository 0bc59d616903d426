"""The agencies, officers and accounts of the sample county. All of them are invented, and the names say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from liuhen_server.people.roles import Role
from liuhen_server.registry.agencies import Agency
from liuhen_server.registry.officers import Officer

MARKET, TRANSPORT, FARMING, CITY, SAFETY = "scjg", "jtys", "nync", "cgzf", "yjgl"

AGENCIES = (
    Agency(MARKET, "朝阳县市场监督管理局（示例）", "市监局", "朝县市监"),
    Agency(TRANSPORT, "朝阳县交通运输局（示例）", "交通局", "朝县交"),
    Agency(FARMING, "朝阳县农业农村局（示例）", "农业农村局", "朝县农"),
    Agency(CITY, "朝阳县城市管理综合行政执法局（示例）", "城管执法局", "朝县城管"),
    Agency(SAFETY, "朝阳县应急管理局（示例）", "应急局", "朝县应急"),
)

DOCKS = {MARKET: "dock-01", TRANSPORT: "dock-11", FARMING: "dock-21", CITY: "dock-31"}
"""One dock for each agency; the last one has none yet, and its officers hand their recorders in elsewhere."""


@dataclass(frozen=True)
class Serving:
    """An officer, as he is on any day: `days` from it the certificate ends."""

    name: str
    agency: str
    post: str
    classes: str
    area: str
    days: int
    number: str | None
    active: bool = True

    def officer(self, day: date, place: int) -> Officer:
        return Officer(
            certificate=f"SL{211300 + place}",
            name=self.name,
            agency=self.agency,
            post=self.post,
            classes=frozenset(self.classes.split()),
            area=self.area,
            expires=(day + timedelta(days=self.days)).isoformat(),
            recorder_number=self.number,
            active=self.active,
        )


OFFICERS: Sequence[Serving] = (
    Serving("王磊", MARKET, "执法中队中队长", "penalty coercion inspection", "城关片区", 620, "210301"),
    Serving("李静", MARKET, "执法人员", "penalty inspection licence", "城关片区", 26, "210327"),
    Serving("张晓露", MARKET, "执法人员", "penalty licence inspection", "柳河片区", 410, "210355"),
    Serving("陈立", MARKET, "执法人员", "penalty", "柳河片区", -9, "210362"),
    Serving("周海", MARKET, "执法人员", "inspection", "柳河片区", 120, None, active=False),
    Serving("孙强", TRANSPORT, "路政执法人员", "penalty coercion inspection", "国省干线", 530, "220101"),
    Serving("何丽", TRANSPORT, "运政执法人员", "penalty licence levy", "全县", 12, "220102"),
    Serving("吴涛", TRANSPORT, "运政执法人员", "licence levy coercion", "全县", 288, "220103"),
    Serving("郑立秋", FARMING, "农业执法人员", "penalty inspection levy", "北部乡镇", 700, "230101"),
    Serving("冯刚", FARMING, "农业执法人员", "penalty inspection levy", "南部乡镇", 333, "230102"),
    Serving("韩小满", FARMING, "农业执法人员", "inspection", "南部乡镇", -40, "230103"),
    Serving("曹立冬", CITY, "城管执法人员", "penalty coercion", "中心城区", 480, "240101"),
    Serving("彭清明", CITY, "城管执法人员", "penalty coercion inspection", "中心城区", 55, "240102"),
    Serving("董小寒", CITY, "城管执法人员", "coercion inspection", "开发区", 250, "240103"),
    Serving("袁立夏", SAFETY, "安全生产执法人员", "penalty inspection", "全县", 365, "250101"),
    Serving("邓谷雨", SAFETY, "安全生产执法人员", "penalty inspection", "全县", 90, "250102"),
)


@dataclass(frozen=True)
class Account:
    """`officer`: the name of the officer this person is. Whoever only shows the pages needs no other than these."""

    name: str
    display_name: str
    roles: frozenset[Role]
    agency: str | None = None
    officer: str | None = None


def _one(name: str, display_name: str, *roles: Role, agency: str | None = None, officer: bool = False) -> Account:
    return Account(name, display_name, frozenset(roles), agency, display_name if officer else None)


ACCOUNTS: Sequence[Account] = (
    _one("wanglei", "王磊", Role.HANDLER, agency=MARKET, officer=True),
    _one("lijing", "李静", Role.HANDLER, agency=MARKET, officer=True),
    _one("demo", "宋清", Role.REVIEWER, agency=MARKET),
    _one("zhaolan", "赵岚", Role.HEAD, agency=MARKET),
    _one("qianyu", "钱玉", Role.ARCHIVIST, agency=MARKET),
    _one("baishuo", "白朔", Role.PUBLISHER, agency=MARKET),
    _one("sunqiang", "孙强", Role.HANDLER, agency=TRANSPORT, officer=True),
    _one("heli", "何丽", Role.HANDLER, agency=TRANSPORT, officer=True),
    _one("lufa", "陆法", Role.REVIEWER, agency=TRANSPORT),
    _one("gaoming", "高明", Role.HEAD, Role.ARCHIVIST, agency=TRANSPORT),
    _one("zhengliqiu", "郑立秋", Role.HANDLER, agency=FARMING, officer=True),
    _one("tianhe", "田禾", Role.REVIEWER, agency=FARMING),
    _one("linna", "林娜", Role.HEAD, Role.ARCHIVIST, agency=FARMING),
    _one("caolidong", "曹立冬", Role.HANDLER, agency=CITY, officer=True),
    _one("chengyan", "程言", Role.REVIEWER, agency=CITY),
    _one("luotian", "罗田", Role.HEAD, Role.ARCHIVIST, agency=CITY),
    _one("yuanlixia", "袁立夏", Role.HANDLER, agency=SAFETY, officer=True),
    _one("andi", "安笛", Role.REVIEWER, agency=SAFETY),
    _one("shenqi", "沈琦", Role.HEAD, agency=SAFETY),
    _one("sifa", "梁正", Role.JUSTICE_SUPERVISOR),
    _one("xitong", "许安", Role.SYSTEM_ADMINISTRATOR),
    _one("anquan", "范宁", Role.SECURITY_ADMINISTRATOR),
    _one("shenji", "江明", Role.AUDITOR),
)

HANDLERS = {MARKET: "wanglei", TRANSPORT: "sunqiang", FARMING: "zhengliqiu", CITY: "caolidong", SAFETY: "yuanlixia"}
HEADS = {MARKET: "zhaolan", TRANSPORT: "gaoming", FARMING: "linna", CITY: "luotian", SAFETY: "shenqi"}
ARCHIVISTS = HEADS | {MARKET: "qianyu"}
REVIEWERS = {MARKET: "demo", TRANSPORT: "lufa", FARMING: "tianhe", CITY: "chengyan", SAFETY: "andi"}
"""Who works on a case, who puts a list in force and decides, who closes a file, who reviews: names of accounts."""
