"""scripts/demo [--once] [--data FOLDER]: the story, the attacks, the report; then the page stays open (or, with --once, all is stopped)."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from house.county import County, CountyError
from house.demo.live_attacks import LIVE, ROLLED_BACK
from house.demo.offline_attacks import OFFLINE
from house.demo.recorders import ZONE
from house.demo.scene import DOCK, Attack, NotCaught, Scene, shortened
from house.demo.story import Told, tell
from house.sample.fill import GivenAccount, fill
from house.sample.people import AGENCIES
from liuhen_server.config import load
from liuhen_server.web.texts import TEXTS

console = Console(highlight=False)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/demo", description="留痕演示 / the main job of Liuhen, from recorder to verified proof"
    )
    parser.add_argument(
        "--once", action="store_true", help="核验、报告后退出 / verify, report and leave with 0 if all of it held"
    )
    parser.add_argument("--data", type=Path, help="数据目录 / a new folder for the data (default: a temporary one)")
    arguments = parser.parse_args()
    if arguments.data is not None and arguments.data.exists():
        parser.error(f"{arguments.data} 已存在 / exists already: give a new folder")
    with contextlib.ExitStack() as stack:
        folder = arguments.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="liuhen-demo-")))
        county = County(folder / "county")
        stack.callback(county.close)
        try:
            told = tell(county, folder, console)
            caught = play(told.scene, told)
        except (CountyError, NotCaught) as error:
            console.print(f"[red]■ 演示未成 / the demo failed:[/red] {error}", soft_wrap=True)
            return 1
        held = caught and told.holds
        console.print(
            f"\n[bold]{'● 全部成立 / all of it held' if held else '■ 有未成立之处 / not all of it held'}[/bold]"
        )
        if arguments.once or not held:
            return 0 if held else 1
        stay(county, told)
        return 0


def play(scene: Scene, told: Told) -> bool:
    """Plays every attack on copies. The county is stopped meanwhile, and as it was afterwards."""
    console.print("\n[bold]攻击（在数据副本上） / Attacks, on copies of the data[/bold]")
    scene.county.close()
    held = _each(OFFLINE, scene)
    copy = County(
        scene.copies / "live", None, scene.county.devices_port, scene.county.people_port, scene.county.witness_port
    )
    shutil.copytree(scene.county.folder, copy.folder)
    live = Scene(copy, scene.backup, scene.copies, scene.policy, scene.numbers)
    try:
        copy.start()
        held &= _each(LIVE, live)
    finally:
        copy.close()
    held &= _one(ROLLED_BACK, scene)
    untouched = all((scene.county.dock(DOCK) / "spool" / clip.sha256).exists() for clip in told.collected)
    held &= _said(untouched, "攻击期间没有清空任何内容 / nothing was cleared in any of them", "", "成立", "不成立")
    return held


def _each(attacks: Sequence[Attack], scene: Scene) -> bool:
    """Plays all of them, also when one goes through."""
    caught = [_one(attack, scene) for attack in attacks]
    return all(caught)


def _one(attack: Attack, scene: Scene) -> bool:
    try:
        with console.status(f"{attack.name} …"):
            how = attack.play(scene)
        return _said(True, attack.name, how)
    except (NotCaught, CountyError) as error:
        return _said(False, attack.name, str(error))


def _said(held: bool, what: str, how: str, yes: str = "已发现 caught:", no: str = "未发现 not caught:") -> bool:
    console.print(f"[green]● {yes}[/green] {what}" if held else f"[red]■ {no}[/red] {what}")
    if how:
        console.print(Padding(Text(shortened(how), style="dim"), (0, 0, 0, 4)))
    return held


def stay(county: County, told: Told) -> None:
    """The archive with a sample county and its pages, until somebody presses Ctrl-C."""
    county.start()
    console.print()
    with console.status("填入样例县的案件与音像 / a sample county moves in: agencies, cases, recordings"):
        config, day = load(county.archive), datetime.now(ZONE).date()
        given = asyncio.run(fill(config, county.devices_url, told.folder / "sample", day))
    console.print(_accounts(given))
    grid = Table.grid(padding=(0, 2))
    grid.add_row("网页 page", f"[bold]{county.people_url}[/bold]")
    grid.add_row("数据 data", escape(str(told.folder)))
    console.print(grid)
    console.print("首次登录须设置新密码 / the first sign-in asks for a password of one's own", style="dim")
    console.print("自签证书，浏览器会提示 / the certificate is the archive's own: the browser will ask", style="dim")
    console.print("按 Ctrl-C 结束 / Ctrl-C ends it")
    ended: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: ended.append(number))
    while (
        not ended
    ):  # an Event must not be set by a handler: it may come while the waiting thread holds the Event's lock
        time.sleep(0.2)


def _accounts(given: Sequence[GivenAccount]) -> Table:
    """Who may sign in. The passwords are shown here and kept nowhere."""
    short = {agency.code: agency.short for agency in AGENCIES}
    table = Table(title="样例县的账号 / Accounts of the sample county", title_justify="left", box=None, pad_edge=False)
    for heading in ("用户 user", "一次性密码 one-time password", "人员 who"):
        table.add_column(heading, overflow="fold")
    for each in given:
        account = each.account
        roles = "、".join(TEXTS[f"role.{role.value}"].zh for role in sorted(account.roles))
        who = "，".join(filter(None, (account.display_name, short.get(account.agency or ""), roles)))
        table.add_row(f"[bold]{account.name}[/bold]", each.one_time_password, who)
    return table


if __name__ == "__main__":
    sys.exit(main())
