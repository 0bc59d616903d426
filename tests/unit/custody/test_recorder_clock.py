"""What the clip page says of the recorder's clock."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from liuhen_protocol.statement import Clock
from liuhen_server.web.language import Language, Words
from liuhen_server.web.recorder_clock import _by

CHINA = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("language", "said"), [(Language.CHINESE, "未同步，仅供参考"), (Language.ENGLISH, "a hint only")]
)
def test_an_offset_against_a_clock_nobody_vouched_for_is_called_a_hint(language: Language, said: str) -> None:
    told = _by(Clock("unsynchronised", 86_400_000), Words(language, CHINA))
    assert said in told and "86400000" not in told and "unsynchronised" not in told


def test_an_offset_against_a_clock_that_was_set_has_its_uncertainty() -> None:
    assert "±50 毫秒" in _by(Clock("ntp", 50), Words(Language.CHINESE, CHINA))
