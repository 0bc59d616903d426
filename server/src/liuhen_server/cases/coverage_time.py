"""How much of what must be recorded is, month by month and agency by agency: pure, from what the cases themselves ask for.

A case counts in the month in which it was opened, whatever became of it since, so that a month's figures only ever get better by
what is brought or excused later. Recordings count, documents do not. What a case has not come to yet is not asked of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from liuhen_server.cases.coverage import Need, NeedState

__all__ = ["MONTHS", "Figures", "Measured", "figures_of", "month_before", "months_until"]

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Measured:
    """A case with all it asks for. `month` is 2026-11."""

    case_id: int
    agency: str
    month: str
    needs: tuple[Need, ...]


@dataclass(slots=True)
class Figures:
    """One agency's month; the ids of the cases behind each figure."""

    present: int = 0
    excused: int = 0
    missing: int = 0
    cases: dict[NeedState, set[int]] = field(default_factory=dict)

    @property
    def required(self) -> int:
        return self.present + self.excused + self.missing

    @property
    def share(self) -> int | None:
        """Of a hundred required, how many are there, rounded down: 100 means all. None: nothing was required."""
        return self.present * 100 // self.required if self.required else None

    def behind(self, state: NeedState | None) -> set[int]:
        """The cases of one state, or of all that had something required."""
        return set().union(*self.cases.values()) if state is None else self.cases.get(state, set())


def figures_of(measured: Iterable[Measured]) -> dict[tuple[str, str], Figures]:
    """By (agency, month). Only what is required of a recording: present, excused or missing."""
    found: dict[tuple[str, str], Figures] = {}
    for case in measured:
        for need in case.needs:
            if need.method is None or not need.required or need.state in (NeedState.AHEAD, NeedState.OPTIONAL):
                continue
            here = found.setdefault((case.agency, case.month), Figures())
            if need.state is NeedState.PRESENT:
                here.present += 1
            elif need.state is NeedState.EXCUSED:
                here.excused += 1
            else:
                here.missing += 1
            here.cases.setdefault(need.state, set()).add(case.case_id)
    return found


def months_until(last: str) -> tuple[str, ...]:
    """Twelve months in their order, the last one given (2026-11)."""
    found = [last]
    while len(found) < MONTHS:
        found.append(month_before(found[-1]))
    return tuple(reversed(found))


def month_before(month: str, count: int = 1) -> str:
    """`count` months earlier; negative: later."""
    year, number = (int(part) for part in month.split("-"))
    at = year * 12 + number - 1 - count
    return f"{at // 12:04d}-{at % 12 + 1:02d}"
