"""What every scene works with: the county on this machine, the emulated dock, the recorders, and waits that end.

Everything is judged from outside: by the archive's log and store, and by what is left on the recorders' images. The dock's own
`status.json` only says when it is time to go on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from house.county import County
from house.hil.archive_view import ArchiveView
from house.hil.bays import UsbBay
from house.hil.cards import Card, files_left, make_card
from house.hil.guest import Guest, GuestError, GuestHangs
from house.hil.guest import Say as Say
from house.hil.ledger import Account, Check, Plugged
from house.hil.plan import Plan
from house.hil.usb import Ports
from liuhen_agent.bay import State
from liuhen_agent.simulate.images import Kind
from liuhen_protocol.events import Event, RecorderDocked

DOCK = "dock-hil"
DONE_SECONDS = 900.0  # for a whole stay on a machine that has other work
EVENT_SECONDS = 300.0
SILENCE_SECONDS = 240.0  # a guest that has said nothing for so long, and answers nothing now, hangs
DATA = "/var/lib/liuhen-dock"
ENDED = (State.READY, State.FAILED, State.QUARANTINED)


@dataclass
class Bench:
    """`say` prints a line of progress. `cards`: every recorder that was plugged in, by scene, and whether it is to be emptied."""

    folder: Path
    county: County
    guest: Guest
    ports: Ports
    plan: Plan
    account: Account
    say: Say
    packages: Mapping[str, Path]
    cards: list[tuple[str, Card, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.view = ArchiveView(self.county.archive, DOCK)

    def card(self, scene: str, kind: Kind, clips: int, *, over_mtp: bool = False) -> Card:
        """A new recorder of a scene. The dock is to empty it, but for one that shows its files over MTP: nothing is written there."""
        serial = f"HIL{len(self.cards) + 1:04d}"
        begins = datetime.now().replace(microsecond=0) - timedelta(hours=6)
        card = make_card(self.folder / "recorders", serial, kind, clips, begins)
        card = replace(card, as_folder=over_mtp)
        self.cards.append((scene, card, not over_mtp))
        return card

    def check(self, what: str, holds: bool, how: str = "") -> None:
        """Keep and say whether something held."""
        self.account.checks.append(Check(what, holds, how))
        self.say(f"{'●' if holds else '■'} {what}{': ' + how if how else ''}")

    # -- what happens --

    def plug(self, card: Card, bay: UsbBay) -> int:
        """A recorder as a USB disk into a bay. The dock's next sequence number, to look for what is said from here on."""
        seq = len(self.view.look())
        self.ports.plug_disk(bay.port, card.image, card.serial)
        self.say(f"接入 plugged in: {card.serial} → {bay.name}")
        return seq

    def pull(self, bay: UsbBay) -> None:
        if self.ports.is_plugged(bay.port):
            self.ports.pull(bay.port)
            self.say(f"拔出 pulled: {bay.name}")

    def event(self, seq: int, kind: type[Event], holds: Callable[[Event], bool], what: str) -> Event:
        """The first such statement from this place of the chain on. Raises GuestError when none comes."""
        found: list[Event] = []

        def is_there() -> bool:
            found[:] = [event for event in self.view.since(seq) if isinstance(event, kind) and holds(event)]
            return bool(found)

        self.guest.wait(what, is_there, EVENT_SECONDS)
        return found[0]

    def done(self, seq: int, bay: UsbBay) -> State:
        """How the stay that began in a bay since this place of the chain ended. Raises GuestError when it does not end, GuestHangs when
        the guest has stopped."""
        ended: list[State] = []
        shown, heard = "", time.monotonic()

        def has_ended() -> bool:
            nonlocal shown, heard
            docked = [e for e in self.view.since(seq) if isinstance(e, RecorderDocked) and e.bay == bay.name]
            views = self.status()
            if views:
                heard = time.monotonic()
            elif time.monotonic() - heard > SILENCE_SECONDS and not self.guest.succeeds("true"):
                raise GuestHangs(f"nothing was heard of the guest for {SILENCE_SECONDS:.0f} s")
            view = next((each for each in views if each.get("bay") == bay.name), {})
            if docked and view.get("session") == docked[-1].session:
                state = State(str(view["state"]))
                line = f"{state.value} {view['collected']}/{view['files']} receipts {view['receipted']} {view['note']}"
                if line != shown:
                    shown = line
                    self.say(f"  {bay.name}: {line}")
                if state in ENDED:
                    ended[:] = [state]
            return bool(ended)

        self.guest.wait(f"bay {bay.name} is done", has_ended, DONE_SECONDS, every=2.0)
        return ended[0]

    def status(self) -> list[dict[str, object]]:
        """What the dock shows on its bays now."""
        text = self.guest.run(f"cat {DATA}/status.json", allow=None)
        try:
            return list(json.loads(text)["bays"])
        except (ValueError, KeyError):  # not written yet, or half lost in a power cut
            return []

    def restart(self, why: str) -> None:
        """The guest has stopped: its power is cut, it boots again, and the run says so. What was plugged in is out."""
        self.account.hangs.append(why)
        self.say(f"▲ 虚拟机停顿，断电重启 the guest hangs, and is started again: {why}")
        self.guest.machine.cut()
        self.ports.forget()
        self.guest.machine.start()
        self.account.boots.append(self.guest.await_boot())

    def settle(self, card: Card, bay: UsbBay, seq: int, replugs: int = 3) -> None:
        """Until a recorder that was yanked or cut off is emptied: as an officer does, it is plugged in again when the dock says that
        something went wrong. Raises GuestError when it still does after so many times."""
        while (state := self.done(seq, bay)) is not State.READY and replugs:
            replugs -= 1
            self.say(f"  {bay.name}: {state.value}: 重新接入 plugged in again")
            self.pull(bay)
            seq = self.plug(card, bay)
        if state is not State.READY:
            raise GuestError(f"bay {bay.name}: {card.serial} ends as {state.value}")

    # -- what came of it --

    def accounted(self) -> Iterator[Plugged]:
        """Every recorder as it is now. Only when none is plugged in."""
        for scene, card, cleared in self.cards:
            yield Plugged(scene, card.serial, card.digests, frozenset(files_left(card)), cleared)

    @contextmanager
    def timed(self, title: str) -> Iterator[None]:
        began = time.monotonic()
        self.say(f"— {title}")
        yield
        self.say(f"— {title}: {time.monotonic() - began:.0f} s")
