"""Whatever a recorder answers, the dock ends with a sentence; whatever a profile says, its checker ends with a line."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuhen_agent.recorders import Credential, RecorderError
from liuhen_agent.recorders.driver import ProfileDriver
from liuhen_agent.recorders.profile import default_folder, examine_profile, load_profiles

SPOKEN = {profile.name: profile for profile in load_profiles(default_folder()) if profile.protocol.commands}
TEXTS = [path.read_text("utf-8") for path in sorted(default_folder().glob("*.toml"))]


class Hostile:
    """Answers every request with the next of its answers; time passes in every read."""

    keeps_late_answers = True

    def __init__(self, answers: list[bytes]) -> None:
        self._answers, self._time, self.said = answers, 0.0, 0

    def seconds(self) -> float:
        return self._time

    def write(self, data: bytes) -> None:
        self.said += 1

    def read(self, most: int, seconds: float) -> bytes:
        self._time += max(seconds, 0.01)
        return self._answers.pop(0)[:most] if self._answers else b""

    def close(self) -> None:
        pass


@pytest.mark.parametrize("name", sorted(SPOKEN))
@settings(max_examples=25, deadline=None)
@given(
    answers=st.lists(
        st.binary(max_size=300)
        | st.sampled_from([b"OK\r\n", b"+LOGIN:Sucess\r\n", b"\xff" * 5000, b"Ver;OK", b"\0" * 128])
    ),
)
def test_any_answer_ends_in_a_value_or_a_recorder_error(name: str, answers: list[bytes]) -> None:
    wire = Hostile(answers)
    driver = ProfileDriver(SPOKEN[name], wire, ThreadPoolExecutor(1), wire.seconds)

    async def talk() -> None:
        steps: list[Callable[[], object]] = [
            driver.probe,
            lambda: driver.login(Credential("USER", "000000")),
            driver.info,
            driver.time_get,
            lambda: driver.time_set(datetime(2026, 11, 22)),
            driver.battery,
            driver.storage_state,
            driver.enter_disk_mode,
        ]
        for step in steps:
            with contextlib.suppress(RecorderError):
                value = await step()  # type: ignore[misc]
                assert value is None or len(str(value)) < 600
        await driver.close()

    asyncio.run(talk())
    assert wire.said <= 2 * len(SPOKEN[name].protocol.commands) + 8


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_damage_to_a_profile_is_an_error_with_a_sentence(seed: int) -> None:
    chance = random.Random(seed)
    text = chance.choice(TEXTS)
    values = [
        "0",
        "-1",
        "[]",
        '""',
        "true",
        "{}",
        "1.5",
        "2026-11-22",
        '"{x}"',
        "'('",
        "[1]",
        '"00:00"',
        "99999999999",
        '"{secret}"',
    ]
    for _ in range(chance.randint(1, 3)):
        lines = text.split("\n")
        at = chance.randrange(len(lines))
        damage = chance.randrange(4)
        if damage == 0:
            del lines[at]
        elif damage == 1 and "=" in lines[at]:
            lines[at] = lines[at].split("=")[0] + "= " + chance.choice(values)
        elif damage == 2:
            lines.insert(at, chance.choice(lines))
        else:
            cut = chance.randint(0, len(lines[at]))
            lines[at] = lines[at][:cut] + chance.choice("[]{}\"'=#.\x00é") + lines[at][cut:]
        text = "\n".join(lines)
    profile, errors = examine_profile(text, "mine.toml")
    assert (profile is None) == bool(errors)
    assert all(str(error).startswith("mine.toml") for error in errors)
