"""The cases of the sample county: which course each follows since when, and what is wrong with it. Parties and places are invented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from house.sample.courses import Film, Paper
from house.sample.people import CITY, FARMING, MARKET, SAFETY, TRANSPORT
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.reading import Party


@dataclass(frozen=True)
class SampleCase:
    """`opened`: so many days before the day that is handed in. `until`: the stage in which it stays (None: it goes its course).
    `without`: documents and rows of the list that are missing; `loose`: rows whose recording was made and is linked to nothing.
    `more`: what else happened, in days after it was opened; `excused`: why a row or a document is not there.
    """

    agency: str
    enforcement: str
    serial: int
    title: str
    handlers: tuple[str, str]
    opened: int
    place: str
    party: Party
    until: Stage | None = None
    without: frozenset[str] = frozenset()
    loose: frozenset[str] = frozenset()
    more: Sequence[tuple[Stage, Paper | Film]] = ()
    excused: Sequence[tuple[str, str]] = ()
    note: str = ""


def _shop(name: str, representative: str) -> Party:
    return Party("organisation", name, "", representative)


def _person(name: str) -> Party:
    return Party("person", name)


def _no(*what: str) -> frozenset[str]:
    return frozenset(what)


_WL, _LJ, _ZX, _CL = "王磊", "李静", "张晓露", "陈立"
_SQ, _HL, _WT = "孙强", "何丽", "吴涛"
_ZQ, _FG = "郑立秋", "冯刚"
_CD, _PQ, _DX = "曹立冬", "彭清明", "董小寒"
_YX, _DG = "袁立夏", "邓谷雨"
_INV, _REV, _EXE = Stage.INVESTIGATION, Stage.REVIEW, Stage.EXECUTION

CASES: Sequence[SampleCase] = (
    SampleCase(MARKET, "penalty", 61, "样例食品商行涉嫌经营超过保质期的食品案", (_WL, _LJ), 0, "城关街道样例路 12 号",
        _shop("样例食品商行", "甲某"), without=_no("filing")),
    SampleCase(MARKET, "penalty", 58, "样例百货店涉嫌销售侵犯注册商标专用权的商品案", (_WL, _LJ), 9, "城关街道示例巷 3 号",
        _shop("样例百货店", "乙某"), without=_no("evidence"), loose=_no("1.1", "1.3"),
        note="当事人承认货架上三盒商品无进货票据，见第二段"),
    SampleCase(MARKET, "penalty", 52, "样例机电经营部涉嫌销售不符合强制性标准的电线案", (_ZX, _CL), 33, "柳河镇示例街 8 号",
        _shop("样例机电经营部", "丙某"), until=_INV, without=_no("interview", "report", "1.3", "1.2"), more=(
            (_INV, Paper("keeping", 16)), (_INV, Paper("seizure", 5, ("10:40", "11:30")))),
        note="封条编号 0412 至 0415，镜头中可以辨认"),
    SampleCase(MARKET, "penalty", 47, "样例药房涉嫌未按规定销售处方药案", (_LJ, _ZX), 88, "城关街道样例路 40 号",
        _shop("样例药房有限公司", "丁某"), until=_REV, without=_no("legal-opinion", "statement"), more=(
            (_REV, Paper("hearing-notice", 85)),)),
    SampleCase(MARKET, "penalty", 39, "样例加油站涉嫌使用超期未检的加油机案", (_WL, _ZX), 99, "国道示例段 21 公里",
        _shop("样例加油站", "戊某"), until=_REV, without=_no("1.3", "notice")),
    SampleCase(MARKET, "licence", 33, "样例餐厅食品经营许可申请", (_LJ, _ZX), 4, "城关街道示例广场 2 层",
        _shop("样例餐厅", "己某"), until=Stage.INITIATION, without=_no("acceptance")),
    SampleCase(MARKET, "licence", 30, "样例面包坊食品生产许可申请", (_LJ, _ZX), 15, "柳河镇样例工业园 6 号",
        _shop("样例面包坊", "庚某"), until=_REV),
    SampleCase(MARKET, "inspection", 74, "示例小学食堂春季食品安全检查", (_LJ, _ZX), 34, "城关街道示例小学",
        _shop("示例小学食堂", "辛某"), without=_no("5.2"),
        excused=(("5.2", "当日无可抽样品，已在笔录中写明"),)),
    SampleCase(MARKET, "penalty", 21, "样例副食店涉嫌经营标签不合格的食品案", (_WL, _LJ), 120, "城关街道样例路 77 号",
        _shop("样例副食店", "壬某")),

    SampleCase(TRANSPORT, "licence", 18, "样例物流公司道路货物运输经营许可申请", (_HL, _WT), 8, "示例物流园 1 号",
        _shop("样例物流有限公司", "甲某"), loose=_no("3.1")),
    SampleCase(TRANSPORT, "licence", 12, "样例客运公司班线经营许可申请", (_HL, _WT), 31, "县客运站",
        _shop("样例客运有限公司", "乙某")),
    SampleCase(TRANSPORT, "licence", 16, "样例出租车公司车辆经营许可申请", (_HL, _WT), 17, "县城示例停车场",
        _shop("样例出租汽车公司", "辛某")),
    SampleCase(TRANSPORT, "licence", 15, "样例驾校教练场地备案许可", (_HL, _WT), 20, "示例开发区南路",
        _shop("样例驾校", "丙某"), without=_no("3.1"), until=Stage.SERVICE),
    SampleCase(TRANSPORT, "licence", 14, "样例维修厂经营许可申请", (_HL, _WT), 28, "国道示例段 9 公里",
        _shop("样例汽车维修厂", "丁某"), until=Stage.ARCHIVING, without=_no("3.1")),
    SampleCase(TRANSPORT, "coercion", 9, "扣押涉嫌非法改装货车", (_SQ, _WT), 36, "省道示例段 33 公里",
        _person("戊某"), until=_EXE, without=_no("release", "2.1"), loose=_no("2.1")),
    SampleCase(TRANSPORT, "levy", 3, "防汛抢险征用运输车辆", (_HL, _WT), 5, "示例物流园",
        _shop("样例运输队", "己某"), until=Stage.INVESTIGATION),
    SampleCase(TRANSPORT, "penalty", 27, "未取得许可擅自从事道路货物运输案", (_SQ, _HL), 36, "省道示例段 12 公里",
        _person("庚某"), until=Stage.DECISION),

    SampleCase(FARMING, "inspection", 40, "示例镇农资门店秋季检查", (_ZQ, _FG), 0, "示例镇农资市场",
        _shop("样例农资店", "甲某")),
    SampleCase(FARMING, "inspection", 38, "样例种子站种子质量监督检查", (_ZQ, _FG), 3, "示例镇种子站",
        _shop("样例种子站", "乙某"), without=_no("5.2"), loose=_no("5.1")),
    SampleCase(FARMING, "inspection", 35, "样例养殖场动物防疫检查", (_ZQ, _FG), 6, "北部乡样例村",
        _shop("样例养殖场", "丙某"), until=Stage.DECISION),
    SampleCase(FARMING, "penalty", 16, "样例饲料店涉嫌经营无产品标签的饲料案", (_ZQ, _FG), 45, "南部乡示例街",
        _shop("样例饲料店", "丁某"), until=Stage.EXECUTION, without=_no("1.5"),
        excused=(("1.5", "邮寄送达，无须现场录像，附邮件回执"),)),
    SampleCase(FARMING, "levy", 8, "示例灌区渠首用地征收", (_ZQ, _FG), 1, "北部乡示例渠首",
        _shop("样例村第三村民小组", "壬某")),
    SampleCase(FARMING, "levy", 7, "冷链仓储用地临时征用", (_ZQ, _FG), 27, "示例镇样例村",
        _shop("样例合作社", "癸某"), loose=_no("4.1")),
    SampleCase(FARMING, "levy", 6, "示例河堤加固征收林木", (_ZQ, _FG), 46, "南部乡示例河段",
        _shop("样例林场", "子某"), without=_no("compensation")),
    SampleCase(FARMING, "levy", 5, "灌渠改造征收集体土地附着物", (_ZQ, _FG), 24, "示例镇样例村",
        _shop("样例村村民委员会", "戊某")),
    SampleCase(FARMING, "levy", 4, "高标准农田建设临时征用土地", (_ZQ, _FG), 30, "南部乡样例村",
        _shop("样例村经济合作社", "己某"), until=Stage.SERVICE, without=_no("4.2", "service-receipt")),
    SampleCase(FARMING, "levy", 2, "水库除险加固征用附着物", (_ZQ, _FG), 54, "北部乡示例水库",
        _shop("样例村第二村民小组", "庚某"), without=_no("4.1"), until=Stage.ARCHIVING),
    SampleCase(FARMING, "levy", 1, "乡道拓宽征收青苗", (_ZQ, _FG), 90, "示例镇样例村",
        _shop("样例村第一村民小组", "辛某")),

    SampleCase(CITY, "coercion", 22, "拆除违法搭建的彩钢棚", (_CD, _DX), 0, "中心街道示例小区 5 号楼",
        _person("甲某")),
    SampleCase(CITY, "coercion", 21, "拆除占压燃气管线的违法建筑", (_CD, _DX), 2, "中心街道样例巷 9 号",
        _person("丑某")),
    SampleCase(CITY, "coercion", 20, "查封占用人行道经营的设施", (_CD, _PQ), 5, "中心街道样例路",
        _shop("样例烧烤店", "乙某"), until=_REV),
    SampleCase(CITY, "coercion", 19, "扣押流动摊贩经营工具", (_CD, _PQ), 7, "开发区示例广场",
        _person("丙某"), until=Stage.DECISION),
    SampleCase(CITY, "coercion", 17, "查封未办理审批的渣土消纳场", (_CD, _DX), 13, "开发区样例村",
        _shop("样例土方工程队", "丁某"), loose=_no("2.1")),
    SampleCase(CITY, "coercion", 18, "扣押违规运输渣土车辆", (_CD, _PQ), 8, "开发区示例路口",
        _shop("样例运输队", "寅某")),
    SampleCase(CITY, "coercion", 14, "拆除违法占用绿地的围墙", (_CD, _DX), 34, "中心街道示例公园",
        _person("卯某"), without=_no("2.1"), loose=_no("2.1")),
    SampleCase(CITY, "coercion", 11, "拆除违法设置的户外广告", (_CD, _DX), 70, "中心街道样例路 5 号",
        _shop("样例广告公司", "戊某"), without=_no("2.2"),
        excused=(("2.2", "当事人拒绝到场，留置送达时记录仪电量耗尽，由社区工作人员见证"),)),
    SampleCase(CITY, "penalty", 44, "未经核准处置建筑垃圾案", (_CD, _PQ), 57, "开发区样例工地",
        _shop("样例建筑公司", "己某"), until=Stage.ARCHIVING, without=_no("1.1")),
    SampleCase(CITY, "penalty", 49, "擅自占用城市道路案", (_CD, _PQ), 38, "中心街道示例路口",
        _person("庚某"), until=Stage.SERVICE, without=_no("service-receipt", "1.5", "publication")),

    SampleCase(SAFETY, "inspection", 12, "样例化工厂危险化学品储存专项检查", (_YX, _DG), 15, "示例开发区样例化工园",
        _shop("样例化工厂", "甲某"), without=_no("5.1", "5.2"),
        excused=(("5.1", "防爆区域禁止带入普通记录仪，改用文字记录"),)),
    SampleCase(SAFETY, "inspection", 8, "样例烟花爆竹零售点节前检查", (_YX, _DG), 60, "示例镇主街 1 号",
        _shop("样例烟花爆竹零售点", "乙某"), until=Stage.ARCHIVING, without=_no("5.1", "5.2")),
)  # fmt: skip
"""The newest first within each agency."""
