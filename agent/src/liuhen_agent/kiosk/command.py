"""`liuhen-agent kiosk`: serves the officer's screen until it is told to stop."""

from __future__ import annotations

import asyncio
import ipaddress
from pathlib import Path

import click

from liuhen_agent import config
from liuhen_agent.exits import said_and_left, until_told
from liuhen_agent.kiosk.reading import Folder
from liuhen_agent.kiosk.server import serve


@click.command()
@click.option("--listen", default="127.0.0.1:8780", show_default=True, help="地址与端口 HOST:PORT; port 0: a free one.")
@click.option(
    "--allow-network",
    is_flag=True,
    help="允许其他机器打开 Also listen where other machines can open the page. It needs no password.",
)
@click.pass_obj
def kiosk(data_dir: Path, listen: str, allow_network: bool) -> None:
    """执法人员屏幕 The officer's screen: one page that shows every bay, live. Nothing on it can change anything."""
    host, port = _address(listen)
    if not allow_network and not _is_loopback(host):
        raise click.UsageError(
            f"{host}: 其他机器可打开此页 other machines could open this page; it listens on this machine alone unless --allow-network"
        )
    with said_and_left():
        settings = config.load(data_dir)
        work = serve(
            Folder(data_dir, settings.zone),
            settings.show_officers,
            host,
            port,
            open_to_all=allow_network,
            say=click.echo,
        )
        asyncio.run(until_told(work, lambda: None))


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise click.UsageError(f"{text}: 须写作 HOST:PORT, such as 127.0.0.1:8780")
    return host, int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
