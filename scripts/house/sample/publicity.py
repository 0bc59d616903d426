"""What the market regulators of the sample county have made public, each by three people, and what still is in their hands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import select

from house.sample import people
from liuhen_server.acts import Acts
from liuhen_server.decisions.schema import decisions
from liuhen_server.operations.opening import Archive
from liuhen_server.people.accounts import Person
from liuhen_server.publicity.content import Content, Sheet, read_content
from liuhen_server.publicity.fill import content_of_decision, content_of_officers, decided
from liuhen_server.publicity.items import Version, collect, confirm, publish, review, save
from liuhen_server.publicity.kinds import KINDS
from liuhen_server.publicity.masking import Choice

__all__ = ["bring_publicity"]

PUBLISHER = "baishuo"
_ITEMS = (
    (
        "1",
        "行政处罚",
        "对销售超过保质期食品的处罚",
        "《食品安全法》第一百二十四条",
        "执法大队",
        "食品经营者",
        "90 日",
        "",
        "",
    ),
    ("2", "行政许可", "食品经营许可", "《食品安全法》第三十五条", "登记许可科", "食品经营者", "20 个工作日", "", ""),
    ("3", "行政检查", "食品经营监督检查", "《食品安全法》第一百一十条", "各市场监管所", "食品经营者", "当日", "", ""),
)
_SUPERVISED = (("1", "食品经营", "食品经营者", "现场检查、抽样检验", "《食品安全法》第一百一十条", "日常监管", ""),)
_CHART = "立案\n调查取证（两名以上执法人员）\n法制审核\n告知与陈述申辩\n作出决定\n七日内送达\n执行\n归档"


async def bring_publicity(archive: Archive, acts: Acts, persons: dict[str, Person], day: date) -> None:
    """All decisions but the newest are public, the newest waits for its review; lists, a chart and the officers are public."""
    room = _Room(archive, acts, persons, day)
    async with archive.database.read() as conn:
        query = select(decisions.c.id, decisions.c.dated).where(decisions.c.agency == people.MARKET)
        made = (await conn.execute(query.order_by(decisions.c.dated, decisions.c.id))).all()
    for row in made:
        version = await room.decision(row.id)
        if row is not made[-1]:
            await room.public(version, min(day, date.fromisoformat(row.dated) + timedelta(days=4)))
    for kind, rows in (("item-list", _ITEMS), ("supervision-list", _SUPERVISED)):
        sheet = Sheet("", KINDS[kind].columns, rows)
        await room.public(await room.collected(kind, "", Content(kind, KINDS[kind].name.zh, {}, (sheet,))))
    chart = Content("flow-chart", "行政处罚流程图", {}, (), _CHART)
    await room.public(await room.collected("flow-chart", "行政处罚流程图", chart))
    async with archive.database.read() as conn:
        officers = await content_of_officers(conn, people.MARKET)
    await room.public(await room.collected("officers", "", officers))


class _Room:
    """Who collects, reviews and publishes in the sample county."""

    def __init__(self, archive: Archive, acts: Acts, persons: dict[str, Person], day: date) -> None:
        self._archive, self._acts, self._day = archive, acts, day
        self._collector = persons[people.ARCHIVISTS[people.MARKET]]
        self._reviewer = persons[people.HEADS[people.MARKET]]
        self._publisher, self._justice = persons[PUBLISHER], persons["sifa"]

    async def decision(self, decision_id: int) -> Version:
        async with self._archive.database.read() as conn:
            found = await decided(conn, decision_id)
            assert found is not None
            content = await content_of_decision(conn, found)
        return await self.collected(found.kind, found.about, content)

    async def collected(self, kind: str, about: str, content: Content) -> Version:
        return await collect(self._acts, self._collector, people.MARKET, kind, about, content)

    async def public(self, version: Version, day: date | None = None) -> None:
        """What was found is masked; lists of items are confirmed by the justice department."""
        acts, choices = self._acts, {each.key: Choice.MASK for each in version.found}
        raw = read_content(version.raw or version.content)
        version = await save(acts, self._collector, version.id, version.edit, raw, choices)
        if KINDS[version.kind].confirmed_by is not None:
            await confirm(acts, self._justice, version.id, version.edit, "朝县司函〔2026〕8号（样例）")
            version = replace(version, edit=version.edit + 1)
        await review(acts, self._reviewer, version.id, version.edit)
        await publish(acts, self._publisher, version.id, version.edit + 1, day or self._day)
