"""A path of a recorder as text that can be shown, stored and signed, one to one with the bytes on the card.

Never a path on the dock: spool files are named by digest. What is not printable UTF-8 becomes %XX per byte, "%" becomes
%25, and a component that is empty, "." or ".." is escaped whole, so that no reader can take it for a way upwards.
"""

from __future__ import annotations

MAX_PATH_BYTES = 4096  # longer ones are not listed but reported: a statement has at most 65,535 bytes


def safe_path(raw: bytes) -> str:
    """`raw`: components joined by "/", undecoded. Different bytes give different texts."""
    return "/".join(_component(part) for part in raw.split(b"/"))


def _component(part: bytes) -> str:
    if part in (b".", b".."):
        return "%2E" * len(part)
    if part.isascii() and b"%" not in part:
        text = part.decode("ascii")
        if text.isprintable() and "\\" not in text:
            return text
    pieces = []
    for char in part.decode("utf-8", "surrogateescape"):
        if char.isprintable() and char not in "%\\":
            pieces.append(char)
        else:  # control and format characters, lone bytes
            pieces.extend(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))
    return "".join(pieces)
