"""`liuhen-server agency …`: the enforcing bodies, from the archive's own machine."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from liuhen_server.acts import MACHINE, Acts
from liuhen_server.command import DATA, JSON, Failed, answers, show, with_archive
from liuhen_server.operations.opening import Archive
from liuhen_server.registry.agencies import Agency, every_agency
from liuhen_server.registry.changes import keep_agency
from liuhen_server.registry.fields import Mistakes

_WRONG = {
    "agency_code": "代码须为 2 至 32 个小写字母、数字或连字符 / 2 to 32 of a-z 0-9 -",
    "case_word": "案号字头须为 2 至 16 个汉字 / 2 to 16 Chinese characters",
    "credit_code": "统一社会信用代码须为 18 位 / 18 characters",
    "taken": "已被其他执法主体使用 / another agency has it",
}


@click.group()
def agency() -> None:
    """执法主体。 The enforcing bodies that docks, officers and people belong to."""


@agency.command("add")
@DATA
@click.argument("code")
@click.option("--name", required=True, help="全称 / full name")
@click.option("--short", help="简称 / short name (default: the name's first 16 characters)")
@click.option("--case-word", required=True, help="案号字头，如 朝县市监 / how its case numbers begin")
@click.option("--credit-code", help="统一社会信用代码 / unified social credit code")
@JSON
@answers
def add(
    data: Path, code: str, name: str, short: str | None, case_word: str, credit_code: str | None, as_json: bool
) -> None:
    """新执法主体。 Docks that were enrolled under this code or name belong to it from now on."""
    given = Agency(code, name, short or name[:16], case_word, credit_code)

    async def work(archive: Archive) -> Agency:
        acts = Acts(archive.database, archive.chain, archive.chain.now, secrets.token_bytes)
        async with acts.of(MACHINE) as act:
            return await keep_agency(act, given)

    try:
        kept = with_archive(data, work)
    except Mistakes as error:
        raise Failed("; ".join(f"{field}: {_WRONG.get(key, key)}" for field, key in error.fields.items())) from error
    show(as_json, asdict(kept), f"{kept.code}: {kept.name}")


@agency.command("list")
@DATA
@JSON
@answers
def list_(data: Path, as_json: bool) -> None:
    """所有执法主体。 Every agency, also those that no longer enforce."""

    async def work(archive: Archive) -> list[Agency]:
        async with archive.database.read() as conn:
            return await every_agency(conn)

    found = with_archive(data, work)
    if as_json:
        show(True, {"agencies": [asdict(each) for each in found]}, "")
        return
    table = Table("代码 code", "名称 name", "案号字头 case word", "状态 state")
    for each in found:
        table.add_row(each.code, each.name, each.case_word, "执法中 active" if each.active else "已停用 inactive")
    Console().print(table)
