"""Accounts, roles and the auditor's token."""

import pytest
from sqlalchemy import select

from liuhen_server.people import roles
from liuhen_server.people.accounts import (
    API_TOKEN_DAYS,
    add_person,
    bearer_may,
    give_api_token,
    set_disabled,
    set_one_time_password,
)
from liuhen_server.people.roles import GIVEN, Action, Role, check_roles, scope_of
from liuhen_server.people.schema import api_tokens
from liuhen_server.people.sessions import form_token, form_token_matches

from .conftest import Door

ENTRIES = Action.READ_ENTRIES


def test_no_administrator_sees_footage() -> None:
    for role in (Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDITOR):
        assert scope_of({role}, Action.SEE_FOOTAGE) is None


def test_administrators_are_different_people() -> None:
    for other in GIVEN - {Role.AUDITOR}:
        with pytest.raises(ValueError, match="三员分立"):
            check_roles({Role.AUDITOR, other})


def test_every_role_has_pages_and_can_be_given() -> None:
    assert frozenset(Role) == GIVEN


def test_role_without_pages_cannot_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "GIVEN", GIVEN - {Role.PUBLISHER})
    with pytest.raises(ValueError, match="publisher has no pages yet"):
        check_roles({Role.PUBLISHER})


@pytest.mark.parametrize("name", ["", "A", "Zhang", "张伟", "a b", "../x", "a\n", "x" * 40, "-a", "1a"])
async def test_account_name_is_plain(door: Door, name: str) -> None:
    with pytest.raises(ValueError, match="account name"):
        await door.person(name)


@pytest.mark.parametrize("display_name", ["", "a\nb", "\u202egnp.exe", "x" * 65])
async def test_display_name_has_nothing_invisible(door: Door, display_name: str) -> None:
    async with door.database.write() as conn:
        with pytest.raises(ValueError, match="display name"):
            await add_person(
                conn,
                name="zhang",
                display_name=display_name,
                roles=frozenset({Role.REVIEWER}),
                one_time_hash="",
                now=0,
            )


async def test_same_name_twice_is_refused(door: Door) -> None:
    await door.person("zhang")
    with pytest.raises(ValueError, match="account zhang exists"):
        await door.person("zhang")


async def test_a_reset_ends_the_auditors_token_too(door: Door) -> None:
    auditor, other = await door.person("li", Role.AUDITOR), await door.person("wu", Role.AUDITOR)
    async with door.database.write() as conn:
        token = await give_api_token(conn, auditor, door.clock.now, door.random_bytes)
        kept = await give_api_token(conn, other, door.clock.now, door.random_bytes)
        await set_one_time_password(conn, auditor.id, "hash", door.clock.now)
    async with door.database.read() as conn:
        assert not await bearer_may(conn, f"Bearer {token}", ENTRIES, door.clock.now)
        assert await bearer_may(conn, f"Bearer {kept}", ENTRIES, door.clock.now)


async def test_auditors_token_opens_entries_until_it_ends(door: Door) -> None:
    auditor = await door.person("li", Role.AUDITOR)
    now = door.clock.now
    async with door.database.write() as conn:
        token = await give_api_token(conn, auditor, now, door.random_bytes)
        kept = (await conn.execute(select(api_tokens))).all()
    assert token not in str(kept)
    async with door.database.read() as conn:
        assert await bearer_may(conn, f"Bearer {token}", ENTRIES, now)
        assert not await bearer_may(conn, f"Bearer {token}x", ENTRIES, now)
        assert not await bearer_may(conn, f"Basic {token}", ENTRIES, now)
        assert not await bearer_may(conn, None, ENTRIES, now)
        assert not await bearer_may(conn, f"Bearer {token}", Action.SEE_FOOTAGE, now)
        assert not await bearer_may(conn, f"Bearer {token}", ENTRIES, now + API_TOKEN_DAYS * 86_400)


async def test_new_token_ends_the_old_one_and_a_disabled_auditor_has_none(each_door: Door) -> None:
    door = each_door
    auditor = await door.person("li", Role.AUDITOR)
    async with door.database.write() as conn:
        old = await give_api_token(conn, auditor, door.clock.now, door.random_bytes)
        new = await give_api_token(conn, auditor, door.clock.now, door.random_bytes)
        assert not await bearer_may(conn, f"Bearer {old}", ENTRIES, door.clock.now)
        assert await bearer_may(conn, f"Bearer {new}", ENTRIES, door.clock.now)
        await set_disabled(conn, auditor.id, True)
        assert not await bearer_may(conn, f"Bearer {new}", ENTRIES, door.clock.now)


async def test_only_an_auditor_has_a_token(door: Door) -> None:
    reviewer = await door.person("zhang", Role.REVIEWER)
    async with door.database.write() as conn:
        with pytest.raises(ValueError, match="only an active auditor"):
            await give_api_token(conn, reviewer, door.clock.now, door.random_bytes)


def test_form_token_belongs_to_one_cookie() -> None:
    assert form_token_matches("a cookie", form_token("a cookie"))
    assert not form_token_matches("another", form_token("a cookie"))
    assert not form_token_matches("", form_token(""))
    assert not form_token_matches("a cookie", "")
    assert not form_token_matches("a cookie", "令牌")
