"""A draft that one person edits and another puts in force from a day on: what recording lists and tables of terms have in common."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Any, Protocol, TypeVar

from liuhen_server.cases.said import Said, Wrong

__all__ = ["Versioned", "canonical", "check_approval", "check_saved", "digest_of", "in_force"]


class Versioned(Protocol):
    """One version. `edit` counts how often its draft was saved; `from_day` None: it is a draft."""

    @property
    def version(self) -> int: ...
    @property
    def edit(self) -> int: ...
    @property
    def edited_by(self) -> str: ...
    @property
    def from_day(self) -> str | None: ...


Version = TypeVar("Version", bound=Versioned)


def check_saved(draft: Versioned, edit: int, name: Said) -> None:
    """Raises Wrong for a form that was drawn from an older edit: nothing is overwritten."""
    if draft.edit != edit:
        raise Wrong(
            f"{draft.edited_by} 已在您之后保存过这份{name.zh}，您的改动没有保存。请核对后再保存",
            f"{draft.edited_by} has saved this {name.en} since; yours was not saved. Compare and save again",
            "edit",
        )


def check_approval(
    draft: Versioned, edit: int, by: str, from_day: date, today: date, others: Iterable[Versioned], name: Said
) -> None:
    """Raises Wrong: the draft was saved since the page was drawn, whoever edited it last approves nothing of his own, the day is
    over or before that of a version in force.
    """
    if draft.edit != edit:
        raise Wrong(f"{name.zh}刚被修改，请重新核对", f"the {name.en} was changed since; look at it again", "edit")
    if draft.edited_by == by:
        raise Wrong(
            f"编制人不能批准自己的{name.zh}，请由另一位负责人批准",
            f"whoever edited the {name.en} does not approve it: another person does",
            "by",
        )
    if from_day < today:
        raise Wrong("生效日期不能早于今天", f"the {name.en} comes in force today or later", "from_day")
    for other in others:
        if other.from_day is not None and other.from_day > from_day.isoformat():
            raise Wrong(
                f"第 {other.version} 版自 {other.from_day} 起生效，新版不能更早",
                f"version {other.version} is in force from {other.from_day}; a newer one is not earlier",
                "from_day",
            )


def in_force(versions: Iterable[Version], today: date) -> Version | None:
    """The one that binds that day; None: nothing was approved so far."""
    begun = (each for each in versions if each.from_day is not None and each.from_day <= today.isoformat())
    return max(begun, key=lambda each: (each.from_day or "", each.version), default=None)


def canonical(rows: Any) -> bytes:
    """The bytes whose SHA-256 an approval states: the value (of a dataclass, or several) as JSON, names sorted, no spaces, UTF-8."""
    value = [asdict(row) for row in rows] if isinstance(rows, Iterable) else asdict(rows)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest_of(rows: Any) -> str:
    """SHA-256, hexadecimal, over `canonical`."""
    return hashlib.sha256(canonical(rows)).hexdigest()
