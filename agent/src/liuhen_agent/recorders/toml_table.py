"""A strict TOML table: what nobody asked for is unknown, and every complaint knows its file and line.

Complaints are collected, so that a checker can show all of them at once; what is wrong reads as something harmless
until then. Nothing of a table may be used while `Complaints.found` is not empty.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field


class ProfileError(ValueError):
    """A profile that cannot be used: says file, line, key and what is wrong."""

    def __init__(self, file: str, line: int | None, key: str, why: str) -> None:
        at = f"{file}:{line}" if line else file
        super().__init__(f"{at}: {key}: {why}")
        self.file, self.line, self.key, self.why = file, line, key, why


@dataclass
class Complaints:
    """What is wrong with one file, and where its keys stand."""

    file: str
    text: str
    found: list[ProfileError] = field(default_factory=list)

    def say(self, section: str, key: str, why: str) -> None:
        name = f"{section}.{key}" if section else key
        self.found.append(ProfileError(self.file, self._line(section, key), name, why))

    def _line(self, section: str, key: str) -> int | None:
        """The line of a key or of its own table's head; of the head it should stand under where it is missing."""
        inside, wanted, head_line = "", f"{section}.{key}" if section else key, None
        for number, line in enumerate(self.text.splitlines(), 1):
            if head := re.match(r"\s*\[\s*([^\]]+?)\s*\]", line):
                inside = head.group(1).replace('"', "")
                if inside == wanted or inside.startswith(f"{wanted}."):
                    return number
                if inside == section:
                    head_line = number
            elif inside == section and re.match(rf'\s*"?{re.escape(key)}"?\s*[=.]', line):
                return number
        return head_line


def read_toml(text: str, file: str) -> tuple[Table, Complaints]:
    """The file's top table. Raises ProfileError if it is no TOML."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        raise ProfileError(file, int(found.group(1)) if found else None, "TOML", str(error)) from error
    complaints = Complaints(file, text)
    return Table(content, complaints, ""), complaints


class Table:
    """One table, read key by key. A getter without a default complains when the key is missing."""

    def __init__(self, content: dict[str, object], complaints: Complaints, name: str) -> None:
        self._content, self._complaints, self._name = content, complaints, name
        self._asked: set[str] = set()

    def complain(self, key: str, why: str) -> None:
        self._complaints.say(self._name, key, why)

    def has(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._content

    def keys(self) -> list[str]:
        return list(self._content)

    def _get(self, key: str, kind: type | tuple[type, ...], must: str, default: object) -> object:
        if not self.has(key):
            if default is ...:
                self.complain(key, "is missing")
            return default
        value = self._content[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            self.complain(key, must)
            return default
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """Never empty, unless the default is."""
        value = self._get(key, str, "must be a text", ... if default is None else default)
        if value == "" and default != "":
            self.complain(key, "must be a text that is not empty")
        return value if isinstance(value, str) else ""

    def maybe(self, key: str) -> str | None:
        return self.text(key) if self.has(key) else None

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        value = self._get(key, (list, tuple), "must be a list of texts", ... if default is None else default)
        if not isinstance(value, list | tuple):
            return ()
        if not all(isinstance(item, str) and item for item in value):
            self.complain(key, "must be a list of texts")
            return ()
        return tuple(str(item) for item in value)

    def truth(self, key: str, default: bool | None = None) -> bool:
        value = self._get(key, bool, "must be true or false", ... if default is None else default)
        return value is True

    def number(self, key: str, default: int | None, least: int, most: int) -> int:
        """`default` None: the key must be there."""
        value = self._get(key, int, "must be a whole number", ... if default is None else default)
        if not isinstance(value, int):
            return least
        if not least <= value <= most:
            self.complain(key, f"must be between {least} and {most}")
            return least
        return value

    def maybe_number(self, key: str, least: int, most: int) -> int | None:
        return self.number(key, None, least, most) if self.has(key) else None

    def seconds(self, key: str, default: float, most: float) -> float:
        value = self._get(key, (int, float), "must be a number of seconds", default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
            self.complain(key, f"must be a number of seconds, more than 0 and at most {most:g}")
            return default
        return float(value)

    def one_of(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self._get(key, str, f"must be one of {', '.join(allowed)}", ... if default is None else default)
        if not isinstance(value, str):
            return allowed[0]
        if value not in allowed:
            self.complain(key, f"must be one of {', '.join(allowed)}")
            return allowed[0]
        return value

    def pattern(self, key: str, default: str | None = None) -> re.Pattern[str] | None:
        """A regular expression; None where there is none, or a wrong one."""
        if not self.has(key) and default is None:
            return None
        return self.compiled(key, self.text(key, default))

    def compiled(self, key: str, source: str, flags: int = 0) -> re.Pattern[str] | None:
        try:
            return re.compile(source, flags)
        except re.error as error:
            self.complain(key, f"{source!r} is not a pattern: {error}")
            return None

    def table(self, key: str) -> Table:
        """The table below; empty and complained about if it is missing."""
        value = self._get(key, dict, "must be a table", ...)
        return Table(value if isinstance(value, dict) else {}, self._complaints, self._below(key))

    def maybe_table(self, key: str) -> Table | None:
        return self.table(key) if self.has(key) else None

    def refuse_unknown(self) -> None:
        for key in self._content:
            if key not in self._asked:
                self.complain(key, "unknown key")

    def _below(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key
