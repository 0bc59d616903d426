"""What is no recorder: one table from what a device says of itself, and from what the kernel made of it, to a code.

Order counts: of a device that is several things at once the most dangerous one is named, and the device is refused as a
whole: a disk that is also a keyboard is an attack, whatever is on the disk. What no row knows is refused too. A vendor's own
interface (class ff) proves nothing and passes here; what the kernel then makes of it (a network card, say) does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from liuhen_agent.detect import UsbDevice, UsbInterface
from liuhen_agent.detect.descriptors import Described
from liuhen_agent.plain_text import one_line

Classes = tuple[int, int | None, int | None]  # class, subclass, protocol (USB-IF's class codes); None: any
MASS_STORAGE = 0x08


@dataclass(frozen=True)
class Rule:
    """`classes`: interfaces that make a device this; `subsystems`: kernel devices that do."""

    code: str
    chinese: str
    english: str
    classes: tuple[Classes, ...] = ()
    subsystems: frozenset[str] = frozenset()


INPUT = Rule(
    "refused-input-device",
    "键盘、鼠标等输入设备",
    "a keyboard, mouse or other input device",
    ((0x03, None, None),),
    frozenset({"input", "hidraw"}),
)
NETWORK = Rule(
    "refused-network-card",
    "网卡（以网卡方式工作的记录仪请取出存储卡，用读卡器导入）",
    "a network card (of a recorder that works as one, take the card out and import it with a card reader)",
    (
        (0x02, 0x06, None),  # ECM
        (0x02, 0x0C, None),  # EEM
        (0x02, 0x0D, None),  # NCM, as GoPro
        (0x02, 0x0E, None),  # MBIM
        (0x02, 0x02, 0xFF),  # RNDIS, as Windows knows it
        (0xE0, 0x01, 0x03),  # RNDIS
        (0xEF, 0x04, None),  # RNDIS
    ),
    frozenset({"net"}),
)
WIRELESS = Rule(
    "refused-wireless",
    "蓝牙或无线网卡",
    "a Bluetooth or other wireless adapter",
    ((0xE0, None, None),),
    frozenset({"bluetooth", "ieee80211"}),
)
HUB = Rule("refused-hub", "集线器，槽位上只能插一台记录仪", "a hub; a bay takes one recorder", ((0x09, None, None),))
PRINTER = Rule("refused-printer", "打印机", "a printer", ((0x07, None, None),))
CAMERA = Rule(
    "refused-webcam",
    "摄像头（记录仪请切换到U盘模式）",
    "a webcam (of a recorder, choose its disk mode)",
    ((0x0E, None, None), (0x10, None, None)),
    frozenset({"video4linux"}),
)
SOUND = Rule("refused-sound", "声卡", "a sound device", ((0x01, None, None),), frozenset({"sound"}))
SMART_CARD = Rule("refused-smart-card", "智能卡读卡器", "a smart card reader", ((0x0B, None, None),))
OTHER = Rule("refused-other", "不是记录仪的设备", "a device that is no recorder")
RULES = (INPUT, NETWORK, WIRELESS, HUB, PRINTER, CAMERA, SOUND, SMART_CARD)

RECORDERS: tuple[Classes, ...] = (
    (MASS_STORAGE, None, None),
    (0x06, None, None),  # still image: PTP and MTP
    (0x02, 0x02, None),  # serial line (CDC-ACM)
    (0x0A, None, None),  # and its data
    (0xFF, None, None),  # the vendor's own
    (0xFE, 0x01, None),  # firmware update: nobody here speaks to it
)

BAD_DESCRIPTOR = Rule("refused-bad-descriptor", "描述符残缺或异常的设备", "a device whose descriptors are broken")
NOT_AUTHORISED = Rule("refused-not-authorised", "系统已停用的设备", "a device that the system keeps switched off")
UNKNOWN_PORT = Rule("refused-unknown-port", "插在槽位以外的设备", "a device at a port that is no bay")
SECOND_DEVICE = Rule("refused-second-device", "同一槽位上的第二台设备", "a second device in one bay")
SECOND_DISK = Rule(
    "refused-second-disk", "同一记录仪上的另一磁盘，未读取", "one more disk on one recorder; it is not read"
)


def judge(described: Described, authorised: bool, made: Iterable[str]) -> Rule | None:
    """Why a device is refused; None: it may be a recorder. `made`: subsystems of what the kernel made of it."""
    found = set(made)
    for rule in RULES:
        if rule.subsystems & found or any(_fits(rule.classes, each) for each in described.interfaces):
            return rule
    if described.device_class == 0x09:
        return HUB
    if not described.sound:
        return BAD_DESCRIPTOR
    if not all(_fits(RECORDERS, each) for each in described.interfaces):
        return OTHER
    return None if authorised else NOT_AUTHORISED


def is_hub(described: Described) -> bool:
    return described.device_class == 0x09 or any(each.usb_class == 0x09 for each in described.interfaces)


def sentence(rule: Rule, device: UsbDevice) -> str:
    """What was refused, for people; what the device says of itself in quotation marks."""
    said = " ".join(filter(None, (device.manufacturer, device.model)))
    name = f"{device.vendor:04x}:{device.product:04x}" + (f" “{said}”" if said else "")
    return one_line(f"已拒绝 {rule.chinese} refused: {rule.english}: {name}, USB {device.path}")


def _fits(classes: tuple[Classes, ...], interface: UsbInterface) -> bool:
    values = (interface.usb_class, interface.subclass, interface.protocol)
    return any(
        all(wanted is None or wanted == value for wanted, value in zip(row, values, strict=True)) for row in classes
    )
