"""`liuhen-agent bays`: which USB connector is which bay. `learn` writes it into `config.toml`, `list` shows what is in each."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from liuhen_agent import bays_file, config
from liuhen_agent.detect import Backend, Port, UsbDevice, emulated
from liuhen_agent.detect.gathering import Gathering
from liuhen_agent.detect.learning import Connector, pluggings, present
from liuhen_agent.detect.port_path import is_below
from liuhen_agent.detect.udev import Udev
from liuhen_agent.detect.udev_rules import bay_rules
from liuhen_agent.exits import said_and_left


@click.group()
def bays() -> None:
    """槽位 The bays: learn which USB connector is which, and see what is in them."""


@bays.command()
@click.option("--count", type=click.IntRange(1, 64), help="槽位数 How many bays to learn.")
@click.option("--name", help="只学这一个槽位（也可重学） Learn this bay only, anew if it is known.")
@click.option(
    "--twice", is_flag=True, help="每个接口插两次：USB 2 和 USB 3 设备各一 Plug in twice per bay: USB 2 and USB 3."
)
@click.option("--present", "as_present", is_flag=True, help="现在插着的即为各槽位 What is plugged in now are the bays.")
@click.option("--own", is_flag=True, help="现在插着的属于采集站自身 What is plugged in now belongs to the dock itself.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), help="总时限，秒 Give up after so many seconds."
)
@click.option("--rules", is_flag=True, help="只输出 udev 规则 Only print the udev rules of the bays there are.")
@click.option("--json", "as_json", is_flag=True, help="供程序读取 For programs.")
@click.pass_obj
@said_and_left()
def learn(
    data_dir: Path,
    count: int | None,
    name: str | None,
    twice: bool,
    as_present: bool,
    own: bool,
    timeout: float | None,
    rules: bool,
    as_json: bool,
) -> None:
    """学习槽位 Learn the bays: plug something into one connector after the other, in the order of their names.

    每学会一个即写入 config.toml；采集站下次启动时生效。 Each is written into config.toml as soon as it is known, and counts from
    the dock's next start.
    """
    if name is not None and count not in (None, 1):
        raise click.UsageError("--name 只学一个槽位 learns one bay, not --count")
    if name is not None and not config.BAY_NAME.fullmatch(name):
        raise click.UsageError(
            f"--name {name!r}: 至多 32 个字母、数字、点、连字符 at most 32 letters, digits, dots, hyphens"
        )
    if own and as_present:
        raise click.UsageError("--own 与 --present 只能选一 are opposites")
    settings = config.load(data_dir)
    if rules:
        click.echo(bay_rules(settings.bays), nl=False)
        return
    wanted = 1 if name is not None else count
    if wanted is None and not as_present and not own and not sys.stdin.isatty():
        raise click.UsageError("没有终端时须有 --count without a terminal --count is needed")
    say = Say(as_json)
    try:
        teaching = Teaching(data_dir, name, say)
        if as_present or own:
            asyncio.run(_from_present(teaching, own=own, most=wanted))
        if not as_present and (wanted is not None or not own):
            asyncio.run(_one_by_one(teaching, wanted, twice, timeout))
    except TimeoutError:
        raise OSError(
            f"{timeout:g} 秒内未学完 not all was plugged in within {timeout:g} s; 已学会的保留 what was learnt is kept"
        ) from None
    except KeyboardInterrupt:
        say("结束 ended; 已学会的保留 what was learnt is kept")


@bays.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="供程序读取 For programs.")
@click.pass_obj
@said_and_left()
def list_bays(data_dir: Path, as_json: bool) -> None:
    """列出槽位 Each bay, its ports, and what is in it now. Nothing is opened."""
    settings = config.load(data_dir)
    found = asyncio.run(_contents(settings))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in found], ensure_ascii=False))
        return
    for row in found:
        click.echo(f"槽位 bay {row.bay or '—'} ({row.backend}): {row.holds or '空 empty'}")
        for port in row.ports:
            click.echo(f"    {port}")
    if not settings.bays:
        click.echo("没有槽位 no bay is configured: liuhen-agent bays learn")


@dataclass(frozen=True)
class Say:
    """What is said while learning: on the terminal, or beside the JSON on standard error."""

    as_json: bool

    def __call__(self, text: str) -> None:
        click.echo(text, err=self.as_json)

    def learnt(self, name: str, connector: Connector) -> None:
        device = connector.device
        if self.as_json:
            fields = {"bay": name, "ports": connector.ports, "device": f"{device.vendor:04x}:{device.product:04x}"}
            click.echo(json.dumps(fields, ensure_ascii=False))
        else:
            click.echo(f"已学会 learnt: 槽位 bay {name} = {' + '.join(connector.ports)}")


class Teaching:
    """What is known of the bays, and the file it is written to."""

    def __init__(self, data_dir: Path, name: str | None, say: Say) -> None:
        self._data_dir = data_dir
        self._name = name
        self.say = say

    def next_name(self) -> str:
        """The bay that is asked for next: the one that was named, else the first free number."""
        taken = {bay.name for bay in config.load(self._data_dir).bays}
        return self._name or next(str(number) for number in range(1, 1000) if str(number) not in taken)

    def owner(self, connector: Connector) -> str | None:
        """Who has a port of this connector already."""
        settings = config.load(self._data_dir)
        for bay in settings.bays:
            if bay.name != self._name and set(bay.ports) & set(connector.ports):
                return f"槽位 bay {bay.name}"
        own = [port for port in connector.ports for mine in settings.own_ports if port == mine or is_below(port, mine)]
        return "采集站自身 the dock itself (own_ports)" if own else None

    def keep(self, name: str, connector: Connector) -> None:
        """Write it down."""
        bays_file.change(self._data_dir, lambda text: bays_file.with_bay(text, name, connector.ports))
        self.say.learnt(name, connector)

    def keep_own(self, ports: Sequence[str]) -> None:
        bays_file.change(self._data_dir, lambda text: bays_file.with_own_ports(text, ports))
        for port in ports:
            self.say(f"属于采集站自身 belongs to the dock itself: {port}")


async def _from_present(teaching: Teaching, *, own: bool, most: int | None) -> None:
    free = [connector for connector in await present(_udev()) if teaching.owner(connector) is None]
    if own:
        teaching.keep_own([port for connector in free for port in connector.ports])
        return
    for connector in free[:most]:
        teaching.keep(teaching.next_name(), connector)


async def _one_by_one(teaching: Teaching, wanted: int | None, twice: bool, timeout: float | None) -> None:  # noqa: ASYNC109
    async with asyncio.timeout(timeout), pluggings(_udev()) as coming:
        learnt = 0
        while wanted is None or learnt < wanted:
            name = teaching.next_name()
            more = "，Ctrl-C 结束 (Ctrl-C ends)" if wanted is None else ""
            teaching.say(f"把一台记录仪插入 {name} 号槽位 plug a recorder into bay {name}{more} …")
            connector = await _free(teaching, coming)
            if twice:
                teaching.say(f"同一接口再插一台 USB 3 设备 now a USB 3 device into the same connector, bay {name} …")
                connector = connector.joined(await _free(teaching, coming))
            teaching.keep(name, connector)
            learnt += 1


async def _free(teaching: Teaching, coming: AsyncIterator[Connector]) -> Connector:
    async for connector in coming:
        if (owner := teaching.owner(connector)) is None:
            return connector
        teaching.say(f"此接口已属于 that connector belongs to {owner}")
    raise OSError("udev 监视中断 listening to udev ended")


@dataclass(frozen=True)
class Row:
    """What `list` says of a bay; or, with `bay` None, of a device at a port that is none. `holds`: empty if nothing is there."""

    bay: str | None
    backend: Backend
    ports: tuple[str, ...]
    holds: str


async def _contents(settings: config.Config) -> list[Row]:
    usb = [bay for bay in settings.bays if bay.backend == "udev"]
    gathering = Gathering(usb, settings.own_ports)
    if usb:
        await _udev().refresh(gathering, None)
    refused, seen = list(gathering.refused().values()), gathering.seen()
    rows = []
    for bay in settings.bays:
        look = seen[bay.name] if bay.backend == "udev" else emulated.look(bay)
        holds = [each.detail for each in refused if each.bay == bay.name]
        if look is not None:
            holds.insert(0, _described(look.port))
        rows.append(Row(bay.name, bay.backend, bay.ports, "; ".join(holds)))
    rows += [Row(None, "udev", (each.where,), each.detail) for each in refused if each.bay is None]
    return rows


def _described(port: Port) -> str:
    """What is in a bay, in a line: the device's own words in quotation marks."""
    nodes = [str(node) for node in (port.disk, port.tty, port.directory) if node is not None]
    if port.usb is not None:
        nodes.insert(0, _device(port.usb))
    return " ".join(nodes)


def _device(usb: UsbDevice) -> str:
    said = " ".join(filter(None, (usb.manufacturer, usb.model, usb.serial)))
    return f"{usb.vendor:04x}:{usb.product:04x}" + (f" “{said}”" if said else "")


def _udev() -> Udev:
    return Udev()
