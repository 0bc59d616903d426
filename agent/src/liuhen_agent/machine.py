"""What the kernel's files say of the machine a dock stands on: whether its power supply is strong enough, whether the bays' USB ports are there.

Power: a weak supply lets cards vanish in the middle of reading. Raspberry Pi only, from two sources: the firmware's `get_throttled` (bits as in the
documentation of `vcgencmd get_throttled`), and the alarm of the driver rpi_volt. Other machines say nothing about it.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from liuhen_agent.detect.port_path import bus_kind

THROTTLED = Path("devices/platform/soc/soc:firmware/get_throttled")
VOLT_DRIVER = "rpi_volt"
_WEAK_NOW = 1 << 0
_WEAK_SINCE_START = 1 << 16


class Power(StrEnum):
    UNKNOWN = "unknown"  # this machine does not say
    GOOD = "good"
    WAS_WEAK = "was weak"  # too low at least once since the machine started
    WEAK = "weak"  # too low now


def judge_power(throttled: str | None, alarm: str | None) -> Power:
    """`throttled`: content of get_throttled, a hexadecimal number. `alarm`: content of in0_lcrit_alarm, 0 or 1. None: not there."""
    bits = _number(throttled, 16)
    low = _number(alarm, 10)
    if bits is None and low is None:
        return Power.UNKNOWN
    if low == 1 or (bits or 0) & _WEAK_NOW:
        return Power.WEAK
    return Power.WAS_WEAK if (bits or 0) & _WEAK_SINCE_START else Power.GOOD


def _number(text: str | None, base: int) -> int | None:
    try:
        return None if text is None else int(text.strip().removeprefix("throttled="), base)
    except ValueError:
        return None


def look_at_power(sys: Path) -> Power:
    """Of the machine whose /sys is `sys`."""
    drivers = [folder for folder in sys.glob("class/hwmon/hwmon*") if _content(folder / "name") == VOLT_DRIVER]
    alarms = [_content(folder / "in0_lcrit_alarm") for folder in drivers]
    return judge_power(_content(sys / THROTTLED), next(iter(alarms), None))


def port_is_there(sys: Path, path: str) -> bool:
    """Whether the machine whose /sys is `sys` has the USB port `path` (detect.port_path), with the hubs before it plugged in. The kernel has a
    folder for each port of a hub, whether something is in it or not (`1-1.2/1-1.2:1.0/1-1.2-port4`)."""
    controller, kind, ports = path.rsplit("/", 2)
    *hubs, last = ports.split(".")
    for root in (sys / "devices").glob(f"{controller.replace('.auto', '.*auto')}/usb[0-9]*"):
        speed = _content(root / "speed")
        if speed is None or bus_kind(speed) != kind:
            continue
        bus, hub = root.name.removeprefix("usb"), root
        for depth in range(len(hubs)):
            hub = hub / f"{bus}-{'.'.join(hubs[: depth + 1])}"
        if any(hub.glob(f"*:1.0/*-port{last}")):
            return True
    return False


def _content(path: Path) -> str | None:
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
