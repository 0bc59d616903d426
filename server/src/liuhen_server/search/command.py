"""`liuhen-server search …`: the index by which things are found."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from liuhen_server.command import DATA, JSON, answers, show, with_archive
from liuhen_server.operations.opening import Archive
from liuhen_server.search.indexer import Indexer


@click.group()
def search() -> None:
    """检索。 The index by which clips, stays and cases are found."""


@search.command("rebuild")
@DATA
@JSON
@answers
def rebuild(data: Path, as_json: bool) -> None:
    """重建索引。 Empties the index and fills it again from the log and the database; the archive may run meanwhile."""

    def tell(done: int) -> None:
        if not as_json and sys.stderr.isatty():
            click.echo(f"\r{done}", nl=False, err=True)

    async def work(archive: Archive) -> int:
        return await Indexer(archive.database).rebuild(tell)

    done = with_archive(data, work)
    show(as_json, {"documents": done}, f"已建立索引 / indexed: {done}")
