"""Check-out at the dock: who is signed in takes a recorder that stands in a bay, and says so in the archive.

The dock cannot know who stands before it, and its own screen only shows. What stands where is what docks told the log (the
stays); whose it is from then on is a holding (`holdings`), which ends when the recorder is docked again (`returns`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import func, or_, select

from liuhen_protocol.moment import format_time, parse_time
from liuhen_server.acts import Act
from liuhen_server.custody.schema import stays
from liuhen_server.custody.stay_account import Account, Fate
from liuhen_server.custody.stay_reading import accounts_so_far
from liuhen_server.custody.stays import Stay, find_stay, stay_of
from liuhen_server.database import Connection
from liuhen_server.registry.fields import Mistakes
from liuhen_server.registry.holdings import Holding, end_holding, hand_out, holdings_of
from liuhen_server.registry.officers import Officer, find_officer
from liuhen_server.registry.recorders import Recorder, State, recorder_of_serial
from liuhen_server.registry.seen import dockings_of, last_seen

__all__ = ["TAKEN_WITHIN", "Ready", "Standing", "check_out", "put_back", "readiness", "standing_in", "why_not"]

TAKEN_WITHIN = timedelta(minutes=15)
"""So long after it left its bay a recorder can still be said to be taken from there."""

MOST_BAYS = 100
NEWEST = 2_000  # statements of a dock about its bays that are looked through for what is read


@dataclass(frozen=True, slots=True)
class Standing:
    """A recorder in a bay, or that was there a moment ago. `recorder` None: not in the register. `held`: by whom it is by the
    register; `last`: the officer (id) who had it before. `there`: it is in that bay still, or left it a moment ago.
    """

    stay: Stay
    recorder: Recorder | None
    held: Holding | None
    last: int | None
    there: bool

    @property
    def in_bay(self) -> bool:
        return self.there and self.stay.ended_time is None

    @property
    def stands_again(self) -> bool:
        """It was checked out from an earlier stay, and no docking since is a return by the dock's clock."""
        return (
            self.in_bay
            and self.held is not None
            and (self.held.stay or self.stay.docked_index) < self.stay.docked_index
        )


class Ready(StrEnum):
    """Whether a recorder may be taken, as far as the archive knows: it advises, and forbids nothing (people are called out)."""

    READY = "ready"  # cleared, or every file was read
    READING = "reading"
    FAILED = "failed"  # something could not be read
    UNSEEN = "unseen"  # it stands there for so long that nobody looks through all its dock said since: the lamp tells
    UNKNOWN = "unknown"  # a device without a profile: the dock keeps it
    OUT = "out"  # it has left the bay


def why_not(found: Standing, officer: Officer | None, day: date) -> str | None:
    """Why this officer cannot take it on that day, the first reason of the table (what is wrong with the recorder before what is wrong with
    the person); None: nothing stands against it.
    """
    recorder, held = found.recorder, found.held
    reasons = (
        ("check_out_unregistered", recorder is None),
        ("check_out_state", recorder is None or recorder.state is not State.IN_USE),
        ("check_out_moved", not found.there),
        ("check_out_no_officer", officer is None or not officer.active),
        ("check_out_agency", recorder is None or officer is None or officer.agency != recorder.agency),
        ("check_out_certificate", officer is None or not officer.certified(day)),
        ("check_out_yours", held is not None and officer is not None and held.officer == officer.id),
        ("check_out_held", held is not None),
    )
    return next((key for key, stands in reasons if stands), None)


async def standing_in(conn: Connection, dock: str, now: str) -> list[Standing]:
    """What stands in a dock's bays, and what left them a moment ago that nobody has said he took elsewhere; by bay."""
    just_now = format_time(parse_time(now) - TAKEN_WITHIN)
    query = select(stays).where(stays.c.dock == dock, or_(stays.c.ended_seq.is_(None), stays.c.ended_time >= just_now))
    rows = await conn.execute(query.order_by(stays.c.docked_index.desc()).limit(MOST_BAYS))
    found = await _standing(conn, [stay_of(row) for row in rows.mappings()], now)
    shown = [each for each in found if each.in_bay or (each.there and _of_here(each))]
    return sorted(shown, key=lambda each: (len(each.stay.bay), each.stay.bay, -each.stay.docked_index))


def _of_here(found: Standing) -> bool:
    return found.held is None or found.held.stay == found.stay.docked_index


async def _standing(conn: Connection, of: Sequence[Stay], now: str) -> list[Standing]:
    newest = await last_seen(conn, {stay.recorder for stay in of})
    in_bays = await _newest_in_bays(conn, {stay.dock for stay in of})
    just_now = format_time(parse_time(now) - TAKEN_WITHIN)
    found = []
    for stay in of:
        last = newest.get(stay.recorder)
        there = last is not None and last.docked_index == stay.docked_index
        if stay.ended_time is None:  # a dock that lost power never said so: what was docked there since tells it
            there = there and in_bays.get((stay.dock, stay.bay)) == stay.docked_index
        else:
            there = there and stay.ended_time >= just_now
        recorder = await recorder_of_serial(conn, stay.recorder)
        rows = await holdings_of(conn, recorder.id) if recorder is not None else []
        held = next((each for each in rows if each.until is None), None)
        before = [each.officer for each in rows if each is not held]
        if recorder is not None and not before:
            before = [each.officer for each in await dockings_of(conn, recorder, [stay]) if each.officer is not None]
        found.append(Standing(stay, recorder, held, before[-1] if before else None, there))
    return found


async def _newest_in_bays(conn: Connection, docks: Iterable[str]) -> dict[tuple[str, str], int]:
    query = select(stays.c.dock, stays.c.bay, func.max(stays.c.docked_index).label("newest"))
    rows = await conn.execute(query.where(stays.c.dock.in_(set(docks))).group_by(stays.c.dock, stays.c.bay))
    return {(row.dock, row.bay): row.newest for row in rows}


async def _one(act: Act, docked_index: int) -> Standing:
    stay = await find_stay(act.conn, docked_index)
    if stay is None:
        raise LookupError(docked_index)
    [found] = await _standing(act.conn, [stay], act.time)
    return found


async def check_out(act: Act, docked_index: int, officer_id: int | None, today: date) -> Holding:
    """An officer takes the recorder of this stay: a holding from now on, or from when it left its bay. Pressed twice it is one.
    Raises Mistakes (`recorder`: a key of `why_not`), LookupError for a stay that is none.
    """
    found = await _one(act, docked_index)
    officer = await find_officer(act.conn, officer_id) if officer_id is not None else None
    held, why = found.held, why_not(found, officer, today)
    if why == "check_out_yours" and held is not None and held.stay == docked_index:
        return held
    if why is not None or found.recorder is None or officer is None:
        raise Mistakes({"recorder": why or "check_out_unregistered"})
    left = min(act.time, found.stay.ended_time or act.time)
    before = [each.until for each in await holdings_of(act.conn, found.recorder.id) if each.until is not None]
    since = max([left, *(min(until, act.time) for until in before)])
    return await hand_out(act, found.recorder, Holding(found.recorder.id, officer.id, since, stay=docked_index))


async def put_back(act: Act, docked_index: int, officer_id: int | None) -> Holding:
    """What was checked out stands in the bay of this stay after all: pressed by mistake, or put back at once. `officer_id` None:
    whoever has it. That it stands there again after it was taken, anybody may say: a dock whose clock is behind makes no return of it.
    Raises Mistakes: it does not stand there, nobody or somebody else checked it out; LookupError.
    """
    found = await _one(act, docked_index)
    held = found.held
    own = officer_id is None or (held is not None and held.officer == officer_id)
    if held is None or held.stay is None or not (own or found.stands_again):
        raise Mistakes({"recorder": "check_out_not_yours"})
    if not found.in_bay:
        raise Mistakes({"recorder": "check_out_not_there"})
    return await end_holding(act, held.id, held.version, act.time)


async def readiness(conn: Connection, of: Sequence[Stay]) -> dict[int, Ready]:
    """Of stays at one dock, by docked_index. What the dock said is read once for all of them."""
    found = {stay.docked_index: _known(stay) for stay in of}
    open_ones = [stay for stay in of if found[stay.docked_index] is None]
    read = await accounts_so_far(conn, open_ones, NEWEST) if open_ones else {}
    return {index: ready or _by(read.get(index)) for index, ready in found.items()}


def _known(stay: Stay) -> Ready | None:
    """By the stay alone; None: its files tell."""
    if stay.ended_seq is not None:
        return Ready.OUT
    if stay.quarantined:
        return Ready.UNKNOWN
    return Ready.READY if stay.cleared else None


def _by(read: Account | None) -> Ready:
    if read is None:
        return Ready.UNSEEN
    if not read.whole or read.count(Fate.WAITING):
        return Ready.READING
    return Ready.FAILED if read.count(Fate.FAILED) else Ready.READY
