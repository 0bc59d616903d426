"""Descriptors are a stranger's bytes: whatever they are, reading them ends, and what is broken is refused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from liuhen_agent.detect.descriptors import MOST_ENDPOINTS, MOST_INTERFACES, parse
from liuhen_agent.detect.refusals import BAD_DESCRIPTOR, judge
from support.usb_ports import DISK, KEYBOARD, VENDOR, Interface, descriptors


def test_a_recorders_layout_is_read_exactly() -> None:
    found = parse(descriptors([DISK, VENDOR]), 1)
    assert found.sound
    assert [(each.number, each.usb_class, each.subclass, each.protocol) for each in found.interfaces] == [
        (0, 0x08, 0x06, 0x50),
        (1, 0xFF, 0, 0),
    ]
    assert [(end.address, end.kind) for end in found.interfaces[1].endpoints] == [(0x01, "bulk"), (0x81, "bulk")]


def test_the_active_configuration_counts_and_the_first_where_none_is_active() -> None:
    disk, keyboard = descriptors([DISK]), descriptors([KEYBOARD])
    second = bytearray(keyboard[18:])
    second[5] = 2
    both = disk + bytes(second)
    assert [parse(both, number).interfaces[0].usb_class for number in (1, 2, None, 9)] == [8, 3, 8, 8]


def test_an_interface_without_endpoints_is_one() -> None:
    assert parse(descriptors([(0xFF, 0, 0, ())]), None).sound


@given(st.binary(max_size=2000), st.one_of(st.none(), st.integers(0, 255)))
def test_any_bytes_end(data: bytes, configuration: int | None) -> None:
    within_bounds(descriptors([DISK])[:18] + data, configuration)
    within_bounds(data, configuration)


@given(st.data())
def test_any_change_of_good_bytes_ends(data: st.DataObject) -> None:
    good = bytearray(descriptors([DISK, VENDOR, KEYBOARD]))
    for _ in range(data.draw(st.integers(1, 5))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    within_bounds(bytes(good[: data.draw(st.integers(0, len(good)))]), 1)


def within_bounds(data: bytes, configuration: int | None) -> None:
    found = parse(data, configuration)
    assert len(found.interfaces) <= MOST_INTERFACES
    assert all(len(each.endpoints) <= MOST_ENDPOINTS for each in found.interfaces)
    if not found.sound:
        assert judge(found, True, ()) is not None, "nobody speaks to a device whose layout is not known"


def test_more_interfaces_than_a_device_can_have_are_refused() -> None:
    many: list[Interface] = [DISK] * 200
    found = parse(descriptors(many), 1)
    assert not found.sound and len(found.interfaces) == MOST_INTERFACES
    assert judge(found, True, ()) is BAD_DESCRIPTOR


def test_a_keyboard_behind_a_broken_descriptor_is_still_named() -> None:
    found = parse(descriptors([DISK, KEYBOARD]) + b"\x00\x04", 1)
    rule = judge(found, True, ())
    assert rule is not None and rule.code == "refused-input-device"
