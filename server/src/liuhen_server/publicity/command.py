"""`liuhen-server publish`: writes the public site into a folder, ready to be put on the government's portal."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import click

from liuhen_server.acts import MACHINE, Acts
from liuhen_server.command import DATA, JSON, Failed, answers, show, with_archive
from liuhen_server.operations.opening import Archive
from liuhen_server.publicity.site.release import LONGEST_WAIT_S, NotProven, Release, Where, release
from liuhen_server.web.context import CHINA

NAME = "行政执法公示"


@click.command()
@DATA
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", default=NAME, show_default=True, help="网站名称 / what the site is called")
@click.option(
    "--address",
    default="",
    metavar="URL",
    help="网站的地址，用于订阅和站点地图 / where it will be read, for feed and sitemap",
)
@JSON
@answers
def publish(data: Path, folder: Path, name: str, address: str, as_json: bool) -> None:
    """写出公示网站。 Writes everything that is public as a static site into DIR, whose old site it replaces when it is whole, and
    states its manifest in the log. Needs the archive to be serving, for the log to be signed.
    """
    if not name.isprintable() or not 0 < len(name) <= 60:
        raise click.UsageError("网站名称应为 1 到 60 个字 / a site's name has 1 to 60 characters")
    if address and (not address.startswith(("https://", "http://")) or not address.isprintable() or " " in address):
        raise click.UsageError("地址应以 https:// 开头 / an address begins with https://")
    where = Where(folder.absolute(), name, address if not address or address.endswith("/") else f"{address}/")

    async def work(archive: Archive) -> Release:
        acts = Acts(archive.database, archive.chain, archive.chain.now, secrets.token_bytes)
        today = archive.chain.now().astimezone(CHINA).date()
        return await release(
            archive.database, archive.reader, acts, MACHINE, archive.config.origin, where, today, _Patience()
        )

    try:
        done = with_archive(data, work)
    except NotProven as error:
        raise Failed(
            "日志没有新的检查点：请先启动证据库（serve）再发布，原网站未改动 / the log was not signed: start the archive (serve) "
            "and publish again; the old site is as it was"
        ) from error
    values: dict[str, object] = {"folder": str(where.folder), "index": done.index, "manifest": done.sha256}
    values |= {"files": done.files, "items": done.items}
    text = (
        f"已写出 {done.items} 项、{done.files} 个文件，日志条目 {done.index} / "
        f"{done.items} items in {done.files} files, log entry {done.index}: {where.folder}"
    )
    show(as_json, values, text)


class _Patience:
    """Waits half a second at a time, a minute altogether."""

    def __init__(self) -> None:
        self._left = LONGEST_WAIT_S * 2

    async def __call__(self) -> None:
        if not self._left:
            raise NotProven
        self._left -= 1
        await asyncio.sleep(0.5)
