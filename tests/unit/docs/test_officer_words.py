"""Every code that a dock can put on a bay or raise as an alarm has a sentence for the officer and what to do, in both languages.

A new code: one row in liuhen_agent/kiosk/words.py.
"""

from __future__ import annotations

import pytest

from liuhen_agent.bay import State
from liuhen_agent.kiosk import words

from .test_operations import codes_of, constants

SAID = {
    "bay": codes_of(
        "VolumeError", "RecorderError", "_broke", "doubted", "Bad", "_Bad", "DockAlarm", within="agent/src/liuhen_agent"
    ),
    "not cleared": {
        f"not-cleared-{code}" for code in codes_of("Refuse", within="agent/src/liuhen_agent/clear") | {"crashed"}
    },
    "refused": codes_of("Rule", within="agent/src/liuhen_agent/detect"),
    "alarm": constants("agent/src/liuhen_agent/sync/alarms.py")
    | constants("agent/src/liuhen_agent/collect/room.py", "DISK_FULL")
    | constants("agent/src/liuhen_agent/decisions.py", "SETTLED"),
}


@pytest.mark.parametrize("where", SAID)
def test_every_code_has_a_sentence_for_the_officer(where: str) -> None:
    missing = SAID[where] - words.CODES.keys()
    assert not missing, f"give these a row in liuhen_agent/kiosk/words.py: {sorted(missing)}"


def test_the_codes_are_found_in_the_source() -> None:
    assert {"incomplete", "wrong-password"} <= SAID["bay"]
    assert {"split-view", "disk-full", "settled"} <= SAID["alarm"]
    assert {"refused-input-device", "refused-unknown-port"} <= SAID["refused"]


def test_every_state_has_a_look() -> None:
    assert words.STATES.keys() == set(State)


def test_every_sentence_is_there_in_both_languages_and_short_enough_for_a_tile() -> None:
    advices = [*words.CODES.values(), words.PULLED, words.QUARANTINE_READING, words.QUARANTINE_DONE, words.UNKNOWN_CODE]
    for advice in advices:
        for text in (advice.what, advice.do):
            assert text.zh and text.en
            assert not any("\u4e00" <= sign <= "\u9fff" for sign in text.en)
    on_tiles = {code for where in ("bay", "not cleared", "refused") for code in SAID[where]}
    for code in on_tiles:
        advice = words.CODES[code]
        assert len(advice.what.zh) <= 10 and len(advice.do.zh) <= 10, code


def test_unplugging_is_forbidden_exactly_while_it_would_harm() -> None:
    free = {State.ABSENT, State.READY, State.PULLED, State.FAILED, State.QUARANTINED}  # quarantine: while it is read
    assert {state for state, look in words.STATES.items() if not look.hold} == free
