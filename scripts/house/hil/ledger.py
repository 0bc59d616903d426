"""The account of a run: what was on every recorder, held against what the archive has and what is still on the card. Pure.

A clip is *lost* when it is neither in the archive nor on its recorder any more, and *duplicated* when the dock stated it as collected
more than once. Both must be nothing, whatever was yanked and cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Plugged:
    """One recorder that was plugged in. `digests`: SHA-256 of its files by path; `left`: paths that are on it at the end;
    `expect_cleared`: whether everything goes well only when the dock has emptied it."""

    scene: str
    serial: str
    digests: Mapping[str, str]
    left: Set[str]
    expect_cleared: bool


@dataclass(frozen=True)
class Row:
    """One scene in numbers. Recorders in `recorders` and `cleared`, files in the other columns."""

    scene: str
    recorders: int
    plugged: int
    collected: int
    stored: int
    cleared: int
    to_clear: int
    lost: int
    duplicated: int

    @property
    def holds(self) -> bool:
        return (
            self.plugged == self.collected == self.stored
            and self.cleared == self.to_clear
            and not self.lost
            and not self.duplicated
        )


def rows(plugged: Sequence[Plugged], collected: Mapping[str, int], stored: Set[str]) -> list[Row]:
    """A row per scene, in the order in which the scenes came. `collected`: how often each digest was stated."""
    scenes = dict.fromkeys(recorder.scene for recorder in plugged)
    return [_row(scene, [each for each in plugged if each.scene == scene], collected, stored) for scene in scenes]


def _row(scene: str, recorders: Sequence[Plugged], collected: Mapping[str, int], stored: Set[str]) -> Row:
    digests = [digest for recorder in recorders for digest in recorder.digests.values()]
    lost = [
        path
        for recorder in recorders
        for path, digest in recorder.digests.items()
        if digest not in stored and path not in recorder.left
    ]
    return Row(
        scene=scene,
        recorders=len(recorders),
        plugged=len(digests),
        collected=sum(1 for digest in digests if collected.get(digest)),
        stored=sum(1 for digest in digests if digest in stored),
        cleared=sum(1 for recorder in recorders if not recorder.left),
        to_clear=sum(1 for recorder in recorders if recorder.expect_cleared),
        lost=len(lost),
        duplicated=sum(max(collected.get(digest, 0) - 1, 0) for digest in digests),
    )


def total(parts: Iterable[Row]) -> Row:
    """All scenes together."""
    listed = list(parts)
    numbers = {
        name: sum(getattr(row, name) for row in listed)
        for name in ("recorders", "plugged", "collected", "stored", "cleared", "to_clear", "lost", "duplicated")
    }
    return Row(scene="全部 all", **numbers)


@dataclass(frozen=True)
class Check:
    """Something else that must hold: a keyboard was refused, the archive verifies, a unit runs."""

    what: str
    holds: bool
    how: str = ""


@dataclass
class Account:
    """Everything a run found out. `identified`: seconds from the kernel's event to the dock's statement, per docking."""

    seed: int
    rows: list[Row] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    identified: list[float] = field(default_factory=list)
    boots: list[float] = field(default_factory=list)
    cuts: int = 0
    yanks: int = 0
    hangs: list[str] = field(default_factory=list)  # the guest's kernel stopped, and the scene was played again
    broke: str = ""  # why the run ended early

    @property
    def holds(self) -> bool:
        """Nothing lost, nothing twice, every check held, and the run came to its end."""
        said = [*(row.holds for row in self.rows), *(check.holds for check in self.checks)]
        return bool(said) and all(said) and not self.broke

    def as_json(self) -> dict[str, object]:
        return {
            "seed": self.seed,
            "holds": self.holds,
            "broke": self.broke,
            "scenes": [{**asdict(row), "holds": row.holds} for row in self.rows],
            "total": asdict(total(self.rows)),
            "checks": [asdict(check) for check in self.checks],
            "event_to_identified_seconds": {"each": self.identified, **spread(self.identified)},
            "boot_seconds": self.boots,
            "cuts": self.cuts,
            "yanks": self.yanks,
            "hangs": self.hangs,
        }


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Least, median and most; nothing of nothing."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    return {"least": ordered[0], "median": ordered[len(ordered) // 2], "most": ordered[-1]}
