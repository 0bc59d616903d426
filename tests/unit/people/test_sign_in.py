"""The door: who comes in, who waits, and what ends a session."""

import asyncio

from sqlalchemy import select

from liuhen_server.people.accounts import ONE_TIME_S, set_disabled, set_one_time_password
from liuhen_server.people.lockout import BY_ADDRESS, BY_NAME
from liuhen_server.people.schema import people_sessions, sign_in_attempts
from liuhen_server.people.sessions import ABSOLUTE_S, IDLE_S, token_digest
from liuhen_server.people.sign_in import Locked, Session, Wrong

from .conftest import RIGHT, Door, quick_work

HERE = "192.0.2.7"


async def enter(door: Door, name: str = "zhang", password: str = RIGHT, address: str = HERE) -> Session:
    session = await door.sign_in.enter(name, password, address)
    assert isinstance(session, Session)
    return session


async def test_right_password_opens_a_session_and_only_its_digest_is_kept(each_door: Door) -> None:
    door = each_door
    await door.person("zhang")
    session = await enter(door)
    async with door.database.read() as conn:
        (row,) = (await conn.execute(select(people_sessions))).all()
    assert row.token_sha256 == token_digest(session.token)
    assert session.token not in str(row)
    found = await door.sign_in.find(session.token)
    assert found is not None and found.person.name == "zhang"


async def test_wrong_name_wrong_password_disabled_and_expired_get_one_answer(door: Door) -> None:
    await door.person("zhang")
    disabled = await door.person("former")
    await door.person("late", chosen=False)
    async with door.database.write() as conn:
        await set_disabled(conn, disabled.id, True)
    assert await door.sign_in.enter("zhang", "wrong wrong wrong", HERE) == Wrong()
    assert await door.sign_in.enter("nobody", RIGHT, HERE) == Wrong()
    assert await door.sign_in.enter("former", RIGHT, HERE) == Wrong()
    door.clock.now += ONE_TIME_S
    assert await door.sign_in.enter("late", RIGHT, HERE) == Wrong()


async def test_name_is_locked_after_five_wrong_attempts_even_for_the_right_password(door: Door) -> None:
    await door.person("zhang")
    for n in range(BY_NAME.attempts):
        assert await door.sign_in.enter("zhang", "wrong wrong wrong", f"192.0.2.{n}") == Wrong()
    assert isinstance(await door.sign_in.enter("Zhang ", RIGHT, "198.51.100.1"), Locked)
    door.clock.now += BY_NAME.window_s - 1
    assert await door.sign_in.enter("zhang", RIGHT, HERE) == Locked(wait_s=1)
    door.clock.now += 1
    await enter(door)


async def test_name_that_does_not_exist_locks_like_one_that_does(door: Door) -> None:
    for _ in range(BY_NAME.attempts):
        assert await door.sign_in.enter("nobody", "wrong wrong wrong", HERE) == Wrong()
    assert isinstance(await door.sign_in.enter("nobody", "wrong wrong wrong", HERE), Locked)


async def test_address_is_locked_after_thirty_names(door: Door) -> None:
    await door.person("zhang")
    for n in range(BY_ADDRESS.attempts):
        assert await door.sign_in.enter(f"name{n}", "wrong wrong wrong", HERE) == Wrong()
    assert isinstance(await door.sign_in.enter("zhang", RIGHT, HERE), Locked)
    await enter(door, address="198.51.100.1")


async def test_guesses_sent_at_once_count_like_guesses_one_after_the_other(each_door: Door) -> None:
    door = each_door
    await door.person("zhang")
    answers = await asyncio.gather(*(door.sign_in.enter("zhang", f"guess number {n}", HERE) for n in range(12)))
    assert sum(answer == Wrong() for answer in answers) <= BY_NAME.attempts


async def test_success_forgets_the_attempts_of_that_name(door: Door) -> None:
    await door.person("zhang")
    for _ in range(BY_NAME.attempts - 1):
        await door.sign_in.enter("zhang", "wrong wrong wrong", HERE)
    await enter(door)
    for _ in range(BY_NAME.attempts):
        assert await door.sign_in.enter("zhang", "wrong wrong wrong", HERE) == Wrong()


async def test_one_right_password_does_not_clear_an_address_that_guesses_at_others(door: Door) -> None:
    await door.person("zhang")
    for n in range(BY_ADDRESS.attempts - 1):
        await door.sign_in.enter(f"name{n}", "wrong wrong wrong", HERE)
    await enter(door)
    assert await door.sign_in.enter("last", "wrong wrong wrong", HERE) == Wrong()
    assert isinstance(await door.sign_in.enter("zhang", RIGHT, HERE), Locked)


async def test_what_is_typed_into_the_name_field_is_not_kept_readable(door: Door) -> None:
    await door.sign_in.enter("my secret password", "zhang", HERE)
    async with door.database.read() as conn:
        assert "secret" not in str((await conn.execute(select(sign_in_attempts))).all())


async def test_session_ends_when_idle(door: Door) -> None:
    await door.person("zhang")
    session = await enter(door)
    door.clock.now += IDLE_S - 1
    assert await door.sign_in.find(session.token)
    door.clock.now += IDLE_S - 1
    assert await door.sign_in.find(session.token), "use keeps it alive"
    door.clock.now += IDLE_S
    assert await door.sign_in.find(session.token) is None


async def test_session_ends_after_a_working_day_however_busy(door: Door) -> None:
    await door.person("zhang")
    session = await enter(door)
    began = door.clock.now
    while door.clock.now + IDLE_S // 2 < began + ABSOLUTE_S:
        door.clock.now += IDLE_S // 2
        assert await door.sign_in.find(session.token)
    door.clock.now = began + ABSOLUTE_S
    assert await door.sign_in.find(session.token) is None


async def test_clock_set_back_ends_a_session(door: Door) -> None:
    await door.person("zhang")
    session = await enter(door)
    door.clock.now -= 3600
    assert await door.sign_in.find(session.token) is None


async def test_leaving_ends_this_session_and_leaving_everywhere_ends_all(door: Door) -> None:
    await door.person("zhang")
    first, second, third = [await enter(door) for _ in range(3)]
    await door.sign_in.leave(first.token)
    assert await door.sign_in.find(first.token) is None
    assert await door.sign_in.find(second.token)
    await door.sign_in.leave_everywhere(second.person.id)
    assert await door.sign_in.find(second.token) is None
    assert await door.sign_in.find(third.token) is None


async def test_changing_the_password_ends_every_other_session_and_the_must(each_door: Door) -> None:
    door = each_door
    await door.person("zhang", chosen=False)
    elsewhere, here = await enter(door), await enter(door)
    assert here.person.must_change
    changed = await door.sign_in.change_password(here, RIGHT, "another good password", HERE)
    assert isinstance(changed, Session) and not changed.person.must_change
    assert await door.sign_in.find(elsewhere.token) is None
    assert await door.sign_in.find(here.token) is None, "a new token: the old one may have been seen"
    assert await door.sign_in.find(changed.token)
    assert await door.sign_in.enter("zhang", RIGHT, HERE) == Wrong()
    await enter(door, password="another good password")


async def test_current_password_cannot_be_guessed_at_an_open_browser(door: Door) -> None:
    await door.person("zhang")
    session = await enter(door)
    for _ in range(BY_NAME.attempts):
        assert await door.sign_in.change_password(session, "wrong", "another good password", HERE) == Wrong()
    assert isinstance(await door.sign_in.change_password(session, RIGHT, "another good password", HERE), Locked)


async def test_new_one_time_password_ends_sessions_at_once(door: Door) -> None:
    zhang = await door.person("zhang")
    session = await enter(door)
    async with door.database.write() as conn:
        await set_one_time_password(conn, zhang.id, quick_work.hash_now("one time only 1"), door.clock.now)
    assert await door.sign_in.find(session.token) is None


async def test_disabled_account_loses_its_session_at_once(door: Door) -> None:
    zhang = await door.person("zhang")
    session = await enter(door)
    async with door.database.write() as conn:
        await set_disabled(conn, zhang.id, True)
    assert await door.sign_in.find(session.token) is None


async def test_made_up_cookies_are_no_session(door: Door) -> None:
    for cookie in (None, "", "x", "\ud800", "a" * 10_000, "' OR 1=1 --"):
        assert await door.sign_in.find(cookie) is None
