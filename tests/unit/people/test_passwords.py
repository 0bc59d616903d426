"""What a password is, and that checking one tells nothing but right or wrong."""

import secrets
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from liuhen_server.people.passwords import PasswordWork, new_one_time_password, why_refused

quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def test_hash_is_argon2id_with_the_parameters_of_rfc_9106() -> None:
    kept = extract_parameters(PasswordWork().hash_now("correct horse battery"))
    assert (kept.type, kept.memory_cost, kept.time_cost) == (Type.ID, 65_536, 3)


async def test_right_password_matches_and_wrong_one_does_not() -> None:
    work = PasswordWork(quick)
    phc = await work.hash("留痕 correct horse")
    assert await work.matches("留痕 correct horse", phc)
    assert not await work.matches("留痕 correct Horse", phc)


async def test_full_width_typing_is_the_same_password() -> None:
    work = PasswordWork(quick)
    phc = await work.hash("correct123horse")
    assert await work.matches("correct１２３horse", phc)


async def test_name_that_does_not_exist_costs_the_same_work_and_is_never_right() -> None:
    """Counted in hashes, not in time: one verification for a real account, one for none."""
    verified: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            verified.append(str(hash))
            return super().verify(hash, password)

    work = PasswordWork(Counting(time_cost=1, memory_cost=8, parallelism=1))
    assert not await work.matches("wrong password", await work.hash("another one"))
    assert not await work.matches("nobody has this password", None)
    assert len(verified) == 2
    assert extract_parameters(verified[0]) == extract_parameters(verified[1])


async def test_damaged_hash_lets_nobody_in() -> None:
    assert not await PasswordWork(quick).matches("anything at all", "$argon2id$damaged")


def test_one_time_password_can_be_read_aloud_and_has_80_bits() -> None:
    drawn = {new_one_time_password(secrets.token_bytes) for _ in range(200)}
    assert len(drawn) == 200
    assert all(len(one) == 19 and one.count("-") == 3 for one in drawn)
    assert not set("".join(drawn)) & set("01ilo")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short1", "password.too_short"),
        ("a" * 300, "password.too_long"),
        ("aaaaaaaaaaaaaaaa", "password.too_easy"),
        ("zhang.wei20261122", "password.too_easy"),
        ("20261122180211", "password.too_easy"),
        ("Passwordpassword", "password.too_easy"),
        ("the one-time one", "password.same"),
        ("ｔｈｅ one-time one", "password.same"),
        ("采集站三号在走廊尽头左转第二间", None),
        ("correct horse battery", None),
    ],
)
def test_new_password(password: str, why: str | None) -> None:
    assert why_refused(password, "zhang.wei", "the one-time one") == why


@pytest.mark.parametrize("hostile", ["\ud800" * 12 + "lone surrogates", "\x00" * 3 + "nul and others", "x" * 100_000])
async def test_hostile_password_is_an_answer_not_a_traceback(hostile: str) -> None:
    assert not await PasswordWork(quick).matches(hostile, None)
