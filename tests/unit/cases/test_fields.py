"""What people type, as it is kept."""

from __future__ import annotations

import pytest

from liuhen_server.cases.fields import one_line, reason_of
from liuhen_server.cases.said import Wrong


@pytest.mark.parametrize("blank", ["\u3000", "\u00a0", "\t"], ids=["wide", "unbroken", "tab"])
def test_a_blank_that_people_type_is_a_blank_wherever_it_stands(blank: str) -> None:
    assert one_line(f"{blank}张{blank}三{blank}", "name", 20) == "张 三"
    assert reason_of(f"第一段\n{blank}{blank}第二段") == f"第一段\n{blank}{blank}第二段"


@pytest.mark.parametrize("sign", ["\u200b", "\u202e", "\x07", "\u2028"], ids=["no width", "turned", "bell", "line"])
def test_a_sign_that_is_not_seen_is_refused(sign: str) -> None:
    with pytest.raises(Wrong, match="invisible"):
        one_line(f"张{sign}三", "name", 20)
    with pytest.raises(Wrong, match="invisible"):
        reason_of(f"张{sign}三")
