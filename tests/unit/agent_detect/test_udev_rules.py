"""The udev rules: which devices are of a bay, who may open them, and what is switched off. Tried by the real `udevadm test` on mocked
ports, in a mount namespace of its own; nothing of this machine changes."""

from __future__ import annotations

import os
import re
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from liuhen_agent.detect import Bay
from liuhen_agent.detect.refusals import RECORDERS, RULES, Classes
from liuhen_agent.detect.udev_rules import bay_rules
from support.usb_ports import DISK, DUMMY, HUB, KEYBOARD, LINE, NCM, VENDOR, Usb, root_hub

STATIC = Path(__file__).resolve().parents[3] / "systemd/udev/70-liuhen-dock.rules"
HERE = "pci0000:00/0000:00:14.0"
BAYS = [
    Bay("1", "udev", Path("/dev"), ports=(f"{HERE}/usb2/1.1", f"{HERE}/usb3/2")),
    Bay("gadget", "udev", Path("/dev"), ports=("platform/dummy_hcd.0/usb2/1",)),
]
IN_NAMESPACE = """
mkdir -p "$0/dev" || exit 9
for node in null zero full random urandom; do
  touch "$0/dev/$node" && mount --bind "/dev/$node" "$0/dev/$node" || exit 9
done
mount --rbind "$0/dev" /dev && mount -t tmpfs none /run &&
mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && mount --bind "$0/rules" /etc/udev/rules.d &&
exec umockdev-run -d "$0/ports.umockdev" -- udevadm test --action=add "/sys$1"
"""  # of its own: rules, users, and everything that udev writes to


def _may_mount() -> bool:
    tried = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/run"], capture_output=True)
    return os.geteuid() == 0 and tried.returncode == 0


namespaces = pytest.mark.skipif(not _may_mount(), reason="needs root and mount namespaces")


class Tried:
    """What udev would do with a device: `properties`, and what it says on the way."""

    def __init__(self, folder: Path, device: Usb, path: str | None = None) -> None:
        rules = folder / "rules"
        rules.mkdir(exist_ok=True)
        (rules / "59-liuhen-bays.rules").write_text(bay_rules(BAYS))
        (rules / STATIC.name).write_text(STATIC.read_text())
        (folder / "passwd").write_text(
            "root:x:0:0::/:/bin/sh\nliuhen-wipe:x:771:770::/:/bin/false\nliuhen-scsi:x:772:772::/:/bin/false\n"
        )
        (folder / "group").write_text("root:x:0:\nliuhen-dock:x:770:\n")
        hubs = [root_hub(1), root_hub(2, 5000), root_hub(3, controller=DUMMY)]
        # a terminal would stand for such nodes, and none is needed
        ports = re.sub(r"(?m)^N: (tty|sg).*\n", "", "\n".join(hubs + device.paragraphs()))
        (folder / "ports.umockdev").write_text(ports)
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", IN_NAMESPACE, folder, path or device.path],
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.said = done.stdout + done.stderr
        assert done.returncode == 0, self.said
        ours = [line for line in self.said.splitlines() if "-liuhen-" in line]
        assert not [line for line in ours if re.search(r"(?i)invalid|unknown|ignoring|failed", line)], self.said
        self.properties = dict(line.split("=", 1) for line in self.said.splitlines() if re.match(r"\.?[A-Z_]+=", line))

    @property
    def off(self) -> bool:
        return "/authorized' writing '0'" in self.said

    @property
    def rights(self) -> list[str]:
        """What our own rules give."""
        return re.findall(r"70-liuhen-dock\.rules:\d+ ((?:OWNER|GROUP|MODE) \d+)", self.said)


@namespaces
def test_a_recorders_disk_is_read_by_the_dock_and_written_by_the_wipe_helper_alone(tmp_path: Path) -> None:
    device = Usb("1.1", [DISK], disk="sda")
    tried = Tried(tmp_path, device, device.disk_path)
    assert tried.properties["LIUHEN_BAY"] == "1"
    assert tried.properties["UDISKS_IGNORE"] == "1"
    assert tried.rights == ["OWNER 771", "GROUP 770", "MODE 0640"]
    assert "blkid" not in tried.said, "no file system of a stranger is probed"
    whole = Tried(tmp_path, device)
    assert not whole.off
    assert whole.rights == [], "raw USB transfers would write to the disk"


@namespaces
def test_a_disks_generic_node_through_which_any_command_can_be_sent_is_the_scsi_helpers_alone(tmp_path: Path) -> None:
    device = Usb("1.1", [DISK], disk="sda", generic="sg0")
    assert Tried(tmp_path, device, device.generic_path).rights == ["OWNER 772", "GROUP 0", "MODE 0600"]
    elsewhere = Usb("9", [DISK], disk="sda", generic="sg0")
    assert Tried(tmp_path, elsewhere, elsewhere.generic_path).rights == []


@namespaces
@pytest.mark.parametrize(
    ("device", "bay"),
    [
        (Usb("2", [VENDOR], bus=2), "1"),
        (Usb("1", [VENDOR], controller=DUMMY, bus=3), "gadget"),
        (Usb("2", [VENDOR]), None),  # port 2 of the USB 2 side is another connector
        (Usb("1", [VENDOR]), None),
        (Usb("1.1", [VENDOR], controller=DUMMY, bus=3), "gadget"),
    ],
)
def test_a_bay_is_its_connectors_ports_and_what_hangs_behind_them(tmp_path: Path, device: Usb, bay: str | None) -> None:
    tried = Tried(tmp_path, device)
    assert tried.properties.get("LIUHEN_BAY") == bay
    assert tried.rights == ([] if bay is None else ["GROUP 770", "MODE 0660"])


@namespaces
def test_a_recorders_line_is_the_docks_and_no_modem_managers(tmp_path: Path) -> None:
    device = Usb("1.1", LINE, line="ttyACM0")
    tried = Tried(tmp_path, device, f"{device.below(0)}/tty/ttyACM0")
    assert (tried.properties["ID_MM_DEVICE_IGNORE"], tried.properties["ID_MM_PORT_IGNORE"]) == ("1", "1")
    assert tried.rights == ["GROUP 770", "MODE 0660"]


@namespaces
@pytest.mark.parametrize(
    ("device", "off"),
    [
        (Usb("1.1", [DISK, KEYBOARD], disk="sda"), True),
        (Usb("1.1", NCM), True),
        (Usb("1.1", [HUB]), True),
        (Usb("9", [KEYBOARD]), False),  # the dock's own keyboard
        (Usb("1.1", [DISK, *LINE]), False),
    ],
)
def test_what_is_no_recorder_is_switched_off_in_a_bay_and_nowhere_else(tmp_path: Path, device: Usb, off: bool) -> None:
    tried = Tried(tmp_path, device)
    assert tried.off == off
    if off:
        assert tried.rights == []


def interface_text(classes: Classes) -> str:
    """As udev lists it; what the table leaves open stands for any."""
    return ":" + "".join("42" if value is None else f"{value:02x}" for value in classes) + ":"


def test_the_rules_switch_off_what_the_agent_refuses_and_no_recorder() -> None:
    [pattern] = re.findall(r'ENV\{ID_USB_INTERFACES\}=="([^"]+)"', STATIC.read_text())

    def is_off(classes: Classes) -> bool:
        return any(fnmatchcase(interface_text(classes), each) for each in pattern.split("|"))

    for rule in RULES:
        assert all(is_off(classes) for classes in rule.classes), rule.code
    assert not any(is_off(classes) for classes in RECORDERS)


def test_controllers_that_are_numbered_as_drivers_come_up_are_known_whatever_their_number() -> None:
    port = "platform/axi/1f00200000.usb/xhci-hcd.auto/usb2/1"
    assert 'DEVPATH=="/devices/platform/axi/1f00200000.usb/xhci-hcd.*.auto/usb*"' in bay_rules(
        [Bay("1", "udev", Path("/dev"), ports=(port,))]
    )
