"""Whatever order events come in, late, twice or not at all: in the end the dock believes what an enumeration would find."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuhen_agent import unlock
from liuhen_agent.detect import Bay, BayEvent, UsbDevice
from liuhen_agent.detect.descriptors import parse
from liuhen_agent.detect.gathering import DISK_PATIENCE, LINE_PATIENCE, Child, Device, Gathering, Node
from liuhen_agent.detect.watcher import Watcher
from support.usb_ports import DISK, HUB, KEYBOARD, LINE, VENDOR, Interface, descriptors

HERE = "pci0000:00/0000:00:14.0"
BAYS = [
    Bay("1", "udev", Path("/dev"), ports=(f"{HERE}/usb2/1", f"{HERE}/usb3/1")),
    Bay("2", "udev", Path("/dev"), ports=(f"{HERE}/usb2/2",)),
]
PORTS = [f"{HERE}/usb2/1", f"{HERE}/usb3/1", f"{HERE}/usb2/2", f"{HERE}/usb2/3", f"{HERE}/usb2/2.1"]
KINDS: dict[str, list[Interface]] = {
    "disk": [DISK],
    "composite": [DISK, *LINE],
    "vendor": [VENDOR],
    "keyboard": [KEYBOARD, DISK],
    "hub": [HUB],
}


def device(place: str, address: int, kind: str = "disk") -> Device:
    described = parse(descriptors(KINDS[kind]), 1)
    path = f"/devices/{place}"  # not as the kernel writes it: only that what is below begins with it counts
    usb = UsbDevice(place, 0x4255, 1, "0000007", "Maker", "Recorder", 1, address, described.interfaces)
    return Device(path, usb, described)


def disk(owner: Device, number: int = 0, size: int = 1 << 20) -> Child:
    name = f"sd{'abcdefgh'[number]}"
    path = f"{owner.path}/host/{number}/block/{name}"
    return Child(path, owner.usb.path, "disk", "block", Path(f"/dev/{name}"), size, str(owner.usb.address))


def line(owner: Device) -> Child:
    return Child(f"{owner.path}/tty/ttyACM0", owner.usb.path, "line", "tty", Path("/dev/ttyACM0"))


class World:
    """What is plugged in, and the events of each port that were not looked at yet."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.waiting: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._address = 1

    def plug(self, place: str, kind: str) -> None:
        self.pull(place)
        self._address += 1
        new = device(place, self._address, kind)
        self._add(place, new)
        for number in range(len(KINDS[kind])):
            self._add(place, Child(f"{new.path}/1.{number}", place, "interface", "usb"))
        if kind in ("disk", "composite", "keyboard"):
            self._add(place, disk(new))
        if kind == "composite":
            self._add(place, line(new))
        for above in (
            "host",
            "host/0",
            "tty",
        ):  # devices between, of no interest: nothing is known of them but that they are
            self.waiting[place].append(("bind", f"{new.path}/{above}"))

    def pull(self, place: str) -> None:
        for path in sorted(self.nodes, reverse=True):
            node = self.nodes[path]
            if (node.usb.path if isinstance(node, Device) else node.place) == place:
                del self.nodes[path]
                self.waiting[place].append(("remove", path))

    def medium(self, place: str, there: bool) -> None:
        for path, node in self.nodes.items():
            if isinstance(node, Child) and node.kind == "disk" and node.place == place:
                self.nodes[path] = replace(node, size=1 << 20 if there else 0)
                self.waiting[place].append(("change", path))

    def _add(self, place: str, node: Node) -> None:
        self.nodes[node.path] = node
        self.waiting[place] += [("add", node.path), ("bind", node.path)]


def deliver(world: World, gathering: Gathering, place: str, most: int, twice: bool) -> None:
    """As the backend does it: a removal is believed, for anything else the device is looked at as it is now."""
    for action, path in world.waiting[place][:most]:
        for _ in range(1 + twice):
            node = world.nodes.get(path)
            if action == "remove":
                gathering.drop(path)
            elif node is None:
                gathering.forget(path)
            else:
                gathering.put(node)
    del world.waiting[place][:most]


def enumerated(world: World) -> Gathering:
    found = Gathering(BAYS)
    found.resync(world.nodes.values())
    return found


STEPS = st.one_of(
    st.tuples(st.just("plug"), st.sampled_from(PORTS), st.sampled_from(list(KINDS))),
    st.tuples(st.just("pull"), st.sampled_from(PORTS)),
    st.tuples(st.just("medium"), st.sampled_from(PORTS), st.booleans()),
    st.tuples(st.just("deliver"), st.sampled_from(PORTS), st.integers(1, 4), st.booleans()),
    st.tuples(st.just("overrun")),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=40), st.permutations(PORTS))
def test_any_history_ends_as_an_enumeration_would(steps: list[tuple[object, ...]], last: list[str]) -> None:
    world, gathering, watcher = World(), Gathering(BAYS), Watcher(settle_seconds=1.0)
    events: list[BayEvent] = []
    now = 0.0

    def look() -> None:
        for bay, seen in gathering.seen().items():
            events.extend(watcher.step(bay, seen, now))

    for step in steps:
        match step:
            case ("plug", str(place), str(kind)):
                world.plug(place, kind)
            case ("pull", str(place)):
                world.pull(place)
            case ("medium", str(place), bool(there)):
                world.medium(place, there)
            case ("deliver", str(place), int(most), bool(twice)):
                deliver(world, gathering, place, most, twice)
            case ("overrun",):
                world.waiting.clear()
                gathering.resync(world.nodes.values())
        now += 0.7
        look()
    for place in last:
        deliver(world, gathering, place, 1000, twice=True)
    look()

    expected = enumerated(world)
    assert gathering.seen() == expected.seen()
    assert gathering.refused() == expected.refused()
    now += DISK_PATIENCE + 1
    look()
    for bay in BAYS:
        of_bay = [event for event in events if event.bay == bay.name]
        assert [event.change for event in of_bay] == ["plugged", "pulled"] * (len(of_bay) // 2) + ["plugged"] * (
            len(of_bay) % 2
        )
        for plugged, pulled in zip(of_bay[::2], of_bay[1::2], strict=False):
            assert plugged.port == pulled.port
        seen = expected.seen()[bay.name]
        is_in = of_bay[-1].port if of_bay and of_bay[-1].change == "plugged" else None
        assert is_in == (seen.port if seen is not None else None) or (
            is_in is not None and seen is not None and is_in.identity == seen.port.identity
        )


def gathered(*nodes: Node) -> Gathering:
    found = Gathering(BAYS)
    found.resync(nodes)
    return found


def codes(found: Gathering) -> dict[str, str]:
    return {refusal.where: refusal.code for refusal in found.refused().values()}


def test_two_devices_in_one_bay_are_one_recorder_and_one_refusal() -> None:
    slow, fast = device(PORTS[0], 2), device(PORTS[1], 3)
    found = gathered(slow, disk(slow), fast, disk(fast, 1))
    seen = found.seen()["1"]
    assert seen is not None and seen.port.disk == Path("/dev/sda")
    assert codes(found) == {PORTS[1]: "refused-second-device"}


def test_of_two_disks_of_one_recorder_the_first_is_read_and_the_other_reported() -> None:
    one = device(PORTS[0], 2)
    found = gathered(one, disk(one, 1), disk(one, 0))
    seen = found.seen()["1"]
    assert seen is not None and seen.port.disk == Path("/dev/sda")
    assert codes(found) == {PORTS[0]: "refused-second-disk"}


def test_an_empty_slot_beside_a_card_is_no_second_disk() -> None:
    one = device(PORTS[0], 2)
    found = gathered(one, disk(one, 0, size=0), disk(one, 1))
    seen = found.seen()["1"]
    assert seen is not None and (seen.port.disk, seen.port.empty_disk) == (Path("/dev/sdb"), None)
    assert codes(found) == {}


def test_a_disk_that_stays_without_medium_is_offered_as_that_after_a_while() -> None:
    one = device(PORTS[0], 2)
    seen = gathered(one, disk(one, 0, size=0)).seen()["1"]
    assert seen is not None and seen.patience == DISK_PATIENCE
    assert (seen.port.disk, seen.port.empty_disk) == (None, Path("/dev/sda"))


async def test_a_disk_without_medium_may_be_a_recorder_that_takes_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlock, "inquiry", lambda node: f"said by {node}")
    one = device(PORTS[0], 2)
    seen = gathered(one, disk(one, 0, size=0)).seen()["1"]
    assert seen is not None
    facts = await unlock.facts_of(seen.port)
    assert [(each.transport, each.inquiry) for each in facts] == [("scsi", "said by /dev/sda"), ("usb", "")]


def interface(owner: Device, number: int = 0, driver: str = "") -> Child:
    return Child(f"{owner.path}/1.{number}", owner.usb.path, "interface", "usb", driver=driver)


def patience(*nodes: Node) -> float:
    seen = gathered(*nodes).seen()["1"]
    assert seen is not None
    return seen.patience


def test_a_vendors_own_interface_is_waited_for_until_it_is_known_what_the_system_makes_of_it() -> None:
    one = device(PORTS[0], 2, "vendor")
    assert patience(one) == LINE_PATIENCE, "udev has not looked at it yet"
    assert patience(one, interface(one)) == 0, "no driver took it: it is spoken to on the bus"
    assert patience(one, interface(one, driver="ftdi_sio")) == LINE_PATIENCE, "a serial line is on its way"
    assert patience(one, interface(one, driver="ftdi_sio"), line(one)) == 0
    assert patience(one, interface(one, driver="usbfs")) == 0


def test_a_disk_that_is_there_is_not_kept_waiting() -> None:
    one = device(PORTS[0], 2)
    assert patience(one, disk(one)) == 0


def test_a_disk_of_the_same_name_that_came_later_is_another_recorder() -> None:
    first, second = device(PORTS[0], 2), device(PORTS[0], 3)
    one, other = gathered(first, disk(first)).seen()["1"], gathered(second, disk(second)).seen()["1"]
    assert one is not None and other is not None
    assert one.port.disk == other.port.disk and one.port.identity != other.port.identity


def test_a_line_without_its_device_is_nothing() -> None:
    one = device(PORTS[0], 2, "composite")
    assert gathered(disk(one), line(one)).seen()["1"] is None


def test_what_belongs_to_the_dock_and_what_is_built_in_is_not_mentioned() -> None:
    own, fixed, behind = device(PORTS[3], 2, "keyboard"), device(f"{HERE}/usb2/7", 3), device(f"{PORTS[3]}.4", 4)
    found = Gathering(BAYS, own_ports=[PORTS[3]])
    found.resync([own, replace(fixed, fixed=True), behind])
    assert codes(found) == {}


def test_what_says_it_is_built_in_is_refused_in_a_bay() -> None:
    assert codes(gathered(replace(device(PORTS[0], 2, "keyboard"), fixed=True))) == {PORTS[0]: "refused-input-device"}
