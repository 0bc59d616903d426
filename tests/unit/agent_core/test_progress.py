"""What people see of the bays. Texts of a recorder are shown, never obeyed."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from liuhen_agent.bay import State
from liuhen_agent.progress import BayView, table


@pytest.mark.parametrize("text", ["[/red]", "[bold]", "[link=https://example.org]x[/link]", "CAM[01]", ":smile:"])
def test_a_recorders_text_is_shown_as_it_is_and_ends_no_screen(text: str) -> None:
    shown = io.StringIO()
    view = BayView("1", State.FAILED, recorder=text, officer=text, note=text)
    Console(file=shown, width=200, force_terminal=False).print(table([view]))
    assert shown.getvalue().count(text) == 3
