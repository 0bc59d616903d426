"""`liuhen-server calendar …` and `liuhen-server remind`: notices of days off, and reminders, from the archive's own machine."""

from __future__ import annotations

import secrets
import sys
from datetime import date
from pathlib import Path

import aiohttp
import click

from liuhen_server.acts import MACHINE, Acts
from liuhen_server.cases.calendar import CHINA, announced
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.sheets import read_rows
from liuhen_server.command import DATA, JSON, Failed, answers, show, with_archive
from liuhen_server.config import ConfigError
from liuhen_server.deadlines.notice import Judged, Notice, calendar_with, check_number, check_year, judge, read_table
from liuhen_server.deadlines.notices import Loaded, every_notice, load_notice
from liuhen_server.deadlines.reminder import Outcome, Reminder, messages_today
from liuhen_server.deadlines.wording import sentence
from liuhen_server.operations.opening import Archive


@click.group()
def calendar() -> None:
    """工作日日历。 The yearly notices by which working days are counted."""


@calendar.command("load")
@DATA
@click.argument("year")
@click.argument("sheet", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--number", required=True, help="通知文号，如 国办发明电〔2025〕7号 / the notice's number")
@click.option("--dry-run", is_flag=True, help="只试算，不生效 / say what it would change; load nothing")
@JSON
@answers
def load(data: Path, year: str, sheet: Path, number: str, dry_run: bool, as_json: bool) -> None:
    """载入一年的通知。 SHEET (xlsx, CSV): the day, then 休 (off) or 班 (worked)."""
    try:
        with sheet.open("rb") as file:
            rows = [row.cells for row in read_rows(file)]
        notice = read_table(check_year(year), check_number(number), rows)
        judged, loaded = with_archive(data, lambda archive: _load(archive, notice, dry_run))
    except Wrong as wrong:
        raise Failed(str(wrong.said)) from wrong
    values: dict[str, object] = {
        "year": notice.year,
        "number": notice.number,
        "days": {str(day): worked for day, worked in notice.days},
        "working_days": judged.working_days,
        "known_before": judged.known,
        "changes": {str(day): worked for day, worked in judged.against},
        "doubts": [str(each) for each in judged.doubts],
        "version": None if loaded is None else loaded.version,
    }
    show(as_json, values, "\n".join(_told(judged, loaded)))


def _told(judged: Judged, loaded: Loaded | None) -> list[str]:
    told = [f"{judged.notice.year}: {len(judged.notice.days)} 天 days, {judged.working_days} 个工作日 working days"]
    told += [f"  {day} {'班 worked' if worked else '休 off'}（与现行不同 differs）" for day, worked in judged.against]
    told += [f"▲ {each}" for each in judged.doubts]
    told.append("试算，未生效 / dry run: nothing loaded" if loaded is None else f"已生效 / in force: {loaded.version}")
    return told


async def _load(archive: Archive, notice: Notice, dry_run: bool) -> tuple[Judged, Loaded | None]:
    async with archive.database.read() as conn:
        held = await every_notice(conn)
    judged = judge(notice, calendar_with(each.notice for each in held).says)
    if dry_run:
        return judged, None
    acts = Acts(archive.database, archive.chain, archive.chain.now, secrets.token_bytes)
    version = next((each.version for each in held if each.notice.year == notice.year), 0)
    return judged, await load_notice(acts, MACHINE, notice, version)


@calendar.command("list")
@DATA
@JSON
@answers
def list_(data: Path, as_json: bool) -> None:
    """各年依据。 What each year is counted by: a loaded notice, what the programme carries, or Monday to Friday."""

    async def work(archive: Archive) -> tuple[tuple[Loaded, ...], date]:
        async with archive.database.read() as conn:
            return await every_notice(conn), archive.chain.now().date()

    found, today = with_archive(data, work)
    loaded = {each.notice.year: each for each in found}
    years = sorted({*range(today.year - 1, today.year + 3), *loaded})
    rows = [(year, *_source(year, loaded.get(year))) for year in years]
    values: dict[str, object] = {
        "years": [{"year": year, "source": source, "number": number} for year, source, number in rows]
    }
    show(
        as_json,
        values,
        "\n".join(f"{year}  {_SOURCES[source]}  {number or ''}".rstrip() for year, source, number in rows),
    )


_SOURCES = {
    "loaded": "已载入通知 loaded",
    "carried": "程序自带 carried",
    "unknown": "▲ 暂定，周一至周五 provisional, Monday to Friday",
}


def _source(year: int, loaded: Loaded | None) -> tuple[str, str | None]:
    if loaded is not None:
        return "loaded", loaded.notice.number
    return ("unknown" if announced(date(year, 7, 1)) is None else "carried"), None


@click.command()
@DATA
@click.option("--dry-run", is_flag=True, help="只列出，不发送 / say who would be told of how much; send nothing")
@JSON
@answers
def remind(data: Path, dry_run: bool, as_json: bool) -> None:
    """发送提醒。 Sends what of today's reminders is not out yet, whatever the hour. `serve` does the same by itself."""

    async def work(archive: Archive) -> list[Outcome]:
        settings = archive.config.reminders
        if settings is None:
            raise ConfigError("config.toml 中没有 [reminders] / there is no [reminders] in config.toml")
        day = archive.chain.now().astimezone(CHINA).date()
        if dry_run:
            async with archive.database.read() as conn:
                messages, _ = await messages_today(conn, settings, day)
            return [Outcome(each, "") for each in messages]
        async with aiohttp.ClientSession() as session:
            return await Reminder(archive.database, settings, session, archive.chain.now).send()

    try:
        done = with_archive(data, work)
    except ValueError as error:
        raise Failed(str(error)) from error
    word = "试算 dry run" if dry_run else "已发送 sent"
    lines = [f"{each.message.to}: {sentence(each.message)} ({each.why or word})".replace("\n", " ") for each in done]
    values: dict[str, object] = {
        "dry_run": dry_run,
        "messages": [
            {
                "to": each.message.to,
                "overdue": each.message.overdue,
                "last_day": each.message.last_day,
                "soon": each.message.soon,
                "failed": each.why or None,
            }
            for each in done
        ],
    }
    show(as_json, values, "\n".join(lines) or "没有要发送的提醒 / nothing to send")
    if any(each.why for each in done):
        sys.exit(1)
