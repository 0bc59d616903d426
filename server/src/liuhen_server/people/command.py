"""`liuhen-server user …`: accounts of people. One-time passwords and tokens are printed once and kept nowhere."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from liuhen_server.acts import MACHINE, Acts
from liuhen_server.command import DATA, JSON, Failed, answers, show, with_archive
from liuhen_server.operations.opening import Archive
from liuhen_server.people import changes
from liuhen_server.people.accounts import (
    API_TOKEN_DAYS,
    ONE_TIME_S,
    Person,
    find_person,
    give_api_token,
    list_people,
)
from liuhen_server.people.passwords import PasswordWork, new_one_time_password
from liuhen_server.people.roles import GIVEN, Role, check_roles
from liuhen_server.registry.fields import Mistakes, Outdated

HOURS = ONE_TIME_S // 3600


@click.group()
def user() -> None:
    """人员账号。 The people who may sign in, one account per person."""


@user.command("add")
@DATA
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(sorted(role.value for role in GIVEN)),
    help="角色 / role; repeat for several",
)
@click.option("--agency", help="所属执法主体代码 / code of the agency (承办、审核、负责、档案四种角色必填)")
@click.option("--display-name", help="显示姓名 / the name that pages show (default: NAME)")
@JSON
@answers
def add(
    data: Path, name: str, roles: tuple[str, ...], agency: str | None, display_name: str | None, as_json: bool
) -> None:
    """新账号。 Prints a one-time password, which must be changed at the first sign-in."""
    try:
        held = check_roles(Role(role) for role in roles)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    one_time = new_one_time_password(secrets.token_bytes)
    hashed = PasswordWork().hash_now(one_time)

    async def work(archive: Archive) -> Person:
        async with _acts(archive).of(MACHINE) as act:
            return await changes.create(
                act,
                name=name,
                display_name=display_name or name,
                one_time_hash=hashed,
                now=int(time.time()),
                rights=changes.Rights(held, agency),
            )

    try:
        person = with_archive(data, work)
    except Mistakes as error:
        raise Failed(_mistake(error, agency)) from error
    except ValueError as error:
        raise Failed(str(error)) from error
    _show_one_time(person, one_time, as_json)


@user.command("list")
@DATA
@JSON
@answers
def list_(data: Path, as_json: bool) -> None:
    """所有账号。 Every account, disabled ones too."""

    async def work(archive: Archive) -> list[Person]:
        async with archive.database.read() as conn:
            return await list_people(conn)

    people = with_archive(data, work)
    if as_json:
        rows = [
            {
                "name": p.name,
                "number": p.number,
                "roles": sorted(p.roles),
                "agency": p.agency,
                "state": _state(p).split()[-1],
            }
            for p in people
        ]
        show(True, {"people": rows}, "")
        return
    table = Table("编号 number", "账号 account", "姓名 name", "角色 roles", "执法主体 agency", "状态 state")
    for p in people:
        table.add_row(p.number, p.name, p.display_name, ", ".join(sorted(p.roles)), p.agency or "-", _state(p))
    Console().print(table)


def _state(person: Person) -> str:
    if person.disabled:
        return "已停用 disabled"
    return "待改密 one-time" if person.must_change else "正常 active"


@user.command("reset")
@DATA
@click.argument("name")
@JSON
@answers
def reset(data: Path, name: str, as_json: bool) -> None:
    """新的一次性密码。 The old password, every session and the auditor's token of this account end at once."""
    one_time = new_one_time_password(secrets.token_bytes)
    hashed = PasswordWork().hash_now(one_time)

    async def work(archive: Archive) -> Person:
        person = await _known(archive, name)
        async with _acts(archive).of(MACHINE) as act:
            return await changes.reset(act, person.id, hashed, int(time.time()))

    _show_one_time(with_archive(data, work), one_time, as_json)


@user.command("disable")
@DATA
@click.argument("name")
@JSON
@answers
def disable(data: Path, name: str, as_json: bool) -> None:
    """停用。 The account can no longer be used; it is never deleted, since the log names its number."""
    _switch(data, name, True, as_json)


@user.command("enable")
@DATA
@click.argument("name")
@JSON
@answers
def enable(data: Path, name: str, as_json: bool) -> None:
    """恢复。 The account can be used again, with its old password."""
    _switch(data, name, False, as_json)


def _switch(data: Path, name: str, disabled: bool, as_json: bool) -> None:
    async def work(archive: Archive) -> Person:
        person = await _known(archive, name)
        async with _acts(archive).of(MACHINE) as act:
            return await changes.switch(act, person.id, disabled)

    person = with_archive(data, work)
    word = "已停用 / disabled" if disabled else "已恢复 / enabled"
    show(as_json, {"name": person.name, "disabled": disabled}, f"{word}: {person.name}")


@user.command("token")
@DATA
@click.argument("name")
@JSON
@answers
def token(data: Path, name: str, as_json: bool) -> None:
    """审计员令牌。 For programs that read the log's entries; a new token ends the one before."""

    async def work(archive: Archive) -> str:
        person = await _known(archive, name)
        async with archive.database.write() as conn:
            return await give_api_token(conn, person, int(time.time()), secrets.token_bytes)

    try:
        given = with_archive(data, work)
    except ValueError as error:
        raise Failed(str(error)) from error
    text = f"令牌（{API_TOKEN_DAYS} 天有效，仅显示一次） / token ({API_TOKEN_DAYS} days, shown once):\n{given}"
    show(as_json, {"name": name, "token": given, "days": API_TOKEN_DAYS}, text)


@user.command("rights")
@DATA
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(sorted(role.value for role in GIVEN)),
    help="角色 / role; repeat for several; none: no right at all",
)
@click.option("--agency", help="所属执法主体代码 / code of the agency")
@JSON
@answers
def rights(data: Path, name: str, roles: tuple[str, ...], agency: str | None, as_json: bool) -> None:
    """角色和所属执法主体。 What the account may from now on; what it had before ends."""
    try:
        held = check_roles((Role(role) for role in roles), none_allowed=True)
    except ValueError as error:
        raise click.UsageError(str(error)) from error

    async def work(archive: Archive) -> Person:
        person = await _known(archive, name)
        async with _acts(archive).of(MACHINE) as act:
            officer = person.officer if agency == person.agency else None
            return await changes.give_rights(act, person.id, changes.Rights(held, agency, officer), person.version)

    try:
        person = with_archive(data, work)
    except Mistakes as error:
        raise Failed(_mistake(error, agency)) from error
    except Outdated as error:
        raise Failed(f"该账号刚被他人修改，请重试 / somebody changed {name} meanwhile: try again") from error
    values: dict[str, object] = {"name": person.name, "roles": sorted(person.roles), "agency": person.agency}
    show(as_json, values, f"{person.name}: {', '.join(sorted(person.roles)) or '-'} @ {person.agency or '-'}")


def _acts(archive: Archive) -> Acts:
    return Acts(archive.database, archive.chain, archive.chain.now, secrets.token_bytes)


def _mistake(error: Mistakes, agency: str | None) -> str:
    if error.fields.get("agency") == "needs_agency":
        return "该角色须指定 --agency CODE / this role needs an agency; `liuhen-server agency list` shows them"
    if "agency" in error.fields:
        return f"没有执法主体 / no active agency {agency}: `liuhen-server agency add` makes one"
    return str(error)


async def _known(archive: Archive, name: str) -> Person:
    async with archive.database.read() as conn:
        person = await find_person(conn, name)
    if person is None:
        raise Failed(f"没有账号 / no account {name}: `liuhen-server user list` shows them")
    return person


def _show_one_time(person: Person, one_time: str, as_json: bool) -> None:
    text = (
        f"{person.name} ({person.number}) 的一次性密码（{HOURS} 小时内有效，首次登录须修改） / "
        f"one-time password (within {HOURS} hours; to be changed at the first sign-in):\n{one_time}"
    )
    values: dict[str, object] = {
        "name": person.name,
        "number": person.number,
        "one_time_password": one_time,
        "hours": HOURS,
    }
    show(as_json, values, text)
