"""`liuhen-server`: found, run and check an archive. Exit codes: 0 well, 1 evidence does not hold or work failed, 2
wrong use.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from liuhen_files.notify import Notifier
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.note import check_name
from liuhen_server import __version__
from liuhen_server import config as configuration
from liuhen_server.config import Config, ConfigError
from liuhen_server.log import signed_state
from liuhen_server.log.signed_state import LogStopped
from liuhen_server.operations import process_log
from liuhen_server.operations.backup_copy import check_owner
from liuhen_server.operations.opening import Archive, found, opened

T = TypeVar("T")

LAZY = {
    "agency": "liuhen_server.registry.command:agency",
    "backup": "liuhen_server.operations.backup_command:backup",
    "calendar": "liuhen_server.deadlines.command:calendar",
    "remind": "liuhen_server.deadlines.command:remind",
    "restore": "liuhen_server.operations.backup_command:restore",
    "user": "liuhen_server.people.command:user",
    "policy": "liuhen_server.custody.command:policy",
    "proof": "liuhen_server.custody.command:proof",
    "publish": "liuhen_server.publicity.command:publish",
    "search": "liuhen_server.search.command:search",
}
"""Commands that other rooms bring, loaded only when they are called."""

DATA = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    envvar="LIUHEN_DATA",
    help="证据库目录 / the archive's folder (or LIUHEN_DATA)",
)
BACKUPS = Path("/var/backups/liuhen-archive")
"""Where the package's nightly backup goes."""

JSON = click.option("--json", "as_json", is_flag=True, help="机器可读 / one JSON object on standard output")


class Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *LAZY])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        where = LAZY.get(cmd_name)
        if where is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = where.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


class Failed(click.ClickException):
    """Exit 1: what was asked for was not done, and why."""

    exit_code = 1


def answers(command: Callable[..., T]) -> Callable[..., T]:
    """Errors of the rooms become sentences and exit codes; a traceback is a bug of ours."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> T:
        try:
            return command(*args, **kwargs)
        except (ConfigError, Malformed) as error:
            raise click.UsageError(str(error)) from error
        except (Refused, LogStopped) as error:
            raise Failed(str(error)) from error
        except SQLAlchemyError as error:
            raise Failed(f"数据库 / database: {type(error).__name__}: {str(error).splitlines()[0]}") from error
        except OSError as error:
            raise Failed(str(error)) from error

    return run


def with_archive(data: Path, work: Callable[[Archive], Awaitable[T]]) -> T:
    """Opens the archive in `data`, does the work, closes it."""

    async def run() -> T:
        async with (
            opened(configuration.load(data)) as archive,
            signed_state.stopping(archive.database, archive.chain.now),
        ):
            return await work(archive)

    return asyncio.run(run())


def show(as_json: bool, values: dict[str, object], text: str) -> None:
    click.echo(json.dumps(values, ensure_ascii=False) if as_json else text)


@click.group(cls=Lazy)
@click.version_option(__version__)
def main() -> None:
    """留痕证据库。 The archive: stores, orders and proves what the docks collected."""
    process_log.begin()
    logging.getLogger("alembic").setLevel(logging.WARNING)


@main.command()
@DATA
@click.option("--origin", required=True, help="日志名称，如 archive.example/log / the log's name, without a scheme")
@click.option(
    "--database",
    envvar="LIUHEN_DATABASE",
    help="数据库地址 / postgresql://… (default: SQLite in the folder). With a password: use LIUHEN_DATABASE",
)
@click.option("--witness", "witness_texts", multiple=True, metavar='"NAME VKEY URL"', help="见证方 / a witness; repeat")
@click.option("--quorum", type=int, help="须联署数 / how many witnesses must cosign (default: more than half)")
@click.option(
    "--server-name", "server_names", multiple=True, help="采集站访问的名称或地址 / DNS name or address; repeat"
)
@click.option(
    "--devices", default=str(configuration.DEVICES), show_default=True, help="采集站端口 / docks connect here"
)
@click.option(
    "--people", default=str(configuration.PEOPLE), show_default=True, help="浏览器端口 / browsers connect here"
)
@JSON
@answers
def init(
    data: Path,
    origin: str,
    database: str | None,
    witness_texts: tuple[str, ...],
    quorum: int | None,
    server_names: tuple[str, ...],
    devices: str,
    people: str,
    as_json: bool,
) -> None:
    """建立证据库。 Founds an archive in a new folder: keys, certificate authority, database, the log's first entry."""
    named = configuration.witnesses(_three_words(text) for text in witness_texts)
    config = Config(
        folder=data,
        origin=check_name(origin, "origin"),
        database=database,
        devices=configuration.Listen.parse(devices),
        people=configuration.Listen.parse(people),
        server_names=tuple(dict.fromkeys([*server_names, *configuration.SERVER_NAMES])),
        witnesses=named,
        quorum=len(named) // 2 + 1 if quorum is None and named else quorum or 0,
    )
    configuration.check_quorum(config.witnesses, config.quorum)
    check_owner(data, os.geteuid())
    key = asyncio.run(found(config))
    code = with_archive(data, _first_code)
    steps = [
        f"liuhen-witness log add --data … '{key}'   # 在每个见证方 / at each witness",
        f"liuhen-server serve --data {data}",
        f"liuhen-server dock add --data {data} dock-01 --agency …",
    ]
    text = (
        f"日志公钥 / log key:\n  {key}\n"
        "首个系统管理员的一次性代码（72 小时内一次有效，在 /first 页使用） / one-time code of the first system administrator "
        f"(once, within 72 hours, at the page /first):\n  {code}\n"
        "下一步 / next:\n" + "\n".join(f"  {step}" for step in steps)
    )
    show(as_json, {"log_key": str(key), "first_code": code, "data": str(data), "next": steps}, text)


async def _first_code(archive: Archive) -> str:
    from liuhen_server.people.first import give_first_code

    async with archive.database.write() as conn:
        return await give_first_code(conn, int(time.time()), secrets.token_bytes)


@main.command()
@DATA
@answers
def serve(data: Path) -> None:
    """运行证据库。 Serves docks and people and sequences the log, until SIGINT or SIGTERM."""
    from liuhen_server.serve import serve as run

    config = configuration.load(data)
    check_owner(data, os.geteuid())
    asyncio.run(run(config, click.echo, notifier=Notifier.from_environment()))


@main.group()
def dock() -> None:
    """采集站。 The docks that may write to this archive."""


@dock.command("add")
@DATA
@click.argument("name")
@click.option("--agency", required=True, help="执法主体 / the enforcing body it belongs to")
@JSON
@answers
def dock_add(data: Path, name: str, agency: str, as_json: bool) -> None:
    """一次性登记码。 Prints a code, good once and for a day, to be typed at the dock. For a known dock: a new card, a new
    key.
    """

    async def work(archive: Archive) -> str:
        async with archive.database.write() as conn:
            return await archive.registry.new_code(conn, name, agency)

    code = with_archive(data, work)
    text = f"登记码（24 小时内一次有效） / enrolment code (once, within 24 hours):\n{code}"
    show(as_json, {"dock": name, "agency": agency, "code": code, "hours": 24}, text)


@dock.command("list")
@DATA
@JSON
@answers
def dock_list(data: Path, as_json: bool) -> None:
    """所有采集站。 Every dock, revoked ones too."""
    from liuhen_server.operations.dock_overview import dock_overview

    rows = with_archive(data, lambda archive: dock_overview(archive.database))
    if as_json:
        click.echo(json.dumps({"docks": [row.as_json() for row in rows]}, ensure_ascii=False))
        return
    table = Table(
        "采集站 dock",
        "执法主体 agency",
        "状态 state",
        "条目 entries",
        "最近 last statement",
        "证书至 certificate until",
    )
    for row in rows:
        table.add_row(row.name, row.agency, row.state, str(row.entries), row.last_time or "-", row.not_after or "-")
    Console().print(table)


@dock.command("revoke")
@DATA
@click.argument("name")
@click.option("--reason", required=True, help="理由，永久留存 / why; it stays in the log for ever")
@JSON
@answers
def dock_revoke(data: Path, name: str, reason: str, as_json: bool) -> None:
    """吊销。 From now on nothing more is taken from this dock; what it stated so far stays."""

    async def work(archive: Archive) -> int:
        async with archive.database.write() as conn:
            return await archive.registry.revoke(conn, name, reason)

    index = with_archive(data, work)
    show(as_json, {"dock": name, "index": index}, f"已吊销 / revoked: {name}, 日志条目 / log entry {index}")


@main.command()
@DATA
@click.option(
    "--bytes",
    "with_bytes",
    is_flag=True,
    help="逐一重读原始文件和案卷文书 / also re-read every stored clip and document",
)
@JSON
@answers
def verify(data: Path, with_bytes: bool, as_json: bool) -> None:
    """核验全库。 Checks database, tiles, bundles, checkpoint, cosignatures, chains, clips and documents."""
    from liuhen_server.operations.verify import verify_archive

    report = with_archive(data, lambda archive: verify_archive(archive, with_bytes=with_bytes))
    show(as_json, report.as_json(), report.text())
    if not report.holds:
        sys.exit(1)


@main.command()
@DATA
@JSON
@answers
def resume(data: Path, as_json: bool) -> None:
    """解除停止。 Lets a stopped log go on once its cause is repaired: verifies everything first, then asks the witnesses
    again.
    """
    from liuhen_server.operations.verify import resume_log

    report = with_archive(data, resume_log)
    show(as_json, report.as_json(), report.text())
    if not report.holds:
        sys.exit(1)


@main.command()
@DATA
@JSON
@answers
def scrub(data: Path, as_json: bool) -> None:
    """重读存储。 Re-reads every stored clip from the disk and names those whose bytes are no longer what was stored."""
    from liuhen_server.operations.scrub import scrub_store

    def tell(done: int, total: int) -> None:
        if not as_json and sys.stderr.isatty():
            click.echo(f"\r{done}/{total}", nl=False, err=True)

    report = with_archive(data, lambda archive: scrub_store(archive, tell))
    show(as_json, report.as_json(), report.text())
    if not report.holds:
        sys.exit(1)


@main.command()
@DATA
@click.option(
    "--backups",
    type=click.Path(path_type=Path),
    default=BACKUPS,
    show_default=True,
    envvar="LIUHEN_BACKUP",
    help="备份目录 / the folder that backups go to (or LIUHEN_BACKUP)",
)
@JSON
@answers
def doctor(data: Path, backups: Path, as_json: bool) -> None:
    """自检。 Looks for what will go wrong: keys, space, certificate, backups, witnesses, a stopped log, waiting entries."""
    from liuhen_server.doctor import examine

    findings = with_archive(data, lambda archive: examine(archive, backups))
    well = all(finding.well for finding in findings)
    values: dict[str, object] = {"well": well, "findings": [finding.as_json() for finding in findings]}
    show(as_json, values, "\n".join(finding.line() for finding in findings))
    if not well:
        sys.exit(1)


def _three_words(text: str) -> tuple[str, str, str]:
    words = text.split()
    if len(words) != 3:
        raise ConfigError(f'--witness 须为 "名称 公钥 网址" / must be "NAME VKEY URL", not {text!r}')
    return words[0], words[1], words[2]
