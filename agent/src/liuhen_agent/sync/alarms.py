"""Alarms the dock raises about the archive, and which of them forbid clearing.

An alarm is a statement in the dock's chain (so that it is in the log, where nobody can take it back) and a standing mark in the
journal until a person settles it. The same alarm is said once, not at every attempt.
"""

from __future__ import annotations

from datetime import datetime

from liuhen_agent.clock import write_time
from liuhen_agent.journal import Journal, changes, queries
from liuhen_agent.plain_text import one_line
from liuhen_protocol.events import DockAlarm

SPLIT_VIEW = "split-view"
"""Two checkpoints of the log that cannot both be true."""
ROLLED_BACK = "rolled-back"
"""The log is shorter than it was."""
CHAIN_CUT = "chain-cut"
"""The archive has less of this dock's chain than it acknowledged."""
CHAIN_FORKED = "chain-forked"
"""The archive has another statement than this dock at the same place of the chain."""
JOURNAL_BEHIND = "journal-behind"
"""The archive has more of this chain than this journal: the journal was restored from an old copy, or somebody has our key."""
RECEIPTED_CLIP_MISSING = "receipted-clip-missing"
"""The archive does not show a clip any more for which it gave a receipt."""
RECEIPTS_WITHHELD = "receipts-withheld"
"""The archive refuses to show receipts it gave: neither that the clips are there, nor that they are not."""
ENTRY_REFUSED = "entry-refused"
UPLOAD_REFUSED = "upload-refused"
SPOOL_DAMAGED = "spool-damaged"
RECEIPT_REFUSED = "receipt-refused"
ARCHIVE_FULL = "archive-full"
"""The archive has no room for a clip. Nothing is lost, and nothing is cleared, until somebody makes room."""
POLICY_OFFERED = "policy-offered"
CERTIFICATE = "certificate"

HALTING = frozenset({SPLIT_VIEW, ROLLED_BACK, CHAIN_CUT, CHAIN_FORKED, JOURNAL_BEHIND, RECEIPTED_CLIP_MISSING})
"""While one of these stands the archive cannot be believed, and no recorder is cleared."""

_DETAIL_LIMIT = 2000


async def raise_alarm(journal: Journal, code: str, detail: str, now: datetime, session: str | None = None) -> None:
    """Says the alarm in the chain and marks it, unless it stands already."""
    if any(alarm.code == code for alarm in await journal.ask(queries.alarms)):
        return
    detail = one_line(detail, _DETAIL_LIMIT)  # the archive's own words may be in it
    await journal.append(
        DockAlarm(code=code, detail=detail, session=session),
        changes=[changes.AlarmRaised(code, detail, write_time(now))],
    )
