"""What the verifier answers: nine numbered steps, each with one of three verdicts, never a bare yes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    HOLDS = "holds"
    UNDECIDED = "undecided"
    BROKEN = "broken"


class StepName(Enum):
    """The steps in their order; the value is the number by which people cite them."""

    BYTES = 1
    DIGEST = 2
    STATEMENT = 3
    SIGNATURE = 4
    CHAIN = 5
    INCLUSION = 6
    CHECKPOINT = 7
    COSIGNATURES = 8
    TIME = 9


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason for which a step does not hold or cannot be decided. `index`: the log entry it is about, where it is about one."""

    step: StepName
    verdict: Verdict
    code: str
    why: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """`code` and `why` of the gravest finding; empty code and what was checked in `why` when the step holds."""

    name: StepName
    verdict: Verdict
    code: str
    why: str

    @property
    def number(self) -> int:
        return self.name.value


@dataclass(frozen=True, slots=True)
class Report:
    """The steps that apply, in order, and everything that was found."""

    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        verdicts = {step.verdict for step in self.steps}
        for grave in (Verdict.BROKEN, Verdict.UNDECIDED):
            if grave in verdicts:
                return grave
        return Verdict.HOLDS

    @property
    def deciding(self) -> Step | None:
        """The first step with the report's verdict; None when all hold."""
        verdict = self.verdict
        return None if verdict is Verdict.HOLDS else next(step for step in self.steps if step.verdict is verdict)

    def sentence(self) -> str:
        """The answer in one English sentence. (Chinese: `words.sentence`.)"""
        step = self.deciding
        if step is None:
            return "holds"
        if step.verdict is Verdict.BROKEN:
            return f"broken at step {step.number} ({step.name.name.lower()}) because {step.why}"
        return f"cannot be decided at step {step.number} ({step.name.name.lower()}) because {step.why}"


def make_report(checked: dict[StepName, str], findings: Iterable[Finding]) -> Report:
    """A report over the steps in `checked` (what each looked at, said when it holds) from what was found."""
    found = tuple(findings)
    steps = []
    for name in StepName:
        if name not in checked:
            continue
        step = Step(name, Verdict.HOLDS, "", checked[name])
        for verdict in (Verdict.UNDECIDED, Verdict.BROKEN):
            first = next((f for f in found if f.step is name and f.verdict is verdict), None)
            if first is not None:
                step = Step(name, verdict, first.code, first.why)
        steps.append(step)
    return Report(tuple(steps), found)
