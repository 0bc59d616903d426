"""The pages of the site, from what is public: pure, one function a page, every text escaped by the templates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from liuhen_protocol.errors import Refused
from liuhen_protocol.moment import parse_time
from liuhen_server.cases.calendar import CHINA
from liuhen_server.publicity.content import Content
from liuhen_server.publicity.kinds import FORMS, KINDS

__all__ = [
    "Agency",
    "Entry",
    "Public",
    "Site",
    "assets",
    "feed",
    "item_json",
    "item_page",
    "item_path",
    "page",
    "sitemaps",
]

ASSETS = Path(__file__).parent / "assets"
SITEMAP_URLS = 40_000
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,31}\Z")


@dataclass(frozen=True, slots=True)
class Site:
    """What stands on every page. `as_of`: the last act that is shown; `size` and `root` of a checkpoint that it lies under.
    `address`: where the site will be, for feed and sitemap; empty: not known.
    """

    name: str
    address: str
    origin: str
    as_of: int | None
    as_of_time: str
    size: int
    root: str

    @property
    def moment(self) -> str:
        """`as_of_time` as it is read in China."""
        return f"{parse_time(self.as_of_time).astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


@dataclass(frozen=True, slots=True)
class Agency:
    code: str
    name: str
    credit_code: str
    merged: str = ""  # since when into whom, where it was merged

    def checked(self) -> Agency:
        """Raises Refused for a code that could not be a folder's name: somebody put it into the database."""
        if not _CODE.match(self.code):
            raise Refused("bad-agency", f"{self.code[:60]!r} is no agency's code")
        return self


@dataclass(frozen=True, slots=True)
class Public:
    """A version that is public, as the database has it."""

    item_id: int
    version: int
    kind: str
    content: str
    sha256: str
    published_day: str
    published_time: str
    public_until: str | None
    log_index: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a list that leads to an item."""

    path: str
    title: str
    day: str
    version: int
    agency: str
    party: str = ""
    kinds: str = ""
    time: str = ""


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("liuhen_server.publicity.site", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def assets() -> dict[str, bytes]:
    return {f"assets/{path.name}": path.read_bytes() for path in sorted(ASSETS.iterdir())}


def page(name: str, depth: int, site: Site, title: str, **values: Any) -> bytes:
    """`depth`: how many folders deep it lies."""
    return _template(name).render(site=site, up="../" * depth, title=title, **values).encode()


def item_path(item_id: int) -> str:
    """Without its ending; a thousand items to a folder."""
    return f"item/{item_id // 1000}/{item_id}"


def entry_of(row: Public, content: Content, agency: Agency) -> Entry:
    fields = content.fields
    form = FORMS.get(content.form)
    day = (fields.get(form.day) if form is not None else "") or row.published_day
    party, kinds = fields.get("party", ""), fields.get("kinds", "")
    path = f"{item_path(row.item_id)}.html"
    return Entry(path, content.title, day, row.version, agency.name, party, kinds, row.published_time)


def item_page(site: Site, agency: Agency, row: Public, content: Content) -> bytes:
    form = FORMS.get(content.form)
    named = [] if form is None else [(form.fields[key], value) for key, value in content.fields.items() if value]
    lines = [line.strip() for line in content.text.split("\n") if line.strip()]
    return page(
        "item.html",
        2,
        site,
        content.title,
        agency=agency,
        kind=KINDS[row.kind].name.zh,
        fields=named,
        sheets=content.sheets,
        steps=lines if row.kind == "flow-chart" else [],
        text=content.text,
        row=row,
    )


def item_json(site: Site, agency: Agency, row: Public) -> bytes:
    """`content` are the very bytes whose digest stands in the log."""
    about = {
        "item": f"item-{row.item_id}",
        "version": row.version,
        "kind": row.kind,
        "agency": agency.name,
        "agency_code": agency.credit_code,
        "published_day": row.published_day,
        "public_until": row.public_until,
        "log": site.origin,
        "log_index": row.log_index,
        "content_sha256": row.sha256,
    }
    return (json.dumps(about, ensure_ascii=False, indent=1)[:-2] + ',\n "content": ' + row.content + "\n}\n").encode()


def feed(site: Site, newest: Iterable[Entry]) -> bytes:
    """Atom (RFC 4287)."""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="zh-CN">',
        f"<title>{escape(site.name)}</title>",
        f"<id>urn:liuhen:{escape(quote(site.origin))}</id>",
        f"<updated>{site.as_of_time}</updated>",
        f'<link rel="self" href="{escape(site.address, {chr(34): "&quot;"})}feed.xml"/>',
    ]
    for each in newest:
        lines.append(
            f"<entry><title>{escape(each.title)}</title><id>urn:liuhen:{escape(quote(site.origin))}:{each.path}:{each.version}</id>"
            f"<updated>{each.time}</updated><author><name>{escape(each.agency)}</name></author>"
            f'<link href="{escape(site.address, {chr(34): "&quot;"})}{each.path}"/></entry>'
        )
    return "\n".join([*lines, "</feed>", ""]).encode()


def sitemaps(address: str, paths: Sequence[str]) -> Mapping[str, bytes]:
    """`sitemap.xml` and the parts it names; of a site whose address is not known there is none."""
    if not address:
        return {}
    where, files = escape(address), dict[str, bytes]()
    head, space = '<?xml version="1.0" encoding="utf-8"?>\n', "http://www.sitemaps.org/schemas/sitemap/0.9"
    for start in range(0, len(paths), SITEMAP_URLS):
        urls = "".join(f"<url><loc>{where}{path}</loc></url>\n" for path in paths[start : start + SITEMAP_URLS])
        files[f"sitemap-{start // SITEMAP_URLS + 1}.xml"] = (
            f'{head}<urlset xmlns="{space}">\n{urls}</urlset>\n'.encode()
        )
    named = "".join(f"<sitemap><loc>{where}{name}</loc></sitemap>\n" for name in files)
    return files | {"sitemap.xml": f'{head}<sitemapindex xmlns="{space}">\n{named}</sitemapindex>\n'.encode()}
