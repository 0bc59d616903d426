"""Private data in what is to be public: found by rules, each with its reason; a person decides about each.

Names of natural persons other than the party, home addresses, numbers of identity documents, telephones, bank cards and licence plates
are not published (行政执法公示制度; 个人信息保护法 art. 28). The rules suggest; they may find too much, and a person keeps what may stand.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from liuhen_server.cases.said import Said

__all__ = ["Choice", "Found", "Sort", "apply", "carried_over", "masked_name", "suggest", "undecided"]


class Sort(StrEnum):
    """What was found; of two that overlap the one that stands first here is taken."""

    ID_NUMBER = "id-number"
    NAME = "name"
    PLATE = "plate"
    PHONE = "phone"
    BANK_CARD = "bank-card"
    ADDRESS = "address"


class Choice(StrEnum):
    """What a person decided."""

    MASK = "mask"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Found:
    """`text` stands at `start` (counted in characters) of the place; `instead` is what would be public. `choice` None: undecided."""

    place: str
    start: int
    text: str
    sort: Sort
    reason: Said
    instead: str
    choice: Choice | None = None

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def key(self) -> str:
        return f"{self.place}:{self.start}:{self.sort.value}:{len(self.text)}"


_DIGITS = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789Xx")
_BETWEEN = r"[ \u3000\-–—]?"
_NO_DIGIT_BEFORE, _NO_DIGIT_AFTER = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_LONG = re.compile(_NO_DIGIT_BEFORE + rf"[0-9](?:{_BETWEEN}[0-9]){{13,18}}(?:{_BETWEEN}[Xx])?" + _NO_DIGIT_AFTER)
_MOBILE = re.compile(
    r"(?<![0-9])(?:\+?86" + _BETWEEN + r")?1[3-9]" + "".join(_BETWEEN + "[0-9]" for _ in range(9)) + r"(?![0-9])"
)
_LANDLINE = re.compile(r"(?<![0-9])(?:\(0[0-9]{2,3}\)|（0[0-9]{2,3}）|0[0-9]{2,3}[ \-–—]?)[1-9][0-9]{6,7}(?![0-9])")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-Z][·•\- ]?(?:[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳]|[A-HJ-NP-Z0-9]{6})"
    r"(?![A-Za-z0-9])"
)
_HOME = re.compile(
    r"(?:住址|家庭住址|家住|现住|户籍地址?|住所地?|居住于|居住地)(?:为|在|是|：|:)?\s*([^，。；,;\n]{4,60})"
)
_HAN = r"[\u4e00-\u9fff]"
_HOUSE = re.compile(
    rf"(?:{_HAN}{{1,8}}(?:省|市|县|区|镇|乡|街道))*{_HAN}{{1,10}}(?:路|街|巷|村|小区|花园|家园|胡同|大道|屯|里)"
    rf"(?:{_HAN}{{0,4}}[0-9０-９一二三四五六七八九十百]+{_HAN}?(?:号楼|号|栋|幢|座|楼|单元|室|户|组)\s?[-－]?)+(?:[0-9０-９]{{1,5}}室?)?"
)
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严"
    "覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝"
)
_DOUBLE = (
    "欧阳",
    "上官",
    "司马",
    "诸葛",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "令狐",
    "司徒",
    "夏侯",
    "东方",
    "端木",
    "轩辕",
)
_ROLE = re.compile(
    rf"(?:证人|邻居|投诉人|举报人|被害人|受害人|监护人|在场人|询问人|店员|员工|雇员|妻子|丈夫|配偶|儿子|女儿|父亲|母亲|同事|顾客|消费者|患者)[：:]?"
    rf"((?:{'|'.join(_DOUBLE)}|[{_SURNAMES}]){_HAN}{{1,2}}?)(?=[（(，。；、,;：:\s]|的|称|说|反映|证实|陈述|指认|在|于|与|和|及|系|为|到场|签字|$)"
)
_WEIGHTS, _CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"


def check_digit(first: str) -> str:
    """Of the first 17 digits of an identity number (GB 11643: ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(first, _WEIGHTS, strict=True)) % 11]


def masked_name(name: str) -> str:
    """张某某 of 张三丰, 张某 of 张三, 欧阳某 of 欧阳修."""
    surname = next((each for each in _DOUBLE if name.startswith(each) and len(name) > 2), name[:1])
    return surname + "某" * max(1, min(2, len(name) - len(surname)))


def suggest(texts: Iterable[tuple[str, str]], names: Collection[str], public: Collection[str]) -> tuple[Found, ...]:
    """What is found in pieces of text (place, text), in their order, nothing overlapping.

    `names`: natural persons that the case knows besides the party; `public`: what may stand as it is (the party's own name, the
    agency's telephone), taken out of what was found.
    """
    known = sorted({name.strip() for name in names if len(name.strip()) > 1} - set(public), key=len, reverse=True)
    may_stand = {each for each in public if each}
    found: list[Found] = []
    for place, text in texts:
        if text:
            every = _in_one(place, text, known)
            found += (each for each in every if each.text not in may_stand and each.text != each.instead)
    return tuple(found)


def apply(place: str, text: str, found: Iterable[Found]) -> str:
    """The text as it is public: what is to be masked, or was not decided yet, is replaced."""
    for each in sorted((one for one in found if one.place == place), key=lambda one: one.start, reverse=True):
        if each.choice is not Choice.KEEP and text[each.start : each.end] == each.text:
            text = text[: each.start] + each.instead + text[each.end :]
    return text


def carried_over(found: Iterable[Found], before: Iterable[Found]) -> tuple[Found, ...]:
    """What was found now, with what a person decided about the very same thing before."""
    decided: Mapping[tuple[str, str, Sort], Choice | None] = {
        (each.place, each.text, each.sort): each.choice for each in before
    }
    return tuple(replace(each, choice=decided.get((each.place, each.text, each.sort))) for each in found)


def undecided(found: Iterable[Found]) -> int:
    return sum(each.choice is None for each in found)


def _in_one(place: str, text: str, names: Iterable[str]) -> list[Found]:
    plain = text.translate(_DIGITS)
    assert len(plain) == len(text)
    order = list(Sort)
    every = [*_long_numbers(place, text, plain), *_names(place, text, names), *_others(place, text, plain)]
    taken: list[Found] = []
    for each in sorted(every, key=lambda one: (order.index(one.sort), one.start, -len(one.text))):
        if all(each.end <= other.start or other.end <= each.start for other in taken):
            taken.append(each)
    return sorted(taken, key=lambda one: one.start)


def _long_numbers(place: str, text: str, plain: str) -> Iterator[Found]:
    for match in _LONG.finditer(plain):
        digits = re.sub(r"[^0-9Xx]", "", match.group()).upper()
        own = text[match.start() : match.end()]
        if len(digits) == 18 and digits[:17].isdigit() and _born(digits[6:14]):
            right = check_digit(digits[:17]) == digits[17]
            reason = (
                Said("居民身份证号（校验码相符）", "identity number (its check digit is right)")
                if right
                else Said("形似居民身份证号（校验码不符，可能有笔误）", "like an identity number (mistyped, maybe)")
            )
            yield Found(place, match.start(), own, Sort.ID_NUMBER, reason, digits[:3] + "*" * 15)
        elif len(digits) == 15 and digits.isdigit() and _born("19" + digits[6:12]):
            reason = Said("形似 15 位身份证号", "like an identity number of 15 digits")
            yield Found(place, match.start(), own, Sort.ID_NUMBER, reason, digits[:3] + "*" * 12)
        elif 16 <= len(digits) <= 19 and digits.isdigit() and _luhn(digits):
            reason = Said("形似银行卡号（校验位相符）", "like a bank card (its check digit is right)")
            yield Found(place, match.start(), own, Sort.BANK_CARD, reason, "*" * 12 + digits[-4:])


def _names(place: str, text: str, names: Iterable[str]) -> Iterator[Found]:
    for name in names:
        reason = Said("案件中当事人以外的自然人姓名", "a natural person of the case, other than the party")
        for match in re.finditer(re.escape(name), text):
            yield Found(place, match.start(), name, Sort.NAME, reason, masked_name(name))
    for match in _ROLE.finditer(text):
        reason = Said("称谓后的姓名，可能是当事人以外的自然人", "a name behind a role: maybe a natural person")
        yield Found(place, match.start(1), match.group(1), Sort.NAME, reason, masked_name(match.group(1)))


def _others(place: str, text: str, plain: str) -> Iterator[Found]:
    for match in _PLATE.finditer(plain):
        own = text[match.start() : match.end()]
        yield Found(place, match.start(), own, Sort.PLATE, Said("车辆号牌", "licence plate"), own[:2] + "*****")
    for pattern, reason in (
        (_MOBILE, Said("手机号码", "mobile telephone")),
        (_LANDLINE, Said("固定电话号码", "telephone")),
    ):
        for match in pattern.finditer(plain):
            own = text[match.start() : match.end()]
            yield Found(place, match.start(), own, Sort.PHONE, reason, "*" * 11)
    for match in _HOME.finditer(text):
        reason = Said("“住址”等字样之后的地址", "an address behind a word such as 住址")
        yield Found(place, match.start(1), match.group(1), Sort.ADDRESS, reason, "××")
    for match in _HOUSE.finditer(text):
        reason = Said("详细到门牌的地址，可能是住址", "an address down to the house: maybe a home")
        yield Found(place, match.start(), match.group(), Sort.ADDRESS, reason, "××")


def _born(digits: str) -> bool:
    try:
        return 1900 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= 2100
    except ValueError:
        return False


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
