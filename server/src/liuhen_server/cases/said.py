"""A sentence in the archive's two languages, and the error that says what a person typed wrongly."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Said", "Wrong"]


@dataclass(frozen=True, slots=True)
class Said:
    """Chinese first, English second. What people wrote themselves stands in both as they wrote it."""

    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


class Wrong(ValueError):
    """Something a person gave that cannot be taken: `said` is for him, `field` the place in his form, where there is one."""

    def __init__(self, zh: str, en: str, field: str = "") -> None:
        super().__init__(f"{zh} / {en}")
        self.said = Said(zh, en)
        self.field = field
