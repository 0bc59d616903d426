"""What a handler raises where there is no page to show: its name in the catalogue, and the status it is answered with."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Problem"]


@dataclass
class Problem(Exception):
    """A page that says what happened and the way out: texts `problem.<name>.title` and `.text`. `more`: what a program is told
    beside them.
    """

    name: str
    status: int
    seconds: int = 0
    more: dict[str, str] = field(default_factory=dict)
