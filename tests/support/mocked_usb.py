"""A mocked /sys and /dev with uevents, through umockdev's library: for a process that runs under `umockdev-wrapper`.

What is mocked is the kernel and the udev daemon. libudev, pyudev and our code are the real ones. Known of umockdev 0.17: it sends
no `remove` by itself, it ends the process when ten events are not taken, and it must exist before anybody asks whether it does.
"""

from __future__ import annotations

import asyncio
import ctypes
from pathlib import Path
from types import TracebackType

from support.usb_ports import Usb, root_hub


class MockedUsb:
    """with MockedUsb() as ports: await ports.plug(device); await ports.pull(device)"""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libumockdev.so.0")
        self._objects = ctypes.CDLL("libgobject-2.0.so.0")
        for name, result, arguments in (
            ("new", ctypes.c_void_p, []),
            ("add_from_string", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]),
            ("uevent", None, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]),
            ("remove_device", None, [ctypes.c_void_p, ctypes.c_char_p]),
            ("set_attribute", None, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p]),
        ):
            function = getattr(self._library, f"umockdev_testbed_{name}")
            function.restype, function.argtypes = result, arguments
        self._objects.g_object_unref.argtypes = [ctypes.c_void_p]
        self._bed = ctypes.c_void_p(self._call("new"))
        self._library.umockdev_in_mock_environment.restype = ctypes.c_bool
        assert self._library.umockdev_in_mock_environment(), "start this process with umockdev-wrapper"
        self._there: list[str] = []
        self._library.umockdev_testbed_get_root_dir.argtypes = [ctypes.c_void_p]
        self._library.umockdev_testbed_get_root_dir.restype = ctypes.c_char_p
        self._root = Path(self._library.umockdev_testbed_get_root_dir(self._bed).decode())

    def __enter__(self) -> MockedUsb:
        for text in (root_hub(1), root_hub(2, 5000), root_hub(3, controller="/devices/platform/dummy_hcd.0")):
            self._add(text)
        return self

    def __exit__(self, *raised: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._objects.g_object_unref(self._bed)

    def there(self, device: Usb) -> None:
        """Plugged in before anybody listens."""
        for text in device.paragraphs():
            self._add(text)

    async def plug(self, device: Usb) -> None:
        for text in device.paragraphs():
            self._add(text)
            await _taken()

    async def plug_line(self, device: Usb) -> None:
        """Its serial line comes; the rest is there."""
        self._add(next(text for text in device.paragraphs() if f"DEVNAME=/dev/{device.line}" in text))
        await _taken()

    async def pull(self, device: Usb) -> None:
        """Children first, each with its event, as the kernel does."""
        gone = [path for path in self._there if path == device.path or path.startswith(f"{device.path}/")]
        for path in reversed(gone):
            self._uevent(path, "remove")
            await _taken()
            self._call("remove_device", f"/sys{path}".encode())
            (self._root / "sys/block" / Path(path).name).unlink(missing_ok=True)  # umockdev forgets it
            self._there.remove(path)

    async def change(self, path: str, action: str = "change", **attributes: str) -> None:
        for name, value in attributes.items():
            self._call("set_attribute", f"/sys{path}".encode(), name.encode(), value.encode())
        self._uevent(path, action)
        await _taken()

    def node(self, name: str) -> Path:
        """The file that stands for a device node: what is in it is on the disk."""
        return self._root / "dev" / name

    def one_connector(self, device: Usb, other_side: str) -> None:
        """The kernel knows the other side of the connector this device is plugged in at: the path of a hub's port."""
        port = self._root / "sys" / f"{device.path.rpartition('/')[0]}/{device.bus}-0:1.0/port".lstrip("/")
        peer = self._root / "sys" / other_side.lstrip("/")
        for folder in (port, peer):
            folder.mkdir(parents=True)
        (port / "peer").symlink_to(f"/sys{other_side}")
        (self._root / "sys" / device.path.lstrip("/") / "port").symlink_to(
            f"/sys/{port.relative_to(self._root / 'sys')}"
        )

    def _add(self, text: str) -> None:
        assert self._call("add_from_string", text.encode() + b"\n", None), text
        self._there.append(text.split("\n", 1)[0].removeprefix("P: "))

    def _uevent(self, path: str, action: str) -> None:
        self._call("uevent", f"/sys{path}".encode(), action.encode())

    def _call(self, name: str, *arguments: object) -> int | None:
        before = () if name == "new" else (self._bed,)
        result: int | None = getattr(self._library, f"umockdev_testbed_{name}")(*before, *arguments)
        return result


async def _taken() -> None:
    """The loop looks at its sockets once or twice: who listens on it has taken the event."""
    for _ in range(3):
        await asyncio.sleep(0)
