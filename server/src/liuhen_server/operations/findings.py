"""What checking a whole archive finds: which step, which entry or clip, and why. Steps are those of the verifier."""

from __future__ import annotations

from dataclasses import dataclass, field

from liuhen_protocol.report import StepName
from liuhen_protocol.words import STEPS

SHOWN = 50
KEPT = 10_000


@dataclass(frozen=True, slots=True)
class ArchiveFinding:
    """`index`: the log entry it is about; `clip`: the SHA-256 it is about."""

    step: StepName
    code: str
    why: str
    index: int | None = None
    clip: str | None = None

    def line(self) -> str:
        about = "" if self.index is None else f" 条目 entry {self.index}"
        about += "" if self.clip is None else f" 片段 clip {self.clip}"
        return f"✗ {self.step.value} {STEPS[self.step]} {self.step.name.lower()}{about}: {self.why} [{self.code}]"

    def as_json(self) -> dict[str, object]:
        return {
            "step": self.step.value,
            "name": self.step.name.lower(),
            "code": self.code,
            "why": self.why,
            "index": self.index,
            "clip": self.clip,
        }


@dataclass(slots=True)
class Findings:
    """Collects; keeps the first ten thousand and counts the rest."""

    kept: list[ArchiveFinding] = field(default_factory=list)
    count: int = 0

    def add(self, step: StepName, code: str, why: str, *, index: int | None = None, clip: str | None = None) -> None:
        self.count += 1
        if len(self.kept) < KEPT:
            self.kept.append(ArchiveFinding(step, code, why, index, clip))


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """`checked` says in numbers what was looked at; nothing found means that it all holds together."""

    checked: dict[str, int]
    findings: tuple[ArchiveFinding, ...]
    count: int

    @property
    def holds(self) -> bool:
        return self.count == 0

    def text(self) -> str:
        numbers = ", ".join(f"{name} {number}" for name, number in self.checked.items())
        if self.holds:
            return f"成立 / holds: {numbers}"
        lines = [f"不成立 / broken: {self.count} findings in {numbers}", *(f.line() for f in self.findings[:SHOWN])]
        if self.count > SHOWN:
            lines.append(f"… {self.count - SHOWN} more; --json names up to {KEPT}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        return {
            "holds": self.holds,
            "checked": self.checked,
            "count": self.count,
            "findings": [finding.as_json() for finding in self.findings],
        }
