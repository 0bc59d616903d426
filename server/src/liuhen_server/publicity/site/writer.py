"""Writes the whole site from one moment of the database, agency by agency, row by row: memory does not grow with what is public.

Nothing that was edited beside the log gets out: each version's content is held against the digest that `publicity.published` has.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import date

from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from liuhen_protocol.dsse import Envelope
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.publicity_events import PublicityPublished
from liuhen_protocol.statement import read_statement
from liuhen_server.acts import acts_stated, said
from liuhen_server.database import Connection
from liuhen_server.database.schema import checkpoints, entries
from liuhen_server.publicity.content import Content, digest_of_content, read_content
from liuhen_server.publicity.kinds import FORMS, KINDS, Shape
from liuhen_server.publicity.schema import public_items, public_versions
from liuhen_server.publicity.site.folder import SiteFolder
from liuhen_server.publicity.site.index import SearchIndex
from liuhen_server.publicity.site.pages import (
    Agency,
    Entry,
    Public,
    Site,
    assets,
    entry_of,
    feed,
    item_json,
    item_page,
    item_path,
    page,
    sitemaps,
)
from liuhen_server.publicity.site.sheets import SheetPair
from liuhen_server.registry.schema import agencies, agency_mergers

__all__ = ["NotSigned", "as_of", "write_site"]

LINES = 100  # of one page of a list
NEWEST = 50
_BATCH = 500
_EXTRA = {
    "version": "版本",
    "published_day": "公示日期",
    "item": "公示编号",
    "log_index": "日志条目",
    "sha256": "内容校验值",
}


class NotSigned(Exception):
    """What was published last lies under no checkpoint yet."""


async def as_of(conn: Connection, name: str, address: str, origin: str) -> Site:
    """The moment that a site of now shows: the last act on what is public, and the first checkpoint that it lies under. The same
    acts give the same site, whenever it is written. Raises NotSigned.
    """
    kinds = ("publicity.published", "publicity.withdrawn", "agency.merged")
    last = (await conn.execute(select(func.max(acts_stated.c.log_index)).where(acts_stated.c.kind.in_(kinds)))).scalar()
    query = select(checkpoints).where(checkpoints.c.size > (0 if last is None else last))
    signed = (await conn.execute(query.order_by(checkpoints.c.size).limit(1))).one_or_none()
    if signed is None:
        raise NotSigned
    at = 0 if last is None else last
    time = (await conn.execute(select(entries.c.time).where(entries.c.log_index == at))).scalar_one()
    return Site(name, address, origin, last, time, signed.size, signed.root)


async def write_site(conn: Connection, folder: SiteFolder, site: Site, today: date) -> int:
    """Every file of the site; returns how many items are public on it. Raises Refused("edited") for a version whose content is not
    what was published, naming it: nothing of the site is put in place then.
    """
    for path, data in assets().items():
        folder.write(path, data)
    whole = _Whole(folder, site, SearchIndex(folder, await _count(conn, today)))
    rows = (await conn.execute(select(agencies).order_by(agencies.c.code))).all()
    merged = await _merged(conn)
    for agency in [
        Agency(row.code, row.name, row.credit_code or "", merged.get(row.code, "")).checked() for row in rows
    ]:
        part = _OfAgency(whole, agency)
        async for row in _public(conn, agency.code, today):
            part.add(row)
        part.end()
    await whole.withdrawn(conn)
    whole.end()
    return whole.index.items


def _shown(today: date) -> ColumnElement[bool]:
    until = public_versions.c.public_until
    return (public_versions.c.state == "published") & or_(until.is_(None), until >= today.isoformat())


async def _merged(conn: Connection) -> dict[str, str]:
    """Agencies that were merged: what their page says of it."""
    query = (
        select(agency_mergers.c.agency, agency_mergers.c.day, agencies.c.name)
        .join(agencies, agencies.c.code == agency_mergers.c.into)
        .where(agency_mergers.c.heir.is_not(None))
    )
    return {row.agency: f"已于 {row.day} 并入{row.name}" for row in await conn.execute(query)}


async def _count(conn: Connection, today: date) -> int:
    return int(
        (await conn.execute(select(func.count()).select_from(public_versions).where(_shown(today)))).scalar_one()
    )


async def _public(conn: Connection, agency: str, today: date) -> AsyncIterator[Public]:
    """The agency's versions that are public, the newest decision first. Raises Refused("edited")."""
    version, item = public_versions.c, public_items.c
    query: Select[tuple[object, ...]] = (
        select(
            version.item_id,
            version.version,
            item.kind,
            version.content,
            version.sha256,
            version.published_day,
            version.published_time,
            version.public_until,
            version.log_index,
            entries.c.envelope,
        )
        .join(public_items, item.id == version.item_id)
        .outerjoin(entries, entries.c.log_index == version.log_index)
        .where(item.agency == agency, _shown(today))
        .order_by(version.published_day.desc(), version.item_id.desc())
        .execution_options(yield_per=_BATCH)
    )
    async with conn.stream(query) as rows:
        async for row in rows:
            values = {name: getattr(row, name) for name in Public.__dataclass_fields__}
            public = Public(**values)
            _check(public, agency, row.envelope)
            yield public


def _check(row: Public, agency: str, envelope: bytes | None) -> None:
    event = None
    with suppress(Malformed):
        event = None if envelope is None else read_statement(Envelope.parse(bytes(envelope)).payload).event
    stated = event if isinstance(event, PublicityPublished) else None
    said_so = stated is not None and (
        stated.item,
        stated.version,
        stated.agency,
        stated.kind,
        stated.day,
        stated.until,
    ) == (
        f"item-{row.item_id}",
        row.version,
        agency,
        row.kind,
        row.published_day,
        row.public_until,
    )
    if stated is None or not said_so or not digest_of_content(row.content) == row.sha256 == stated.sha256:
        raise Refused(
            "edited",
            f"item-{row.item_id} 第 {row.version} 版与日志中公示的不一致，没有写出网站 / "
            f"version {row.version} is not what the log says was published; no site was written",
        )


class _Whole:
    """What all agencies have in common. Entries kept in memory: the newest, and the lists of the whole county."""

    def __init__(self, folder: SiteFolder, site: Site, index: SearchIndex) -> None:
        self.folder, self.site, self.index = folder, site, index
        self.newest: list[Entry] = []
        self.agencies: list[dict[str, object]] = []
        self.together: dict[str, list[dict[str, object]]] = {"item-list": [], "officers": []}
        self.paths: list[str] = []
        self.gone = 0

    def page(self, path: str, name: str, title: str, **values: object) -> None:
        self.folder.write(path, page(name, path.count("/"), self.site, title, **values))
        if self.site.address:
            self.paths.append(path)

    def keep_newest(self, entry: Entry) -> None:
        self.newest.append(entry)
        if len(self.newest) >= 2 * NEWEST:
            self._cut()

    def _cut(self) -> None:
        self.newest = sorted(self.newest, key=lambda each: (each.time, each.path), reverse=True)[:NEWEST]

    async def withdrawn(self, conn: Connection) -> None:
        """Items whose last version was withdrawn: that they were, and why."""
        version, item = public_versions.c, public_items.c
        later = public_versions.alias()
        newer = exists().where(
            later.c.item_id == version.item_id,
            later.c.version > version.version,
            later.c.state.in_(("published", "superseded", "withdrawn")),
        )
        query: Select[tuple[object, ...]] = (
            select(public_versions, item.kind, agencies.c.name, agencies.c.code, agencies.c.credit_code, said.c.text)
            .join(public_items, item.id == version.item_id)
            .join(agencies, agencies.c.code == item.agency)
            .outerjoin(said, said.c.id == version.reason)
            .where(version.state == "withdrawn", ~newer)
            .order_by(version.withdrawn_day.desc(), version.item_id.desc())
            .execution_options(yield_per=_BATCH)
        )
        lines = []
        async with conn.stream(query) as rows:
            async for row in rows:
                agency = Agency(row.code, row.name, row.credit_code or "").checked()
                path = f"{item_path(row.item_id)}.html"
                title = read_content(row.content).title
                reason = row.text or "理由文字已按规定处置"
                self.page(path, "gone.html", title, agency=agency, row=row, day=row.withdrawn_day, reason=reason)
                line = {"path": path, "title": title, "agency": row.name, "day": row.withdrawn_day, "reason": reason}
                lines.append(line)
        self.gone = len(lines)
        self.page("withdrawn.html", "withdrawn.html", "撤回说明", rows=lines)

    def end(self) -> None:
        self._cut()
        sheet = None
        if officers := self.together["officers"]:
            sheet = "data/officers"
            pair = SheetPair(self.folder, sheet, KINDS["officers"].columns)
            for part in officers:
                for row in _rows_of(part):
                    pair.add(row)
            pair.end()
        lead = "由县司法行政部门统一公示各执法主体的行政执法事项清单。"
        self.page(
            "item-lists.html",
            "together.html",
            "行政执法事项清单",
            lead=lead,
            sheet=None,
            parts=self.together["item-list"],
        )
        lead = "由县司法行政部门统一公示各执法主体的行政执法人员基本信息。"
        self.page("officers.html", "together.html", "行政执法人员", lead=lead, sheet=sheet, parts=officers)
        self.page("how-to-check.html", "check.html", "如何核验本站")
        self.page("index.html", "index.html", "首页", agencies=self.agencies, newest=self.newest[:20], gone=self.gone)
        self.index.end()
        self.folder.write("feed.xml", feed(self.site, self.newest))
        for path, data in sitemaps(self.site.address, self.paths).items():
            self.folder.write(path, data)


def _rows_of(part: dict[str, object]) -> Iterator[tuple[str, ...]]:
    rows = part["rows"]
    assert isinstance(rows, tuple)
    yield from rows


class _OfAgency:
    """One agency's pages, lists and sheets."""

    def __init__(self, whole: _Whole, agency: Agency) -> None:
        self._whole, self._agency = whole, agency
        self._lists: dict[str, _List] = {}
        self._sheets: dict[str, SheetPair] = {}
        self._kinds: dict[str, list[Entry]] = {}
        self._count = 0

    def add(self, row: Public) -> None:
        content, whole = read_content(row.content), self._whole
        entry, path = entry_of(row, content, self._agency), item_path(row.item_id)
        whole.folder.write(f"{path}.html", item_page(whole.site, self._agency, row, content))
        whole.folder.write(f"{path}.json", item_json(whole.site, self._agency, row))
        if whole.site.address:
            whole.paths.append(f"{path}.html")
        whole.keep_newest(entry)
        line = content.fields.get("violation") or entry.kinds or KINDS[row.kind].name.zh
        found_by = (content.title, entry.party, line, self._agency.name)
        whole.index.add(
            found_by,
            (entry.path, content.title, "，".join(filter(None, (entry.party, line))), entry.day, self._agency.name),
        )
        self._count += 1
        if KINDS[row.kind].shape == Shape.RECORD:
            self._lists.setdefault(content.form, _List(whole, self._agency, content.form)).add(entry)
            self._sheet(row, content).add([*content.fields.values(), str(row.version), row.published_day, *_extra(row)])
            return
        self._kinds.setdefault(row.kind, []).append(entry)
        # the county's tables say who enforces now; what an agency that was merged had is on its own page
        if row.kind in whole.together and content.sheets and not self._agency.merged:
            sheet = content.sheets[0]
            part = {"agency": self._agency.name, "path": entry.path, "title": entry.title, "version": entry.version}
            whole.together[row.kind].append(part | {"day": entry.day, "columns": sheet.columns, "rows": sheet.rows})

    def _sheet(self, row: Public, content: Content) -> SheetPair:
        form = FORMS[content.form]
        year = content.fields.get(form.day, "")[:4]
        year = year if year.isascii() and year.isdigit() else row.published_day[:4]
        path = f"data/{self._agency.code}-{form.key}-{year}"
        if path not in self._sheets:
            columns = [*form.fields.values(), *_EXTRA.values()]
            self._sheets[path] = SheetPair(self._whole.folder, path, columns)
        return self._sheets[path]

    def end(self) -> None:
        lists, sheets = [], []
        for form, each in sorted(self._lists.items(), key=lambda one: list(FORMS).index(one[0])):
            each.end()
            lists.append({"path": f"{form}-1.html", "name": FORMS[form].name.zh, "count": each.count})
        for path, pair in sorted(self._sheets.items()):
            pair.end()
            _, form, year = path.rsplit("-", 2)
            sheets.append({"path": path, "name": f"{year} 年{FORMS[form].name.zh}"})
        code = self._agency.code
        self._whole.agencies.append(
            {"code": code, "name": self._agency.name, "count": self._count, "merged": self._agency.merged}
        )
        kinds = [(KINDS[kind].name.zh, self._kinds[kind]) for kind in KINDS if kind in self._kinds]
        about = {"agency": self._agency, "lists": lists, "kinds": kinds, "sheets": sheets}
        self._whole.page(f"agency/{code}/index.html", "agency.html", self._agency.name, **about)


def _extra(row: Public) -> tuple[str, str, str]:
    return f"item-{row.item_id}", str(row.log_index), row.sha256


class _List:
    """The agency's list of one form, the newest first, a hundred to a page."""

    def __init__(self, whole: _Whole, agency: Agency, form: str) -> None:
        self._whole, self._agency, self._form = whole, agency, form
        self._lines: list[Entry] = []
        self._page = 1
        self.count = 0

    def add(self, entry: Entry) -> None:
        if len(self._lines) == LINES:
            self._write(last=False)
        self._lines.append(entry)
        self.count += 1

    def end(self) -> None:
        self._write(last=True)

    def _write(self, *, last: bool) -> None:
        self._whole.page(
            f"agency/{self._agency.code}/{self._form}-{self._page}.html",
            "list.html",
            f"{self._agency.name} {FORMS[self._form].name.zh}",
            agency=self._agency,
            rows=self._lines,
            newer=f"{self._form}-{self._page - 1}.html" if self._page > 1 else "",
            older="" if last else f"{self._form}-{self._page + 1}.html",
        )
        self._lines, self._page = [], self._page + 1
