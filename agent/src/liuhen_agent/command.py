"""`liuhen-agent`: enroll, bays, run, collect, status, kiosk, alarms, policy, doctor. Leaves with 0 (well), 1 (work failed), 2 (wrong use)."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from liuhen_agent import __version__, config, decisions, doctor
from liuhen_agent.bay import State
from liuhen_agent.bays import bays
from liuhen_agent.detect import Bay
from liuhen_agent.dock import JOURNAL, Dock, Show, Wishes
from liuhen_agent.exits import check_owner, said_and_left, until_told
from liuhen_agent.identity.enrolment import enroll as enroll_dock
from liuhen_agent.journal import queries, read_only
from liuhen_agent.kiosk.command import kiosk
from liuhen_agent.plain_text import OneLine
from liuhen_agent.profiles_command import profiles
from liuhen_agent.progress import BayView, sentence, table
from liuhen_agent.status import alarm_line, look, status
from liuhen_files import durable, journald
from liuhen_files.notify import Notifier

log = logging.getLogger(__name__)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="liuhen-agent")
@click.option(
    "--data",
    "data_dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="LIUHEN_DOCK_DIR",
    default=Path("/var/lib/liuhen-dock"),
    show_default=True,
    help="采集站数据目录 The dock's folder.",
)
@click.option("-v", "--verbose", is_flag=True, help="详细日志 Say more on standard error.")
@click.pass_context
def main(context: click.Context, data_dir: Path, verbose: bool) -> None:
    """留痕采集站 The dock of Liuhen: takes footage off recorders and proves it."""
    said = journald.handler(OneLine, "%(levelname)s %(name)s: %(message)s")
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[said])
    context.obj = data_dir.resolve()


main.add_command(bays)
main.add_command(profiles)


@main.command()
@click.argument("url")
@click.option(
    "--code-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="含登记码的文件 File with the code.",
)
@click.option("--json", "as_json", is_flag=True, help="供程序读取 For programs.")
@click.pass_obj
def enroll(data_dir: Path, url: str, code_file: Path | None, as_json: bool) -> None:
    """登记到证据库 Enrol this dock with the archive at URL (https://HOST:PORT).

    登记码从标准输入、提示或 --code-file 读取，从不作为参数。 The one-time code is read from --code-file, a prompt or standard
    input, never from the command line, where others could see it.
    """
    with said_and_left():
        check_owner(data_dir)
    if code_file is not None:
        code = _code_in(code_file)
    elif sys.stdin.isatty():
        code = str(click.prompt("登记码 code", hide_input=True)).strip()
    else:
        code = sys.stdin.readline().strip()
    if not code:
        raise click.UsageError("没有登记码 no code was given")
    with said_and_left():
        durable.mkdirs(data_dir)
        identity = asyncio.run(enroll_dock(url, code, data_dir))
        if not (data_dir / config.FILE).exists():
            durable.write_new(data_dir / config.FILE, config.first_text().encode(), mode=0o640)
    if as_json:
        click.echo(json.dumps({"dock": identity.dock, "agency": identity.agency, "archive": identity.archive_url}))
    else:
        click.echo(f"已登记 Enrolled: {identity.dock} ({identity.agency}) → {identity.archive_url}")


@main.command()
@click.option(
    "--once-idle", is_flag=True, help="全部完成后退出 Leave when every bay is done and everything is receipted."
)
@click.option("--json", "as_json", is_flag=True, help="供程序读取：每次变化一行 For programs: one line per change.")
@click.pass_obj
def run(data_dir: Path, once_idle: bool, as_json: bool) -> None:
    """运行采集站 Run the dock until it is told to stop (SIGTERM, Ctrl-C)."""
    with said_and_left():
        settings = config.load(data_dir)
        if not settings.bays:
            raise config.ConfigError(f"{data_dir / config.FILE}: [[bay]]: 没有槽位 no bay is configured")
        ended = _work(data_dir, settings, once_idle=once_idle, as_json=as_json)
    _leave(data_dir, ended, as_json=as_json, judged=once_idle)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="供程序读取 For programs.")
@click.pass_obj
def collect(data_dir: Path, folder: Path, as_json: bool) -> None:
    """导入文件夹 Import a folder like a recorder: collect, upload, wait for every receipt. Nothing in it is changed."""
    with said_and_left():
        settings = config.load(data_dir)
        if not any(folder.iterdir()):
            raise click.UsageError(f"{folder}: 文件夹为空 the folder is empty")
        bay = Bay("import", "directory", folder.resolve())
        now = replace(settings, bays=(bay,), upload_hours=None)  # somebody waits for it
        ended = _work(data_dir, now, once_idle=True, as_json=as_json)
    _leave(data_dir, ended, as_json=as_json, judged=True)


@main.command()
@click.option(
    "--settle", metavar="CODE", help="报警已处理 Take this alarm down; asks for the reason, which stays in the log."
)
@click.option("--json", "as_json", is_flag=True, help="供程序读取 For programs.")
@click.pass_obj
def alarms(data_dir: Path, settle: str | None, as_json: bool) -> None:
    """列出报警，或以理由解除其一 List the alarms that stand, or settle one with a reason.

    解除前先停止采集站；理由从提示或标准输入读取，写入链条。 Stop the dock before settling. The reason is read from a prompt or standard input
    and said in the chain. What is not settled raises its alarm again.
    """
    with said_and_left():
        if settle is not None:
            check_owner(data_dir)
            asyncio.run(decisions.settle(data_dir, settle, _reason()))
        with read_only(data_dir / JOURNAL) as db:
            standing = queries.alarms(db)
    if as_json:
        click.echo(json.dumps([asdict(alarm) for alarm in standing], ensure_ascii=False))
        sys.exit(1 if standing and settle is None else 0)
    if settle is not None:
        click.echo(f"已解除 settled: {settle}")
    for alarm in standing:
        click.echo(alarm_line(alarm))
    if not standing:
        click.echo("没有报警 no alarm stands")
    sys.exit(1 if standing and settle is None else 0)


@main.group()
def policy() -> None:
    """见证策略 The policy: which witnesses must have cosigned the log. Never changed without a person here."""


@policy.command("show")
@click.option("--json", "as_json", is_flag=True, help="供程序读取 For programs.")
@click.pass_obj
def policy_show(data_dir: Path, as_json: bool) -> None:
    """显示现行策略与证据库所提供的策略 Show the policy in force and the one the archive offers, with the difference."""
    with said_and_left():
        found = decisions.policies(data_dir)
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False))
        return
    click.echo(f"# 现行 in force\n{found.in_force.rstrip()}")
    if found.offered is None:
        click.echo("# 没有待接受的策略 no policy is offered")
        return
    click.echo("# 所提供的与现行的差别 what is offered, against what is in force (- 删去 goes, + 新增 comes)")
    for line in found.difference():
        click.echo(line)
    click.echo(
        "# 与证据库管理员及见证方核对无误后 once compared with the archive's people and the witnesses: liuhen-agent policy accept"
    )


@policy.command("accept")
@click.pass_obj
def policy_accept(data_dir: Path) -> None:
    """接受所提供的策略 Put the offered policy in force; asks for the reason, which stays in the log. Stop the dock first."""
    with said_and_left():
        check_owner(data_dir)
        digest = asyncio.run(decisions.accept_policy(data_dir, _reason()))
    click.echo(f"已生效 in force: SHA-256 {digest}")


def _code_in(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise click.UsageError(f"{path}: 无法读取的登记码文件 no file with a code that can be read") from None


def _reason() -> str:
    return str(click.prompt("理由 reason", err=True)) if sys.stdin.isatty() else sys.stdin.readline()


@main.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="供程序读取 For programs.")
@click.pass_obj
def examine(data_dir: Path, as_json: bool) -> None:
    """检查采集站 Check folder, enrolment, keys, configuration, journal, tools and clock."""
    checks = doctor.examine(data_dir)
    if as_json:
        click.echo(json.dumps([asdict(check) for check in checks], ensure_ascii=False))
    else:
        for line in doctor.lines(checks):
            click.echo(line)
    sys.exit(0 if all(check.well for check in checks) else 1)


def _work(data_dir: Path, settings: config.Config, *, once_idle: bool, as_json: bool) -> list[BayView]:
    """Run the dock with what it shows on the terminal. SIGTERM and Ctrl-C stop it between two steps."""
    check_owner(data_dir)
    with _screen(as_json) as show:
        dock = Dock(data_dir, settings, Wishes(once_idle=once_idle, show=show, notifier=Notifier.from_environment()))
        ended = asyncio.run(until_told(dock.run(), stopped=list))
        show(ended)  # what stays on the screen is how it ended
        return ended


@contextmanager
def _screen(as_json: bool) -> Iterator[Show]:
    """A live table on a terminal; elsewhere a line for each change."""
    console = Console(stderr=as_json)
    if as_json or not console.is_terminal:
        said: dict[str, BayView] = {}

        def lines(views: Sequence[BayView]) -> None:
            for view in views:
                before = said.get(view.bay)
                if before is None or _matters(before) != _matters(view):
                    said[view.bay] = view
                    say(view)

        def say(view: BayView) -> None:
            if as_json:
                click.echo(json.dumps(asdict(view), ensure_ascii=False))
            elif journald.is_journal(sys.stderr):  # so that it can be asked for by bay, recorder and stay
                with journald.about(bay=view.bay, recorder=view.recorder, session=view.session):
                    log.info("%s", sentence(view))
            else:
                click.echo(sentence(view))

        yield lines
        return
    with Live(console=console, refresh_per_second=2) as live:
        yield lambda views: live.update(table(views)) if views else None


def _matters(view: BayView) -> BayView:
    """The view without what changes every second."""
    return replace(view, read_bytes=0, rate=0, seconds_left=None, unsent=0)


def _leave(data_dir: Path, ended: list[BayView], *, as_json: bool, judged: bool) -> None:
    """Say how it ended. `judged`: a bay that is not ready, or an alarm, is a failure."""
    found = look(data_dir)
    if as_json:
        click.echo(replace(found, bays=ended).as_json())
    else:
        if not Console().is_terminal:  # there the table says it
            for view in ended:
                click.echo(sentence(view))
        click.echo(found.sentence())
    bad = [view for view in ended if view.state not in (State.READY, State.ABSENT, State.QUARANTINED)]
    stopped_early = judged and not ended
    sys.exit(1 if judged and (bad or found.alarms or stopped_early) else 0)


main.add_command(status)
main.add_command(kiosk)
