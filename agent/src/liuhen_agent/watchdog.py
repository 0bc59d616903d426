"""Whether the dock gets on, bay by bay and loop by loop: what its watchdog at systemd is fed with. Pure but for `Watchdog.look`.

The loops say themselves what they do (`liuhen_files.pulse`). A bay is judged by what people see of it: in each state that is work of the
dock's own something must change within the state's term (bytes count), else the bay is stuck. Not stuck is who

    waits for a person, the archive or a recorder that is to be taken      states without a term
    waits for room on the disk                                             as its note says
    waits for its turn                                                     as many others are being read as may be at once
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from liuhen_agent.bay import State
from liuhen_agent.progress import BayView
from liuhen_files.pulse import Doing, Pulse, sentence, stuck

TERMS: dict[State, float] = {
    State.IDENTIFIED: 600.0,  # a slow line, a clock that is set
    State.UNLOCKED: 900.0,  # it comes back as a disk within what its profile gives it
    State.MOUNTED: 600.0,  # an inventory of tens of thousands of files is stated
    State.INVENTORIED: 120.0,
    State.COLLECTING: 300.0,
    State.RECEIPTED: 1_200.0,  # the wipe helper waits for another one, makes a file system, lists the card again
    State.CLEARED: 120.0,
    State.QUARANTINED: 600.0,  # it is read as well; ends with its last file
}
"""Seconds without any change, by state. States that are not here wait for somebody else."""

READ = (State.COLLECTING, State.QUARANTINED)


@dataclass(frozen=True)
class Seen:
    """What a bay showed. `moved`: since when (seconds of a clock that only goes forward) it shows nothing else; `since`: from when that counts
    as its own standstill, which is later for one that waited for its turn."""

    mark: tuple[object, ...]
    moved: float
    since: float


def look_at(views: Sequence[BayView], before: Mapping[str, Seen], now: float, *, readers: int) -> dict[str, Seen]:
    """What all bays show now; who shows the same as before keeps the moment. `readers`: how many are read at once."""
    found = {}
    for view in views:
        mark = (view.state, view.session, view.read_bytes, view.files, view.collected, view.failed, view.note)
        known = before.get(view.bay)
        found[view.bay] = known if known is not None and known.mark == mark else Seen(mark, now, now)
    for view in views:
        if _waits_for_its_turn(view, views, found, now, readers):
            found[view.bay] = replace(found[view.bay], since=now)
    return found


def _waits_for_its_turn(
    view: BayView, views: Sequence[BayView], seen: Mapping[str, Seen], now: float, readers: int
) -> bool:
    """As many others as may be read at once are being read: they moved within their term."""
    others = [each for each in views if each.bay != view.bay and each.state in READ]
    moving = [each for each in others if now - seen[each.bay].moved < TERMS[each.state]]
    return view.state in READ and len(moving) >= readers


def doing(views: Sequence[BayView], seen: Mapping[str, Seen], waiting: str) -> list[Doing]:
    """What each bay does, with its term where it has one. `waiting`: the note of a bay that waits for room."""
    said = []
    for view in views:
        read = view.state is State.QUARANTINED and view.collected + view.failed >= view.files > 0
        full = view.state in READ and view.note == waiting
        term = None if read or full else TERMS.get(view.state)
        said.append(Doing(f"bay {view.bay}", view.state.value, seen[view.bay].since, term))
    return said


@dataclass
class Watchdog:
    """Remembers what the bays showed. `ask`: a question to the journal, which shows that its thread works."""

    pulse: Pulse
    views: Callable[[], Sequence[BayView]]
    ask: Callable[[], Awaitable[object]]
    readers: int
    waiting: str
    seen: Mapping[str, Seen]

    async def look(self) -> str | None:
        """What is stuck, in words; None when the dock gets on. Raises what the journal raises."""
        await self.ask()
        now, views = self.pulse.now(), self.views()
        self.seen = look_at(views, self.seen, now, readers=self.readers)
        parts = [*self.pulse.parts(), *doing(views, self.seen, self.waiting)]
        found = stuck(parts, now)
        return sentence(found, now) if found else None


def status(views: Sequence[BayView]) -> str:
    """The dock in one line for `systemctl status`."""
    held = [view for view in views if view.state is not State.ABSENT]
    said = ", ".join(f"{view.bay} {view.state.value}" for view in held) or "—"
    return f"槽位 bays: {said}"
