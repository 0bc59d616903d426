"""The dock's side of clearing: leave the order in the journal, have the helper do it, read what it says.

The helper is a unit of its own behind a Unix socket that is told the id of the stay and nothing else, or, where there is no such socket, a
child process. It has no time limit of ours: it may be writing. Should it end with the dock, or the recorder be taken away meanwhile, nothing
is lost (only receipted files were to go) and clearing is completed when the recorder is docked again.

What it says is believed only if it does not contradict itself or the journal: a recorder counts as cleared when the helper names this stay,
this method and exactly the files that were collected in it.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from liuhen_agent.clear import format, order
from liuhen_agent.clear.wipe import Outcome
from liuhen_agent.journal import FileState, Journal, queries
from liuhen_protocol.digest import is_digest
from liuhen_protocol.events import ReceiptRef, RecorderCleared

RECEIPTS_PER_STATEMENT = 400
"""A statement with so many receipts stays well under DSSE's 65,535 bytes."""


MOST_ANSWER = 64 << 20
"""Bytes of an answer: a line per file of the largest inventory, many times over."""
_CODE = re.compile(r"[a-z][a-z-]{0,39}")


class Contradicts(ValueError):
    """The helper's answer is not to be believed, and why."""


async def clear(journal: Journal, data_dir: Path, what: order.Order, helper: Path | None = None) -> Outcome:
    """Has the recorder of `what` cleared, or learns why not. `helper`: the socket of the wipe helper's unit; None: a child process."""
    await journal.change(order.kept(what))
    try:
        output, ended = await (_child(data_dir, what.session) if helper is None else _unit(helper, what.session))
    except OSError as error:
        where = helper or "its program"
        return _crashed(
            what, f"the wipe helper cannot be reached ({where}: {error.strerror}); is liuhen-wipe.socket running?"
        )
    files = await journal.ask(queries.files, what.session)
    collected = [file.sha256 for file in files if file.state is FileState.COLLECTED and file.sha256 is not None]
    try:
        outcome = read_answer(output, what, collected)
    except Contradicts as error:
        return _crashed(what, f"the wipe helper {ended}: {error}")
    if ended == NOT_WELL and outcome.cleared:
        return _crashed(what, "the wipe helper contradicts itself: it ended as failed and says that it cleared")
    return outcome


WELL, NOT_WELL, ANSWERED = "left with 0", "left with 1", "answered"


async def _child(data_dir: Path, session: str) -> tuple[bytes, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "liuhen_agent.clear",
        str(data_dir),
        session,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    output, errors = await process.communicate()
    if process.returncode in (0, 1) and output:
        return output, WELL if process.returncode == 0 else NOT_WELL
    return b"", f"ended with {process.returncode} ({errors.decode(errors='replace').strip()[-500:]})"


async def _unit(helper: Path, session: str) -> tuple[bytes, str]:
    """Asks once. That the helper was gone in the middle shows in the answer, which then is not whole. Raises OSError when there is none."""
    reader, writer = await asyncio.open_unix_connection(helper)
    try:
        answer = b""
        try:
            writer.write(session.encode() + b"\n")
            writer.write_eof()
            while len(answer) <= MOST_ANSWER and not answer.endswith(b"\n") and (piece := await reader.read(1 << 16)):
                answer += piece  # one line; the unit may take its time to end after it
        except ConnectionError as error:
            return b"", f"broke off ({error.strerror})"
        return answer, ANSWERED
    finally:
        writer.close()


async def greet(helper: Path) -> None:
    """Asks the unit about no stay at all, which it must refuse: so it is seen that it answers. Raises OSError, ValueError."""
    output, ended = await _unit(helper, "")
    try:
        code = json.loads(output)["code"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{helper} {ended} with {len(output)} bytes that are no answer") from error
    if code != "wrong-use":
        raise ValueError(f"{helper} answers {code!r} to a question about no stay")


def read_answer(answer: bytes, what: order.Order, collected: Collection[str]) -> Outcome:
    """The helper's one JSON object. `collected`: the digests of the stay's files, as often as they occur. Raises Contradicts."""
    if len(answer) > MOST_ANSWER:
        raise Contradicts(f"its answer has more than {MOST_ANSWER} bytes")
    try:
        fields = json.loads(answer)
        files = tuple((sha256, index) for sha256, index in fields.pop("files"))
        outcome = Outcome(files=files, **fields)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Contradicts(f"its answer of {len(answer)} bytes cannot be read ({type(error).__name__})") from error
    if not _is_typed(outcome):
        raise Contradicts("its answer is not of the form that was agreed")
    if outcome.session != what.session:
        raise Contradicts("it speaks of another stay")
    if not outcome.cleared:
        if not _CODE.fullmatch(outcome.code) or outcome.files:
            raise Contradicts("it contradicts itself: not cleared, and yet without a reason or with files that went")
        return outcome
    if outcome.code or outcome.why or outcome.method != what.method.value:
        raise Contradicts(
            "it contradicts itself: cleared, and yet with a reason why not or in another way than was ordered"
        )
    if Counter(sha256 for sha256, _ in outcome.files) != Counter(collected):
        raise Contradicts("it says that other files went than were collected in this stay")
    return outcome


def _is_typed(outcome: Outcome) -> bool:
    return (
        isinstance(outcome.cleared, bool)
        and type(outcome.removed) is int
        and outcome.removed >= 0
        and all(isinstance(text, str) for text in (outcome.session, outcome.method, outcome.code, outcome.why))
        and all(
            isinstance(sha256, str) and is_digest(sha256) and type(index) is int and index >= 0
            for sha256, index in outcome.files
        )
    )


def _crashed(what: order.Order, why: str) -> Outcome:
    return Outcome(what.session, False, what.method.value, 0, (), "crashed", why)


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
