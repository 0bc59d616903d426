"""Event to identified: the kernel's word about a device is matched with the docking it led to, by port and time."""

from __future__ import annotations

import json

from house.hil.identified import Came, came, waits


def said(at: float, message: object) -> str:
    return json.dumps({"__REALTIME_TIMESTAMP": str(int(at * 1e6)), "MESSAGE": message})


def test_the_kernels_word_about_a_new_device_is_found() -> None:
    journal = "\n".join(
        [
            said(10, "usb 2-1: new SuperSpeed USB device number 2 using xhci_hcd"),
            said(11, "usb 1-5.8.2: new full-speed USB device number 7 using xhci_hcd"),
            said(12, "usb 2-1: USB disconnect, device number 2"),
            said(13, [1, 2, 3]),  # bytes that are no text come as numbers
        ]
    )
    assert list(came(journal)) == [Came("1", 10.0), Came("5.8.2", 11.0)]


def test_a_docking_is_measured_from_the_last_coming_to_its_own_port() -> None:
    met = [Came("1", 10.0), Came("2", 11.0), Came("1", 20.0), Came("1", 40.0)]
    assert waits(met, [("a", 23.5), ("b", 15.0), ("c", 99.0)], {"a": "1", "b": "2"}) == [3.5, 4.0]
