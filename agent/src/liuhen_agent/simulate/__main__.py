"""`python -m liuhen_agent.simulate serial | card`: simulated recorders for a dock that watches emulated ports."""

from __future__ import annotations

import signal
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import click

from liuhen_agent.simulate.footage import make_card
from liuhen_agent.simulate.images import SMALLEST, Kind, Table, build_image
from liuhen_agent.simulate.serial_recorder import Character, SerialRecorder


@click.group()
def main() -> None:
    """模拟执法记录仪。Simulated recorders: nothing here touches real hardware."""


@main.command()
@click.option("--port", type=click.Path(path_type=Path), required=True, help="folder that stands for the USB port")
@click.option("--disk", type=click.Path(path_type=Path, exists=True), help="image that appears after disk mode")
@click.option("--serial", default=Character.serial, show_default=True)
@click.option("--officer", default=Character.officer, show_default=True)
@click.option("--password-file", type=click.Path(path_type=Path, exists=True), help="default: six zeros")
@click.option("--clock-offset", type=float, default=0.0, help="seconds the recorder's clock is ahead")
@click.option("--clock-starts", type=click.DateTime(), help="a flat battery: the clock began here")
@click.option("--garbage", is_flag=True, help="noise between answers")
@click.option("--reenumerate-seconds", type=float, default=2.5, show_default=True)
def serial(
    port: Path,
    disk: Path | None,
    serial: str,
    officer: str,
    password_file: Path | None,
    clock_offset: float,
    clock_starts: datetime | None,
    garbage: bool,
    reenumerate_seconds: float,
) -> None:
    """A recorder with the P-BC line protocol. Runs until it is stopped; then it is pulled."""
    character = Character(
        serial=serial,
        officer=officer,
        password=password_file.read_text().strip() if password_file else Character.password,
        clock_offset=timedelta(seconds=clock_offset),
        clock_starts=clock_starts,
        garbage=garbage,
        reenumerate_seconds=reenumerate_seconds,
    )
    # blocked, and taken where they are waited for: a handler that sets an Event may find its lock held by the wait it interrupted
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with SerialRecorder(port, disk, character) as recorder:
        click.echo(f"已插入 plugged in: {port / 'tty'}")
        while signal.sigtimedwait(ends, 0.2) is None:
            if recorder.in_disk_mode.is_set():
                click.echo(f"磁盘模式 disk mode: {recorder.disk_in_port}")
                signal.sigwait(ends)
                break
    click.echo("已拔出 pulled")


@main.command()
@click.argument("image", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(sorted(SMALLEST)), default="fat32", show_default=True)
@click.option("--table", type=click.Choice(["none", "mbr", "gpt"]), default="none", show_default=True)
@click.option("--serial", default=Character.serial, show_default=True)
@click.option("--officer", default=Character.officer, show_default=True)
@click.option("--clips", type=click.IntRange(1, 500), default=4, show_default=True)
def card(image: Path, kind: Kind, table: Table, serial: str, officer: str, clips: int) -> None:
    """Builds IMAGE, the card of a recorder with real footage. Put it into a port's folder to plug it in."""
    begins = (datetime.now() - timedelta(hours=8)).replace(microsecond=0)
    with tempfile.TemporaryDirectory(dir=image.absolute().parent) as folder:
        files = make_card(Path(folder), serial=serial, officer=officer, begins=begins, clips=clips)
        if kind == "ntfs":
            raise click.UsageError("NTFS cards can only be built flat, from tests")
        build_image(image, files, kind=kind, label=serial[:11], table=table)
    click.echo(f"{image}: {kind}, {len(files)} files")


if __name__ == "__main__":
    sys.exit(main())
