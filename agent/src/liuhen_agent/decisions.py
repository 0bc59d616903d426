"""What a person decides at the dock: that the reason of an alarm is settled, and that an offered policy is to be trusted.

Both are said in the dock's chain, with the person's reason, as a `dock.alarm` of the code "settled": before an offered policy takes
effect, and in one transaction with the alarm that goes. So an alarm never goes quietly, and a verifier sees who dismissed a
witness and when. The dock must not run meanwhile: its journal has one writer.
"""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from pathlib import Path

from liuhen_agent import refused_passwords
from liuhen_agent.clock import ReadClock, read_system_clock
from liuhen_agent.dock import opened_journal
from liuhen_agent.identity import store
from liuhen_agent.journal import Change, changes, queries
from liuhen_agent.sync.alarms import ENTRY_REFUSED, POLICY_OFFERED
from liuhen_files import durable
from liuhen_protocol.errors import Malformed
from liuhen_protocol.events import DockAlarm
from liuhen_protocol.policy import Policy

SETTLED = "settled"
"""The code of the `dock.alarm` that says so; its detail is "<code of the alarm>: <reason>"."""

MOST_REASON = 1000
"""Characters of a reason."""


class NotDecided(Exception):
    """Nothing was decided and nothing changed: what is missing or wrong."""


async def settle(data_dir: Path, code: str, reason: str, read_clock: ReadClock = read_system_clock) -> None:
    """Takes the alarm down. Statements the archive had refused are tried again when that was the alarm; an offered policy is declined
    and goes; passwords that recorders had refused (no alarm of the dock, but settled like one) may be sent once more. The dock looks for
    itself: what is not settled raises its alarm again. Raises NotDecided, and what `opened_journal` raises."""
    said = DockAlarm(code=SETTLED, detail=f"{code}: {_checked(reason)}", session=None)
    made: list[Change] = [changes.AlarmCleared(code)]
    if code == ENTRY_REFUSED:
        made.append(changes.RefusalsForgotten())
    async with opened_journal(data_dir, read_clock) as journal:
        standing = [alarm.code for alarm in await journal.ask(queries.alarms)]
        if refused := await journal.ask(queries.notes, refused_passwords.NOTE):
            standing.append(refused_passwords.CODE)
        if code not in standing:
            raise NotDecided(f"没有此报警 no alarm is called {code}; 现有 standing: {', '.join(standing) or '无 none'}")
        if code == refused_passwords.CODE:
            made.append(changes.NotesForgotten(tuple(refused)))
        await journal.append(said, changes=made)
    if code == POLICY_OFFERED:
        durable.remove(store.Paths(data_dir).offered_policy)


@dataclass(frozen=True)
class Policies:
    """The policy in force and the one that is offered (None: none), as texts."""

    in_force: str
    offered: str | None

    def difference(self) -> list[str]:
        """Lines that go (-) and come (+); nothing without an offer."""
        if self.offered is None:
            return []
        lines = difflib.unified_diff(self.in_force.splitlines(), self.offered.splitlines(), n=1000, lineterm="")
        return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def policies(data_dir: Path) -> Policies:
    """Reads both. Raises NotEnrolled, OSError."""
    store.load(data_dir)
    paths = store.Paths(data_dir)
    offered = paths.offered_policy.read_bytes().decode("utf-8", "replace") if paths.offered_policy.exists() else None
    return Policies(paths.policy.read_bytes().decode("utf-8", "replace"), offered)


async def accept_policy(data_dir: Path, reason: str, read_clock: ReadClock = read_system_clock) -> str:
    """Says so in the chain, then puts the offered policy in force; gives its SHA-256. A crash in between leaves the old one in force,
    and accepting can be repeated. Raises NotDecided, and what `opened_journal` raises."""
    why = _checked(reason)
    paths = store.Paths(data_dir)
    identity = store.load(data_dir)
    async with opened_journal(data_dir, read_clock) as journal:
        try:
            data = paths.offered_policy.read_bytes()
            policy = Policy.parse(data)
        except FileNotFoundError:
            raise NotDecided("没有待接受的策略 no policy is offered") from None
        except Malformed as error:
            raise NotDecided(f"所提供的策略无法读取 the offered policy cannot be read: {error}") from error
        if all(log.key != identity.log_key for log in policy.logs):
            raise NotDecided(
                f"所提供的策略不含本站登记的日志 the offered policy does not name the log {identity.log_key.name} with the key this"
                " dock enrolled with; to follow another log, enrol again"
            )
        if await journal.ask(queries.last_sequence) is None:
            raise NotDecided("链条尚未开始 this dock's chain has not begun: run it once first")
        digest = hashlib.sha256(data).hexdigest()
        await journal.append(
            DockAlarm(SETTLED, f"{POLICY_OFFERED}: accepted the policy with SHA-256 {digest}: {why}", None),
            changes=[changes.AlarmCleared(POLICY_OFFERED)],
        )
        durable.replace(paths.policy, data, mode=0o640)
        durable.remove(paths.offered_policy)
    return digest


def _checked(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason:
        raise NotDecided("须写明理由 a reason is needed: it stays in the log for ever")
    if len(reason) > MOST_REASON:
        raise NotDecided(f"理由过长 the reason is longer than {MOST_REASON} characters")
    return reason
