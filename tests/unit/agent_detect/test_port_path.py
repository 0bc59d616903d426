"""A connector's name is the same whatever is plugged in and in whatever order drivers came up."""

from __future__ import annotations

import pytest

from liuhen_agent.detect.port_path import PORT_PATH, OnBus, bus_kind, is_below, of_hub_port, on_bus, port_path

PCI = "/devices/pci0000:00/0000:00:14.0"


def path_of(sysfs: str, speed: str = "480") -> str | None:
    where = on_bus(sysfs)
    return None if where is None else port_path(where, bus_kind(speed))


@pytest.mark.parametrize(
    ("sysfs", "speed", "expected"),
    [
        (f"{PCI}/usb1/1-4", "480", "pci0000:00/0000:00:14.0/usb2/4"),
        (f"{PCI}/usb7/7-4", "480", "pci0000:00/0000:00:14.0/usb2/4"),  # another order of drivers
        (f"{PCI}/usb2/2-4", "5000", "pci0000:00/0000:00:14.0/usb3/4"),
        (f"{PCI}/usb2/2-4", "20000", "pci0000:00/0000:00:14.0/usb3/4"),
        (f"{PCI}/usb1/1-1/1-1.2/1-1.2.10", "480", "pci0000:00/0000:00:14.0/usb2/1.2.10"),
        (
            f"{PCI}/usb1/1-4/1-4:1.0/host0/target0:0:0/0:0:0:0/block/sda/sda1",
            "480",
            "pci0000:00/0000:00:14.0/usb2/4",
        ),
        ("/devices/platform/dummy_hcd.3/usb9/9-1/9-1:1.1/tty/ttyACM0", "480", "platform/dummy_hcd.3/usb2/1"),
        ("/devices/platform/vhci_hcd.0/usb3/3-2", "480", "platform/vhci_hcd.0/usb2/2"),
        (
            "/devices/platform/scb/fd500000.pcie/pci0000:00/0000:00:00.0/0000:01:00.0/usb1/1-1/1-1.2",
            "480",
            "platform/scb/fd500000.pcie/pci0000:00/0000:00:00.0/0000:01:00.0/usb2/1.2",
        ),
        ("/devices/platform/axi/1f00200000.usb/xhci-hcd.7.auto/usb1/1-1", "480", "platform/axi/1f00200000.usb/xhci-hcd.auto/usb2/1"),
    ],
)  # fmt: skip
def test_a_thing_on_a_bus_has_its_devices_port_path(sysfs: str, speed: str, expected: str) -> None:
    assert path_of(sysfs, speed) == expected
    assert PORT_PATH.fullmatch(expected)


@pytest.mark.parametrize(
    "sysfs",
    [f"{PCI}/usb1", f"{PCI}/usb1/1-0:1.0", "/devices/virtual/block/loop0", "", "/", "/class/usb1/1-1", "/devices/usb1x/1-1"],
)  # fmt: skip
def test_root_hubs_and_what_is_on_no_bus_have_none(sysfs: str) -> None:
    assert on_bus(sysfs) is None


def test_a_hubs_port_leads_to_the_path_of_what_is_plugged_in_there() -> None:
    assert of_hub_port(f"{PCI}/usb2/2-0:1.0/usb2-port3") == on_bus(f"{PCI}/usb2/2-3")
    behind = of_hub_port(f"{PCI}/usb2/2-1/2-1:1.0/2-1-port4")
    assert behind is not None and behind.ports == "1.4"
    assert of_hub_port(f"{PCI}/usb2/2-1") is None
    assert of_hub_port("") is None


def test_a_port_is_not_behind_one_whose_number_it_begins_with() -> None:
    assert is_below("a/usb2/1.2", "a/usb2/1") and not is_below("a/usb2/12", "a/usb2/1")


@pytest.mark.parametrize("odd", ["", "fast", "nan", "-1"])
def test_a_bus_of_unknown_speed_is_usb_2(odd: str) -> None:
    assert bus_kind(odd) == "usb2"
    assert isinstance(on_bus(f"{PCI}/usb1/1-1"), OnBus)


@pytest.mark.parametrize(
    "bad", ["usb2/1", "../usb2/1", "a/b/usb4/1", "a/usb2/", "a/usb2/1..2", 'a"/usb2/1', "a*/usb2/1", "a/usb2/1\n"]
)
def test_what_would_mean_something_in_a_rule_is_no_port_path(bad: str) -> None:
    assert not PORT_PATH.fullmatch(bad)
