"""What is no recorder is refused and named; what may be one is not."""

from __future__ import annotations

import pytest

from liuhen_agent.detect import UsbDevice
from liuhen_agent.detect.descriptors import parse
from liuhen_agent.detect.refusals import INPUT, RULES, judge, sentence
from liuhen_agent.sync.alarms import HALTING
from support.usb_ports import DISK, HUB, KEYBOARD, LINE, MTP, NCM, VENDOR, Interface, descriptors


def code(
    *interfaces: Interface, authorised: bool = True, made: tuple[str, ...] = (), device_class: int = 0
) -> str | None:
    rule = judge(parse(descriptors(interfaces, device_class=device_class), 1), authorised, made)
    return None if rule is None else rule.code


@pytest.mark.parametrize(
    "interfaces",
    [[DISK], [VENDOR], [(0xFF, 0, 0, ())], list(LINE), [DISK, *LINE], [MTP], [DISK, VENDOR], [DISK, (0xFE, 1, 1, ())]],
)
def test_what_may_be_a_recorder_is_not_refused(interfaces: list[Interface]) -> None:
    assert code(*interfaces) is None


@pytest.mark.parametrize(
    ("interfaces", "expected"),
    [
        ([KEYBOARD], "refused-input-device"),
        ([DISK, KEYBOARD], "refused-input-device"),
        ([*NCM, KEYBOARD], "refused-input-device"),  # the most dangerous is named
        (NCM, "refused-network-card"),
        ([(0x02, 0x06, 0, ()), (0x0A, 0, 0, ())], "refused-network-card"),
        ([(0x02, 0x02, 0xFF, ()), (0x0A, 0, 0, ())], "refused-network-card"),  # RNDIS in a serial line's clothes
        ([(0xE0, 1, 3, ())], "refused-network-card"),
        ([(0xE0, 1, 1, ())], "refused-wireless"),
        ([(0x07, 1, 2, ())], "refused-printer"),
        ([HUB], "refused-hub"),
        ([(0x0E, 1, 0, ())], "refused-webcam"),
        ([DISK, (0x01, 1, 0, ())], "refused-sound"),
        ([(0x0B, 0, 0, ())], "refused-smart-card"),
        ([(0x05, 0, 0, ())], "refused-other"),
        ([(0x00, 0, 0, ())], "refused-other"),
        ([], "refused-bad-descriptor"),
    ],
)
def test_what_is_no_recorder_is_refused_under_its_name(interfaces: list[Interface], expected: str) -> None:
    assert code(*interfaces) == expected


def test_what_the_kernel_makes_of_a_vendors_own_interface_counts() -> None:
    assert code(VENDOR, made=("net",)) == "refused-network-card"
    assert code(VENDOR, made=("input",)) == "refused-input-device"
    assert code(VENDOR, made=("bluetooth",)) == "refused-wireless"


def test_a_device_that_is_switched_off_is_named_for_what_it_is_first() -> None:
    assert code(KEYBOARD, authorised=False) == "refused-input-device"
    assert code(DISK, authorised=False) == "refused-not-authorised"
    assert code(DISK, device_class=9) == "refused-hub"


def test_no_refusal_holds_up_clearing() -> None:
    assert not {rule.code for rule in RULES} & HALTING


def test_what_a_device_says_of_itself_cannot_break_a_line_or_a_terminal() -> None:
    device = UsbDevice("a/usb2/1", 1, 2, "", "\x1b[31m\n", "\u202eMP4", 1, 2, ())
    assert sentence(INPUT, device).isprintable()
