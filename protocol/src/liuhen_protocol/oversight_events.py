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


@dataclass(frozen=True, slots=True)
class SpotCheckAnnounced:
    """Of `cases` cases of the agency `sample` will be drawn; `sha256` is that of their names. The seed is not known yet."""

    check: str
    agency: str
    cases: int
    sample: int
    sha256: Hex
    by: str


@dataclass(frozen=True, slots=True)
class SpotCheckDrawn:
    """The cases whose names have `sha256` were drawn by the `root` of the log's tree of `size` entries."""

    check: str
    size: int
    root: Hex
    sha256: Hex
    by: str


@dataclass(frozen=True, slots=True)
class SupervisionOpinion:
    """The agency is asked to put right what `said` commits to, and to answer by the end of `due`. `about`: a case, a check, or nothing."""

    opinion: str
    agency: str
    about: str
    due: str
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class SupervisionAnswered:
    opinion: str
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class SupervisionClosed:
    """The answer was taken (`accepted`), or returned."""

    opinion: str
    accepted: bool
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class SelfReportFiled:
    report: str
    agency: str
    year: int
    version: int
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class SelfReportReceived:
    report: str
    by: str


@dataclass(frozen=True, slots=True)
class HandoverSent:
    """The agency handed a package with this `sha256` to another (`to_agency`; null: the justice department). `what`: handbook or class."""

    handover: str
    agency: str
    to_agency: str | None
    what: str
    sha256: Hex
    by: str


@dataclass(frozen=True, slots=True)
class HandoverReceived:
    """The receipt: whoever received it had the bytes with this digest before him."""

    handover: str
    sha256: Hex
    by: str


@dataclass(frozen=True, slots=True)
class TemplateKept:
    """From here on documents of this kind are filled from the template (a DOCX) with this `sha256`."""

    template: str
    agency: str
    enforcement: str
    stage: str
    kind: str
    version: int
    sha256: Hex
    by: str


@dataclass(frozen=True, slots=True)
class AgencyMerged:
    """From here on `into` carries on for `agency` (机构合并), whose `cases` open cases are its own now: a `case.changed` of each follows.

    `day` is that of the reform, `said` the commitment to its document and the reason; `proposed_by` is another person than `by`.
    """

    agency: str
    into: str
    day: str
    cases: int
    proposed_by: str
    by: str
    said: Hex | None


OversightEvent = (
    StatisticsSigned
    | SpotCheckAnnounced
    | SpotCheckDrawn
    | SupervisionOpinion
    | SupervisionAnswered
    | SupervisionClosed
    | SelfReportFiled
    | SelfReportReceived
    | HandoverSent
    | HandoverReceived
    | TemplateKept
    | AgencyMerged
)
OVERSIGHT_EVENTS: dict[str, type[OversightEvent]] = {
    "statistics.signed": StatisticsSigned,
    "supervision.announced": SpotCheckAnnounced,
    "supervision.drawn": SpotCheckDrawn,
    "supervision.opinion": SupervisionOpinion,
    "supervision.answered": SupervisionAnswered,
    "supervision.closed": SupervisionClosed,
    "supervision.reported": SelfReportFiled,
    "supervision.received": SelfReportReceived,
    "handover.sent": HandoverSent,
    "handover.received": HandoverReceived,
    "template.kept": TemplateKept,
    "agency.merged": AgencyMerged,
}
