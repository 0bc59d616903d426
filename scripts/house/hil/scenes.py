"""What happens to the emulated dock, one function a scene, in the order in which they are played.

A scene raises GuestError when something does not happen that must; what it left is accounted for all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from house.hil import bays, install, units
from house.hil.bench import EVENT_SECONDS, Bench
from house.hil.cards import Card
from house.hil.guest import GuestHangs
from house.hil.serial_line import SerialLine
from liuhen_agent.bay import State
from liuhen_agent.simulate.machine import Character
from liuhen_protocol.events import ClipDerived, DockAlarm, RecorderDocked

GADGETS = Path(__file__).with_name("gadgets")
GADGETS_IN_GUEST = "/var/tmp/gadgets"
DOCK_PYTHON = "/opt/liuhen/dock/bin/python"
SERIAL_SECONDS = 2.5  # how long a recorder takes to come back as a disk


def cards(bench: Bench) -> None:
    """A FAT32 and an exFAT recorder at once, each emptied."""
    first, second = bays.SINGLE[:2]
    fat, exfat = bench.card("cards", "fat32", 3), bench.card("cards", "exfat", 3)
    began = {first: bench.plug(fat, first), second: bench.plug(exfat, second)}
    for bay, seq in began.items():
        _ready(bench, bay, bench.done(seq, bay))
        bench.pull(bay)


def proxy(bench: Bench) -> None:
    """A playable copy is made by the media worker's unit, which has no network and no files of its own."""
    install.make_proxies(bench.guest, True)
    install.start_dock(bench.guest)
    bay = bays.SINGLE[0]
    card = bench.card("proxy", "fat32", 1)
    seq = bench.plug(card, bay)
    bench.event(seq, ClipDerived, lambda _: True, "a playable copy is stated")
    bench.check("预览由独立单元制作 playable copy made by its own unit", True)
    _ready(bench, bay, bench.done(seq, bay))
    bench.pull(bay)
    install.make_proxies(bench.guest, False)
    install.start_dock(bench.guest)


def serial(bench: Bench) -> None:
    """A recorder on a serial line that shows its disk only after the disk-mode command, in the same port."""
    bay = bays.SINGLE[2]
    card = bench.card("serial", "fat32", 2)
    line = SerialLine(bench.folder / "line.sock", Character(serial=card.serial))
    try:
        seq = len(bench.view.look())
        bench.ports.plug_line(bay.port, line.path, card.serial)
        bench.say(f"接入 plugged in: {card.serial} → {bay.name} (serial)")
        bench.guest.wait("the dock asks for disk mode", line.disk_mode.is_set, 300)
        bench.pull(bay)
        time.sleep(SERIAL_SECONDS)  # the recorder's own pace, not a wait for anything
        bench.plug(card, bay)
        _ready(bench, bay, bench.done(seq, bay))
    finally:
        bench.pull(bay)
        line.close()


def mtp(bench: Bench) -> None:
    """A device over MTP that no profile names: read, kept in quarantine, never written to."""
    bay = bays.SINGLE[3]
    card = bench.card("mtp", "fat32", 2, over_mtp=True)
    seq = len(bench.view.look())
    bench.ports.plug_mtp(bay.port, card.folder, "Recorder")
    bench.say(f"接入 plugged in: {card.serial} → {bay.name} (MTP)")
    state = bench.done(seq, bay)
    bench.check(
        "MTP 未知设备只读隔离 unknown over MTP: quarantined, read only", state is State.QUARANTINED, state.value
    )
    bench.guest.wait("all of it is stored", lambda: set(card.digests.values()) <= bench.view.stored(), EVENT_SECONDS)
    bench.pull(bay)


def vendor(bench: Bench) -> None:
    """VID:PID 4255:0001 as a gadget inside the guest: logged in to by control transfers, told to show its disk, back on the same port."""
    _gadget(bench, "vendor", "control", "p-a1", "4255:0001, control transfers")


def bulk(bench: Bench) -> None:
    """The same by lines of text on bulk endpoints, wherever the device has them."""
    _gadget(bench, "bulk", "bulk", "p-bc-bulk", "1d70:01d4, bulk endpoints")


def acm(bench: Bench) -> None:
    """The same lines on a serial line that is the recorder's own (CDC ACM), no adapter's."""
    _gadget(bench, "acm", "acm", "p-bc", "1d70:01d5, CDC ACM")


def scsi(bench: Bench) -> None:
    """A disk that shows its card only after a vendor SCSI command, which only the SCSI helper's unit may send."""
    _gadget(bench, "scsi", "scsi", "p-jl", "a disk with vendor SCSI commands")


def _gadget(bench: Bench, scene: str, kind: str, profile: str, how: str) -> None:
    """A recorder that is a program inside the guest: it must be known for what it is, come back as a disk, and be emptied.

    Device and host are one kernel here, on its test driver dummy_hcd. When that stops the whole guest, the guest is started again and the
    scene played once more with the same card; a second time is a failure.
    """
    card = bench.card(scene, "fat32", 2)
    try:
        seq, heard = _played_in_the_guest(bench, card, kind, how)
    except GuestHangs as error:
        bench.restart(f"{scene}: {error}")
        seq, heard = _played_in_the_guest(bench, card, kind, how)
    docked = [event for event in bench.view.since(seq) if isinstance(event, RecorderDocked)]
    known = [event.profile for event in docked if event.bay == bays.VENDOR.name]
    bench.check(f"按其协议识别 known by its protocol: {profile}", known == [profile], " ".join(known))
    bench.check(f"厂商协议设备转为磁盘 {profile} came back as a disk", "disk mode" in heard)


def _played_in_the_guest(bench: Bench, card: Card, kind: str, how: str) -> tuple[int, list[str]]:
    """The dock's next sequence number before the recorder was plugged in, and what the recorder said it was told. Raises GuestHangs."""
    bay, guest, unit = bays.VENDOR, bench.guest, f"recorder-{kind}"
    bench.ports.add_block_device(card.image, card.serial)
    node = f"/dev/disk/by-id/virtio-{card.serial}"
    guest.wait("the gadget's card is there", lambda: guest.succeeds(f"test -b {node}"), 120)
    guest.run(f"mkdir -p {GADGETS_IN_GUEST}/house/hil/gadgets")
    for module in sorted(GADGETS.glob("*.py")):
        guest.put(module, f"{GADGETS_IN_GUEST}/house/hil/gadgets/{module.name}")
    seq = len(bench.view.look())
    program = f"{DOCK_PYTHON} -m house.hil.gadgets {kind} {card.serial} {node}"
    guest.run(f"systemd-run -q --unit={unit} --setenv=PYTHONPATH={GADGETS_IN_GUEST} {program}")
    bench.say(f"接入 plugged in: {card.serial} → {bay.name} ({how})")
    try:
        _ready(bench, bay, bench.done(seq, bay))
    finally:
        heard = guest.run(f"journalctl -q --no-pager -o cat -u {unit}", allow=None).split("\n")
        bench.say(f"  recorder: {' | '.join(filter(None, heard))}")
        guest.run(f"systemctl stop {unit}; sync", allow=None)
    return seq, heard


def hub(bench: Bench) -> None:
    """Eight recorders at once, behind two hubs, the second in the first."""
    for port in (bays.HUB, bays.SECOND_HUB):
        bench.ports.add_hub(port)
    eight = [bench.card("hub", "fat32", 1) for _ in bays.BEHIND_HUBS]
    began = {bay: bench.plug(card, bay) for card, bay in zip(eight, bays.BEHIND_HUBS, strict=True)}
    for bay, seq in began.items():
        _ready(bench, bay, bench.done(seq, bay))
    for bay in bays.BEHIND_HUBS:
        bench.pull(bay)
    for port in (bays.SECOND_HUB, bays.HUB):
        bench.ports.pull(port)


def keyboard(bench: Bench) -> None:
    """A keyboard in a bay is refused and reported; the dock goes on."""
    bay = bays.SINGLE[3]
    seq = len(bench.view.look())
    bench.ports.plug_keyboard(bay.port)
    bench.say(f"接入键盘 a keyboard is plugged in → {bay.name}")
    alarm = bench.event(
        seq, DockAlarm, lambda event: "refused" in getattr(event, "code", ""), "the keyboard is reported as refused"
    )
    bench.pull(bay)
    docked = [event for event in bench.view.since(seq) if isinstance(event, RecorderDocked)]
    bench.check("键盘被拒并上报 keyboard refused and reported", not docked, getattr(alarm, "code", ""))


def yanks(bench: Bench) -> None:
    """A recorder is yanked at random moments and plugged in again, in the end left until it is emptied."""
    bay = bays.SINGLE[0]
    stay = _undisturbed(bench, "yanks", bay) if bench.plan.yanks else 0.0
    for number, share in enumerate(bench.plan.yanks, 1):
        moment = share * stay
        card = bench.card("yanks", "fat32" if number % 2 else "exfat", 2)
        bench.plug(card, bay)
        bench.say(f"{moment:.1f} s 后拔出 yanked after {moment:.1f} s ({number}/{len(bench.plan.yanks)})")
        time.sleep(moment)  # the random moment itself
        bench.pull(bay)
        bench.account.yanks += 1
        bench.settle(card, bay, bench.plug(card, bay))
        bench.pull(bay)


def cuts(bench: Bench) -> None:
    """The power goes at random moments; the same disk boots again with the recorder still in its bay."""
    bay = bays.SINGLE[1]
    stay = _undisturbed(bench, "cuts", bay) if bench.plan.cuts else 0.0
    for number, share in enumerate(bench.plan.cuts, 1):
        moment = share * stay
        card = bench.card("cuts", "exfat" if number % 2 else "fat32", 2)
        bench.plug(card, bay)
        bench.say(f"{moment:.1f} s 后断电 power cut after {moment:.1f} s ({number}/{len(bench.plan.cuts)})")
        time.sleep(moment)  # the random moment itself
        bench.guest.machine.cut()
        bench.ports.forget()
        bench.account.cuts += 1
        seq = len(bench.view.look())  # what it shows of the stay before the cut does not count
        bench.guest.machine.start()
        bench.ports.plug_disk(bay.port, card.image, card.serial)  # there before the system is
        bench.account.boots.append(bench.guest.await_boot())
        bench.say(f"重新启动 booted again: {bench.account.boots[-1]:.0f} s")
        bench.settle(card, bay, seq)
        bench.pull(bay)


def _undisturbed(bench: Bench, scene: str, bay: bays.UsbBay) -> float:
    """A stay that nobody disturbs: seconds from plugging in to emptied on this machine, of which the random moments are shares."""
    began = time.monotonic()
    _ready(bench, bay, bench.done(bench.plug(bench.card(scene, "fat32", 2), bay), bay))
    took = time.monotonic() - began
    bench.pull(bay)
    return took


def _ready(bench: Bench, bay: bays.UsbBay, state: State) -> None:
    bench.check(f"槽位可以取走 bay {bay.name} safe to take", state is State.READY, state.value)


Scene = Callable[[Bench], None]
SCENES: dict[str, Scene] = {
    "units": units.dock,
    "cards": cards,
    "serial": serial,
    "vendor": vendor,
    "bulk": bulk,
    "acm": acm,
    "scsi": scsi,
    "mtp": mtp,
    "hub": hub,
    "keyboard": keyboard,
    "yanks": yanks,
    "cuts": cuts,
    "proxy": proxy,
    "archive": units.archive,
}
