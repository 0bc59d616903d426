"""What the forms of the registry have in common: mistakes told all at once, and two people at one row."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

__all__ = ["Mistakes", "Outdated", "line"]


class Mistakes(ValueError):
    """What is wrong with a form: field → key of its sentence (`mistake.<key>` of the page texts)."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(", ".join(f"{field}: {key}" for field, key in fields.items()))
        self.fields = dict(fields)


class Outdated(Exception):
    """The row was saved by somebody else since the form was drawn; `version` is what it has now. Nothing was changed."""

    def __init__(self, version: int) -> None:
        super().__init__(f"saved meanwhile as version {version}")
        self.version = version


def line(given: str, most: int, field: str, wrong: dict[str, str], *, empty: bool = False) -> str:
    """One line of text as people write it: trimmed, NFC, nothing invisible. Says in `wrong` what is not so."""
    text = unicodedata.normalize("NFC", given).strip()
    if not text and not empty:
        wrong[field] = "empty"
    elif len(text) > most:
        wrong[field] = "too_long"
    elif not text.isprintable():
        wrong[field] = "invisible"
    return text
