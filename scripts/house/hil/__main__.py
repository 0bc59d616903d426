"""scripts/hil [--only SCENE …] [--cuts N] [--yanks N] [--seed N] [--keep] [--json]: plays the scenes and leaves with 0 only if all of it held."""

from __future__ import annotations

import argparse
import contextlib
import json
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from house.county import County, CountyError, command
from house.hil import identified, install, report
from house.hil.bench import Bench
from house.hil.guest import Guest, GuestError, Say, make_key
from house.hil.image import BuildError, built, layer
from house.hil.ledger import Account, rows
from house.hil.machine import Machine, MachineDied
from house.hil.plan import make_plan
from house.hil.qmp import QmpError
from house.hil.recipe import Recipe
from house.hil.scenes import SCENES
from house.hil.usb import Ports
from liuhen_agent.simulate.images import build_image

COLD = ("cuts", "archive")  # scenes in which the system starts with the recorder in its bay, or without a dock
TROUBLE = (GuestError, MachineDied, QmpError, BuildError, CountyError)


def main() -> int:
    wishes = _wishes()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to end, it takes archive, witness and QEMU with it
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - began:6.0f} s] {line}", file=sys.stderr, flush=True)

    folder = Path(tempfile.mkdtemp(prefix="liuhen-hil-"))
    account = Account(wishes.seed)
    say(f"种子 seed: {wishes.seed} · 目录 folder: {folder}")
    try:
        _run(wishes, folder, account, say)
    except TROUBLE as error:
        account.broke = str(error)
        say(f"■ {error}")
    except KeyboardInterrupt:
        account.broke = "interrupted"
    if wishes.json:
        print(json.dumps(account.as_json(), ensure_ascii=False))
    else:
        report.show(account, Console())
    if wishes.keep or not account.holds:
        say(f"串口记录、虚拟机日志与数据 serial console, the guest's journal and all data: {folder}")
    else:
        shutil.rmtree(folder)
    return 0 if account.holds else 1


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/hil", description="仿真采集站 / the dock in an emulated machine with real USB, udev and systemd"
    )
    parser.add_argument(
        "--only", nargs="+", choices=list(SCENES), metavar="NAME", help=f"场景 scenes: {' '.join(SCENES)}"
    )
    parser.add_argument("--cuts", type=int, default=2, help="断电次数 how many power cuts (default: 2)")
    parser.add_argument("--yanks", type=int, default=3, help="突然拔出次数 how many yanks (default: 3)")
    parser.add_argument("--seed", type=int, default=None, help="随机时刻的种子 seed of the random moments (printed)")
    parser.add_argument("--keep", action="store_true", help="保留全部数据 keep all data")
    parser.add_argument("--json", action="store_true", help="供程序读取 for programs")
    wishes = parser.parse_args()
    if wishes.cuts < 0 or wishes.yanks < 0:
        parser.error("--cuts, --yanks: not below zero")
    if wishes.seed is None:
        wishes.seed = secrets.randbelow(1_000_000)
    return wishes


def _run(wishes: argparse.Namespace, folder: Path, account: Account, say: Say) -> None:
    names: Sequence[str] = wishes.only or list(SCENES)
    image = built(Recipe(), say)
    say("制作安装包 building the packages of this checkout")
    parts = ("dock", "archive", "witness") if "archive" in names else ("dock",)
    packages = install.build_packages(parts, folder / "packages")
    machine = Machine(image, layer(image, folder / "disk.qcow2"), folder, make_key(folder))
    guest = Guest(machine, folder)
    county = County(folder / "county", server_names=(install.HOST,))
    (folder / "recorders").mkdir()
    plan = make_plan(wishes.seed, yanks=wishes.yanks, cuts=wishes.cuts)
    bench = Bench(folder, county, guest, Ports(machine), plan, account, say, packages)
    try:
        county.make()
        county.start()
        machine.start()
        account.boots.append(guest.await_boot())
        say(f"虚拟机已启动 the guest is up: {account.boots[0]:.0f} s")
        blank = build_image(folder / "blank.img", [], label="BLANK")
        install.install_dock(guest, packages["dock"], county, bench.ports, blank, say)
        for name in names:
            seq = len(bench.view.look())
            with bench.timed(name):
                _play(bench, name)
            if name not in COLD:
                account.identified += identified.measured(bench, seq)
        _last_checks(bench)
    finally:
        _keep_journal(bench)
        machine.cut()
        bench.ports.forget()
        account.rows = rows(list(bench.accounted()), bench.view.collected(), bench.view.stored()) if bench.cards else []
        county.close()


def _play(bench: Bench, name: str) -> None:
    """One scene. When something in it does not happen, the run has failed, and the other scenes are still played."""
    try:
        SCENES[name](bench)
    except GuestError as error:
        bench.check(f"场景未演完 scene not played to its end: {name}", False, str(error))
        bench.say(bench.guest.journal("liuhen-dock.service"))
        bench.ports.pull_all()
        if not bench.guest.succeeds("true"):
            raise


def _last_checks(bench: Bench) -> None:
    """What must hold when every scene is over: units, watchdog, and the archive as a whole."""
    guest, account = bench.guest, bench.account
    failed = guest.run("systemctl --failed --no-legend --plain | cut -d' ' -f1").split()
    bench.check("虚拟机中没有失败的单元 no failed unit in the guest", not failed, " ".join(failed))
    barked = guest.run("journalctl --no-pager -q | grep -ciE 'watchdog timeout' || true").strip()
    bench.check("看门狗未触发 the watchdog did not bark", barked == "0", "" if barked == "0" else barked)
    verified = command("liuhen-server", "verify", "--data", bench.county.archive, "--json", allow=(0, 1))
    bench.check("核验证据库 archive verified (liuhen-server verify)", verified.returncode == 0)
    account.identified.sort()


def _keep_journal(bench: Bench) -> None:
    """The guest's journal beside the serial console, while it still answers."""
    if bench.guest.machine.running:
        with contextlib.suppress(GuestError):
            (bench.folder / "journal.txt").write_text(
                bench.guest.run("journalctl --no-pager -o short-precise", allow=None)
            )


if __name__ == "__main__":
    sys.exit(main())
