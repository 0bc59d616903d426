"""An administrator's reset wins over a sign-in with the old password that was already under way."""

from __future__ import annotations

from liuhen_server.people.accounts import find_person, set_one_time_password
from liuhen_server.people.sign_in import Session, Wrong

from .conftest import RIGHT, Door, quick_work


async def test_a_password_that_is_reset_while_it_is_being_checked_opens_nothing(each_door: Door) -> None:
    person = await each_door.person("wang")
    work = each_door.sign_in._work
    matches = work.matches

    async def slow(password: str, phc: str | None) -> bool:
        right = await matches(password, phc)
        async with each_door.database.write() as conn:
            await set_one_time_password(conn, person.id, quick_work.hash_now("another one-time"), each_door.clock.now)
        return right

    work.matches = slow  # type: ignore[method-assign]
    try:
        assert isinstance(await each_door.sign_in.enter("wang", RIGHT, "127.0.0.1"), Wrong)
    finally:
        del work.matches
    assert isinstance(await each_door.sign_in.enter("wang", "another one-time", "127.0.0.1"), Session)


async def test_a_password_change_does_not_undo_a_reset_that_came_while_it_was_checked(each_door: Door) -> None:
    person = await each_door.person("wang")
    session = await each_door.sign_in.enter("wang", RIGHT, "127.0.0.1")
    assert isinstance(session, Session)
    async with each_door.database.write() as conn:
        await set_one_time_password(conn, person.id, quick_work.hash_now("another one-time"), each_door.clock.now)
    answer = await each_door.sign_in.change_password(session, RIGHT, "a thief's password 99", "127.0.0.1")
    assert isinstance(answer, Wrong)
    async with each_door.database.read() as conn:
        known = await find_person(conn, "wang")
    assert known is not None and known.must_change
