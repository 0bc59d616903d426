"""The second factor: six digits from a telephone, each taken once; and who can do without them again."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pyotp
import pytest
from sqlalchemy import update

from liuhen_server.people.schema import people
from liuhen_server.people.second_factor import STEP_S, matching_step, picture
from liuhen_server.people.sign_in import Session, Wrong

from .conftest import RIGHT, Door

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
HERE = "192.0.2.7"


def code_at(now: int) -> str:
    return pyotp.TOTP(SECRET).at(now)


def test_codes_are_those_of_rfc_6238() -> None:
    """Appendix B, SHA-1: at 59 seconds the eight digits are 94287082, of which six are asked for."""
    rfc = pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    assert matching_step(rfc.secret, "287082", 59, None) == 1


@pytest.mark.parametrize("off", [-STEP_S, 0, STEP_S])
def test_a_telephone_may_be_half_a_minute_off_and_no_more(off: int) -> None:
    now = 1_795_000_005
    assert matching_step(SECRET, code_at(now + off), now, None) == (now + off) // STEP_S
    assert matching_step(SECRET, code_at(now + off + (3 * STEP_S if off >= 0 else -3 * STEP_S)), now, None) is None


def test_a_code_and_any_before_it_are_not_taken_twice() -> None:
    now = 1_795_000_005
    step = matching_step(SECRET, code_at(now), now, None)
    assert matching_step(SECRET, code_at(now), now, step) is None
    assert matching_step(SECRET, code_at(now - STEP_S), now, step) is None
    assert matching_step(SECRET, code_at(now + STEP_S), now, step) is not None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "' OR 1", "٠١٢٣٤٥", "\ud800" * 6, "1" * 5000])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert matching_step(SECRET, typed, 1_795_000_005, None) is None


def test_a_code_typed_in_full_width_digits_or_groups_is_the_same() -> None:
    now = 1_795_000_005
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code_at(now))
    assert matching_step(SECRET, wide, now, None) is not None
    assert matching_step(SECRET, code_at(now)[:3] + " " + code_at(now)[3:], now, None) is not None


async def _on(door: Door, name: str) -> None:
    await door.person(name)
    async with door.database.write() as conn:
        await conn.execute(update(people).where(people.c.name == name).values(totp_secret=SECRET))


async def test_signing_in_asks_for_the_code_and_takes_it_once(each_door: Door) -> None:
    door = each_door
    await _on(door, "zhang")
    assert await door.sign_in.enter("zhang", RIGHT, HERE) == Wrong()
    assert await door.sign_in.enter("zhang", RIGHT, HERE, "000000") == Wrong()
    code = code_at(door.clock.now)
    assert await door.sign_in.enter("zhang", "wrong wrong wrong", HERE, code) == Wrong(), (
        "the code is not used up by this"
    )
    assert isinstance(await door.sign_in.enter("zhang", RIGHT, HERE, code), Session)
    assert await door.sign_in.enter("zhang", RIGHT, HERE, code) == Wrong(), "somebody who watched it being typed"
    door.clock.now += STEP_S
    assert isinstance(await door.sign_in.enter("zhang", RIGHT, HERE, code_at(door.clock.now)), Session)


async def test_wrong_codes_lock_like_wrong_passwords(door: Door) -> None:
    await _on(door, "zhang")
    for n in range(5):
        assert await door.sign_in.enter("zhang", RIGHT, f"192.0.2.{n}", "000000") == Wrong()
    locked = await door.sign_in.enter("zhang", RIGHT, HERE, code_at(door.clock.now))
    assert not isinstance(locked, Session | Wrong)


def test_the_picture_is_an_svg_without_script_or_style() -> None:
    drawn = picture(SECRET, "zhang<&\"'", "archive.example/log")
    root = ET.fromstring(drawn)
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    attributes = {name for element in root.iter() for name in element.attrib}
    assert names <= {"svg", "path", "g"} and not attributes & {"style", "onload", "href"}
