"""Whose a folder is: root that writes into somebody else's leaves files there with which its owner can do nothing."""

from __future__ import annotations

import pwd
from pathlib import Path


def other_owner(folder: Path, user: int) -> str | None:
    """Whose folder it is, as `runuser -u` takes it, when root (`user` 0) is about to write into somebody else's; else None, also where
    there is no such folder yet.
    """
    try:
        owner = folder.stat().st_uid
    except FileNotFoundError:
        return None
    if user != 0 or owner == 0:
        return None
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"'#{owner}'"
