"""The state of one bay: one table, and the only function that moves along it.

Everything else (which files, how many bytes, which session) is beside the state, in the journal. The dock asks
`move(state, signal)` before it acts; a pair that is not in the table is a fault of the program and raises. What the table
promises: no path leads to `cleared` except through `receipted`, none leads out of `quarantined` but being taken away.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a bay is. The value is what the journal, statements and `--json` say."""

    ABSENT = "absent"  # nothing in the bay
    IDENTIFIED = "identified"  # a known recorder: serial, officer, clock are read
    UNLOCKED = "unlocked"  # it offers its disk, or will in a moment
    MOUNTED = "mounted"  # its volume can be read (in user space, nothing is mounted in the kernel)
    INVENTORIED = "inventoried"  # every file on it is named in statements
    COLLECTING = "collecting"  # files are being read
    COLLECTED = "collected"  # every file is in the spool, with a statement
    RECEIPTED = (
        "receipted"  # every file has a checked receipt of the archive, and all that was said of the stay is in its log
    )
    CLEARED = "cleared"  # the recorder was emptied
    READY = "ready"  # safe to take
    PULLED = "pulled"  # taken away before it was ready
    FAILED = "failed"  # something could not be read or done; nothing on the recorder was changed
    QUARANTINED = "quarantined"  # an unknown device: read, never written, never cleared


class Signal(StrEnum):
    """What happened to a bay."""

    KNOWN = "known"  # plugged in, and a profile fits
    UNKNOWN = "unknown"  # plugged in, and no profile fits; or what it is turned out to be doubtful
    DISK_OFFERED = "disk offered"
    VOLUME_OPENED = "volume opened"
    INVENTORY_STATED = "inventory stated"
    COLLECTION_BEGAN = "collection began"
    ALL_COLLECTED = "all collected"
    ALL_RECEIPTED = "all receipted"
    EMPTIED = "emptied"
    KEPT = "kept"  # its profile says it is never cleared: done with everything still on it
    DONE = "done"
    TAKEN = "taken"  # the device is gone from the bay
    BROKE = "broke"
    VACATED = "vacated"  # the stay is closed in the journal


TABLE: dict[tuple[State, Signal], State] = {
    (State.ABSENT, Signal.KNOWN): State.IDENTIFIED,
    (State.IDENTIFIED, Signal.DISK_OFFERED): State.UNLOCKED,
    (State.UNLOCKED, Signal.VOLUME_OPENED): State.MOUNTED,
    (State.MOUNTED, Signal.INVENTORY_STATED): State.INVENTORIED,
    (State.INVENTORIED, Signal.COLLECTION_BEGAN): State.COLLECTING,
    (State.COLLECTING, Signal.ALL_COLLECTED): State.COLLECTED,
    (State.COLLECTED, Signal.ALL_RECEIPTED): State.RECEIPTED,
    (State.RECEIPTED, Signal.EMPTIED): State.CLEARED,
    (State.RECEIPTED, Signal.KEPT): State.READY,
    (State.CLEARED, Signal.DONE): State.READY,
    (State.READY, Signal.TAKEN): State.ABSENT,
    (State.PULLED, Signal.VACATED): State.ABSENT,
    (State.FAILED, Signal.VACATED): State.ABSENT,
    (State.QUARANTINED, Signal.VACATED): State.ABSENT,
    # An unknown device is read all the same; its bay stays in quarantine through all of it.
    (State.QUARANTINED, Signal.DISK_OFFERED): State.QUARANTINED,
    (State.QUARANTINED, Signal.VOLUME_OPENED): State.QUARANTINED,
    (State.QUARANTINED, Signal.INVENTORY_STATED): State.QUARANTINED,
    (State.QUARANTINED, Signal.COLLECTION_BEGAN): State.QUARANTINED,
    (State.QUARANTINED, Signal.ALL_COLLECTED): State.QUARANTINED,
    (State.QUARANTINED, Signal.ALL_RECEIPTED): State.QUARANTINED,
}
ENDED = frozenset({State.PULLED, State.FAILED, State.QUARANTINED})
WORKING = frozenset(State) - ENDED - {State.READY}
for _state in WORKING:  # from every state
    if _state is not State.ABSENT:
        TABLE[_state, Signal.TAKEN] = State.PULLED
    TABLE[_state, Signal.BROKE] = State.FAILED
    TABLE[_state, Signal.UNKNOWN] = State.QUARANTINED
TABLE[State.QUARANTINED, Signal.TAKEN] = State.PULLED
TABLE[State.QUARANTINED, Signal.BROKE] = State.FAILED
TABLE[State.FAILED, Signal.TAKEN] = State.PULLED


class NotPossible(Exception):
    """A signal that cannot come in a state: a fault of the program."""


def move(state: State, signal: Signal) -> State:
    """The state after a signal. Raises NotPossible for a pair that is not in the table."""
    try:
        return TABLE[state, signal]
    except KeyError:
        raise NotPossible(f"a bay that is {state.value} cannot take the signal “{signal.value}”") from None


def is_premature(state: State, *, everything_receipted: bool) -> bool:
    """Whether taking the device away now leaves footage on it that the archive does not have. A quarantined device is
    never emptied, so there only the receipts count."""
    if state is State.QUARANTINED:
        return not everything_receipted
    return state not in (State.READY, State.ABSENT)
