"""How long the emulated dock takes from the kernel's first word about a device to the statement that names the recorder.

Both times are the guest's own: the kernel's message in its journal, and `recorder.docked` in the chain.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from house.hil import bays
from house.hil.bench import Bench
from liuhen_protocol.events import RecorderDocked
from liuhen_protocol.moment import parse_time

CAME = re.compile(r"usb \d+-(?P<port>[\d.]+): new \S+(?: \S+)? USB device number")


@dataclass(frozen=True)
class Came:
    """The kernel saw a device at a port ("1", "5.8.2"), in seconds since 1970 of the guest's clock."""

    port: str
    at: float


def came(journal: str) -> Iterator[Came]:
    """From `journalctl -k -o json`: one for each device the kernel met."""
    for line in journal.splitlines():
        entry = json.loads(line)
        message = entry.get("MESSAGE")
        if isinstance(message, str) and (found := CAME.match(message)):
            yield Came(found["port"], int(entry["__REALTIME_TIMESTAMP"]) / 1e6)


def waits(met: Sequence[Came], docked: Sequence[tuple[str, float]], ports: Mapping[str, str]) -> list[float]:
    """Seconds from the kernel's last word before it to each docking. `docked`: bay and time; `ports`: the port of each bay."""
    found = []
    for bay, at in docked:
        before = [each.at for each in met if each.port == ports.get(bay) and each.at <= at]
        if before:
            found.append(round(at - max(before), 2))
    return found


def measured(bench: Bench, seq: int) -> list[float]:
    """Of every docking that was stated since this place of the chain, in this boot of the guest."""
    docked = [
        (said.event.bay, parse_time(said.link.time).timestamp())
        for said in bench.view.look()[seq:]
        if isinstance(said.event, RecorderDocked)
    ]
    journal = bench.guest.run("journalctl -k -q --no-pager -o json --output-fields=MESSAGE")
    return waits(list(came(journal)), docked, {bay.name: bay.port or "1" for bay in bays.ALL})
