"""The table at the end, for people. Chinese first."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from house.hil.ledger import Account, Row, spread, total

COLUMNS = ("插入\nplugged", "采集\ncollected", "入库\nstored", "清空\ncleared", "丢失\nlost", "重复\nduplicated")


def show(account: Account, console: Console) -> None:
    table = Table(title="仿真台账 / Emulated dock", title_justify="left")
    table.add_column("场景\nscene")
    table.add_column("记录仪\nrecorders", justify="right")
    for heading in COLUMNS:
        table.add_column(heading, justify="right")
    for row in account.rows:
        _add(table, row)
    table.add_section()
    _add(table, total(account.rows))
    console.print(table)
    for check in account.checks:
        mark = "[green]●[/green]" if check.holds else "[red]■[/red]"
        console.print(f"{mark} {escape(check.what)}{': ' + escape(check.how) if check.how else ''}", soft_wrap=True)
    console.print(f"断电 power cuts {account.cuts} · 突然拔出 yanks {account.yanks} · 种子 seed {account.seed}")
    for title, seconds in (
        ("从插入事件到识别 from event to identified", account.identified),
        ("启动 boot", account.boots),
    ):
        if seconds:
            found = spread(seconds)
            console.print(
                f"{title}: 最短 least {found['least']:.1f} s · 中位 median {found['median']:.1f} s · 最长 most {found['most']:.1f} s"
                f" ({len(seconds)})"
            )
    for why in account.hangs:
        console.print(
            f"▲ 虚拟机停顿，重启后重演 the guest hung; the scene was played again: {escape(why)}", soft_wrap=True
        )
    if account.broke:
        console.print(f"[red]■[/red] {escape(account.broke)}", soft_wrap=True)
    said = "● 全部成立 / all of it held" if account.holds else "■ 有未成立之处 / not all of it held"
    console.print(f"[bold]{said}[/bold]")


def _add(table: Table, row: Row) -> None:
    mark = "[green]●[/green]" if row.holds else "[red]■[/red]"
    numbers = (row.plugged, row.collected, row.stored, f"{row.cleared}/{row.to_clear}", row.lost, row.duplicated)
    table.add_row(f"{mark} {row.scene}", str(row.recorders), *map(str, numbers))
