"""HTTP ranges (RFC 9110 section 14): which bytes a player asked for. Pure."""

import re
from dataclasses import dataclass

__all__ = ["Part", "Unsatisfiable", "wanted"]

_ONE_RANGE = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*\Z", re.ASCII | re.IGNORECASE)


class Unsatisfiable(Exception):
    """Nothing of this file lies in the range: 416."""


@dataclass(frozen=True)
class Part:
    """`length` bytes from `start`; `whole` when no range was asked for."""

    start: int
    length: int
    whole: bool

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def wanted(header: str | None, size: int, *, unchanged: bool = True) -> Part:
    """The part of a file of `size` bytes that a `Range` header asks for.

    A header that is no byte range, or asks for several at once, is ignored as RFC 9110 14.2 allows: the whole file.
    So is any when `unchanged` is False (an If-Range that names another version). Raises `Unsatisfiable`.
    """
    whole = Part(0, size, whole=True)
    match = _ONE_RANGE.match(header or "")
    if match is None or not unchanged or match[0].count("-") != 1 or len(header or "") > 60:
        return whole
    first, last = match[1], match[2]
    if not first and not last:
        return whole
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise Unsatisfiable
        return Part(size - length, length, whole=False)
    if last and int(last) < int(first):
        return whole
    start = int(first)
    if start >= size:
        raise Unsatisfiable
    end = min(int(last), size - 1) if last else size - 1
    return Part(start, end - start + 1, whole=False)
