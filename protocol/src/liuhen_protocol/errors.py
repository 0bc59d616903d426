"""The two ways in which something that was handed in can be wrong.

`Malformed`  the bytes are not of the format: nobody can say anything about them.
`Refused`    the bytes are of the format and a rule does not hold: its `code` names the rule and its vector file.
"""

from __future__ import annotations


class Malformed(ValueError):
    """Bytes that are not of the format they should be. The text says what, and which part."""


class Refused(Exception):
    """A rule that does not hold. `code` is short and stable (`bad-signature`), `why` is a sentence for people."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{why} [{code}]")
        self.code = code
        self.why = why
