"""What the dock leaves in its journal for the wipe helper: where the recorder is, and how its profile clears it.

The order gives no permission: the helper decides by `rule` alone. It never names a path outside the bay's folder.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from liuhen_agent.clear.rule import Method
from liuhen_agent.detect import Backend, Port
from liuhen_agent.journal import changes, queries

_NOTE = "clear:"


class OrderUnusable(Exception):
    """There is no order for this stay, or it cannot be followed."""


@dataclass(frozen=True)
class Order:
    """`folder`: the bay's own folder; `target`: the disk image or block node inside it, or the folder itself (backend directory)."""

    session: str
    backend: Backend
    folder: Path
    target: Path
    method: Method

    def __post_init__(self) -> None:
        inside = self.target == self.folder if self.backend == "directory" else self.target.parent == self.folder
        if not inside or not self.folder.is_absolute() or ".." in self.target.parts:
            raise OrderUnusable(f"{self.target} is not in the bay's folder {self.folder}")


def of_port(session: str, port: Port, method: Method) -> Order:
    """The order for what is in a bay now. Raises OrderUnusable when there is no disk and no folder to clear."""
    target = port.directory if port.backend == "directory" else port.disk
    if target is None:
        raise OrderUnusable(f"bay {port.bay}: there is no disk and no folder that could be cleared")
    return Order(session, port.backend, port.folder.absolute(), target.absolute(), method)


def kept(order: Order) -> changes.NoteKept:
    """The change that puts the order into the journal."""
    fields = {
        "backend": order.backend,
        "folder": str(order.folder),
        "target": str(order.target),
        "method": order.method.value,
    }
    return changes.NoteKept(_NOTE + order.session, json.dumps(fields, ensure_ascii=False).encode())


def read(db: sqlite3.Connection, session: str) -> Order:
    """Raises OrderUnusable."""
    note = queries.note(db, _NOTE + session)
    if note is None:
        raise OrderUnusable(f"the journal has no order to clear the recorder of the stay {session}")
    try:
        fields = json.loads(note)
        backend = fields["backend"]
        if backend not in get_args(Backend):
            raise ValueError(f"backend {backend!r}")
        return Order(session, backend, Path(fields["folder"]), Path(fields["target"]), Method(fields["method"]))
    except (ValueError, KeyError, TypeError) as error:
        raise OrderUnusable(f"the order for the stay {session} cannot be read ({error})") from error
