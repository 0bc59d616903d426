"""What becomes public of enforcement (公示), as the archive states it (spec: docs/spec/statement.md).

An item (`item-3`) has versions; each is collected, reviewed and published by three different people. Only what was public has its
digest in the log: before that a text may still hold what must not be known. Days are those of the agency's zone.
"""

from __future__ import annotations

from dataclasses import dataclass

from liuhen_protocol.shape import Hex


@dataclass(frozen=True, slots=True)
class PublicityCollected:
    """`by` collected version `version` of the item; `kind` and `about` say what it is: decision and decision-12, officers and all."""

    item: str
    version: int
    agency: str
    kind: str
    about: str
    by: str


@dataclass(frozen=True, slots=True)
class PublicityReturned:
    """`by` returned the version to who collected it, for the reason that `said` commits to."""

    item: str
    version: int
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class PublicityConfirmed:
    """`by` confirmed the list, or wrote down that the body which has to confirmed it: `said` commits to what was written."""

    item: str
    version: int
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class PublicityReviewed:
    """`by`, another person than who collected it, reviewed the version: everything private that was found in it is decided."""

    item: str
    version: int
    by: str


@dataclass(frozen=True, slots=True)
class PublicityPublished:
    """`by`, a third person, published the version: `sha256` is that of its content (UTF-8). The version before it is superseded.

    `until`: the last day on which it is public, or null.
    """

    item: str
    version: int
    agency: str
    kind: str
    sha256: Hex
    collected_by: str
    reviewed_by: str
    by: str
    day: str
    until: str | None


@dataclass(frozen=True, slots=True)
class PublicityWithdrawn:
    """The version is public no longer, from `day` on, for the reason that `said` commits to."""

    item: str
    version: int
    by: str
    day: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class PublicityReleased:
    """A site was written: `sha256` is that of its manifest, which names `files` files, and `items` items stand in it.

    `as_of` is the entry of the last act on what is public that it shows, or null where nothing ever was.
    """

    sha256: Hex
    files: int
    items: int
    as_of: int | None
    by: str


PublicityEvent = (
    PublicityCollected
    | PublicityReturned
    | PublicityConfirmed
    | PublicityReviewed
    | PublicityPublished
    | PublicityWithdrawn
    | PublicityReleased
)
PUBLICITY_EVENTS: dict[str, type[PublicityEvent]] = {
    "publicity.collected": PublicityCollected,
    "publicity.returned": PublicityReturned,
    "publicity.confirmed": PublicityConfirmed,
    "publicity.reviewed": PublicityReviewed,
    "publicity.published": PublicityPublished,
    "publicity.withdrawn": PublicityWithdrawn,
    "publicity.released": PublicityReleased,
}
