"""What people do with cases, as the archive states it (spec: docs/spec/statement.md).

Cases and people stand here by number (`case-31`, `person-7`); what is written about them stays in the archive's database, and `said` is
the commitment to it (docs/adr/0015).
"""

from __future__ import annotations

from dataclasses import dataclass

from liuhen_protocol.shape import Hex


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """`enforcement` is the class: penalty, licence, …; `number` is what stands on its documents (朝县市监罚〔2019〕12号)."""

    case: str
    agency: str
    enforcement: str
    number: str
    by: str


@dataclass(frozen=True, slots=True)
class CaseChanged:
    """`what` is number, parties, handlers, title or fields; `said` commits to what stands there from here on."""

    case: str
    what: str
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class CaseStage:
    """The case went from stage `before` to `after`; `said` is the reason, where one was asked for."""

    case: str
    before: str
    after: str
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class CaseDocument:
    """The subject, a document of the kind `kind`, was added to the case; its version 1 `replaces` nothing."""

    case: str
    stage: str
    kind: str
    version: int
    replaces: Hex | None
    by: str


@dataclass(frozen=True, slots=True)
class ClipLinked:
    """The subject belongs to this stage of the case. `item` is the row of the recording list it was linked for; `how` is hand,
    bulk or suggestion.
    """

    case: str
    stage: str
    item: str | None
    by: str
    how: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class ClipUnlinked:
    """The subject no longer belongs to this stage of the case, for the reason that `said` commits to."""

    case: str
    stage: str
    item: str | None
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class ListApproved:
    """The recording list `list` of an agency is in force from `from_day` (2026-12-01) on; `sha256` is that of its rows."""

    list: str
    agency: str
    version: int
    sha256: Hex
    by: str
    from_day: str


@dataclass(frozen=True, slots=True)
class CoverageExcused:
    """`item` (a row of the recording list, or `document:<kind>`) is not in the case, for the reason that `said` commits to."""

    case: str
    stage: str
    item: str
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class CaseViewed:
    """`person`, in `role`, was shown the case; `how` is page, list (its record list, for paper), document
    (taken away: `document` names it) or program (under a token)."""

    case: str
    person: str
    role: str
    how: str
    document: str | None
