"""The dock's side of clearing: leave the order in the journal, run the helper as a process of its own, read what it says.

The helper has no time limit of ours: it may be writing. Should it end with the dock, or the recorder be taken away meanwhile, nothing is
lost (only receipted files were to go) and clearing is completed when the recorder is docked again.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from liuhen_agent.clear import format, order
from liuhen_agent.clear.wipe import Outcome
from liuhen_agent.journal import Journal
from liuhen_protocol.events import ReceiptRef, RecorderCleared

RECEIPTS_PER_STATEMENT = 400
"""A statement with so many receipts stays well under DSSE's 65,535 bytes."""


async def clear(journal: Journal, data_dir: Path, what: order.Order) -> Outcome:
    """Has the recorder of `what` cleared, or learns why not."""
    await journal.change(order.kept(what))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "liuhen_agent.clear",
        str(data_dir),
        what.session,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    output, errors = await process.communicate()
    try:
        fields = json.loads(output)
        files = tuple((str(sha256), int(index)) for sha256, index in fields.pop("files"))
        outcome = Outcome(files=files, **fields)
    except (ValueError, KeyError, TypeError):
        said = errors.decode(errors="replace").strip()[-500:]
        return Outcome(
            what.session,
            False,
            what.method.value,
            0,
            (),
            "crashed",
            f"the wipe helper ended with {process.returncode}: {said}",
        )
    if outcome.cleared != (process.returncode == 0) or outcome.session != what.session:
        return Outcome(what.session, False, what.method.value, 0, (), "crashed", "the wipe helper contradicts itself")
    return outcome


def interrupted_stay(data_dir: Path, disk: Path, label: str) -> str | None:
    """The stay in which clearing this very recorder began and was not completed, None when there is none. Blocking; only reads.

    Such a card may list as empty and be half written all the same. `label` is what it lists as: cards of one model may share a boot
    sector. Raises FormatFailed for a damaged plan, OSError.
    """
    plans = sorted((data_dir / "clear").glob("*.plan"))
    if not plans:
        return None
    opened = os.open(disk, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        kept = ((path.stem, format.load(path)) for path in plans)
        return next((stay for stay, plan in kept if plan and plan.label == label and plan.fits(opened)), None)
    finally:
        os.close(opened)


def statements(outcome: Outcome, recorder: str) -> list[RecorderCleared]:
    """What to say in the chain of a cleared recorder; several parts for a long list."""
    files = outcome.files
    parts = [files[at : at + RECEIPTS_PER_STATEMENT] for at in range(0, len(files), RECEIPTS_PER_STATEMENT)] or [()]
    return [
        RecorderCleared(
            session=outcome.session,
            recorder=recorder,
            method=outcome.method,
            part=number,
            parts=len(parts),
            receipts=tuple(ReceiptRef(sha256=sha256, index=index) for sha256, index in part),
        )
        for number, part in enumerate(parts, start=1)
    ]
