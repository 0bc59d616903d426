"""The county's oversight of enforcement, as the archive states it (spec: docs/spec/statement.md).

Reports and agencies stand here by number and code; what is counted and written lies in the archive's database, and `sha256` is its digest.
"""

from __future__ import annotations

from dataclasses import dataclass

from liuhen_protocol.shape import Hex


@dataclass(frozen=True, slots=True)
class StatisticsSigned:
    """`by`, another person than who drafted it, signed the agency's annual tables of `year`; `sha256` is that of figures and words."""

    report: str
    agency: str
    year: int
    version: int
    sha256: Hex
    by: str


OversightEvent = StatisticsSigned
OVERSIGHT_EVENTS: dict[str, type[OversightEvent]] = {
    "statistics.signed": StatisticsSigned,
}
