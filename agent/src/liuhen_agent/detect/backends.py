"""All backends as one stream: each watches its own bays, and a dock without USB bays never asks for udev."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from liuhen_agent.detect import Bay, BayEvent, RefusedDevice, WatchSettings, emulated, udev
from liuhen_files.pulse import Pulse

Event = BayEvent | RefusedDevice
DEFAULTS = WatchSettings()


async def watch(
    bays: Sequence[Bay], settings: WatchSettings = DEFAULTS, pulse: Pulse | None = None
) -> AsyncIterator[Event]:
    """Events for ever, first for what is there already. End it by cancelling. `pulse` is told what is done. Raises udev.UdevUnusable."""
    pulse = pulse or Pulse()
    usb = [bay for bay in bays if bay.backend == "udev"]
    folders = [bay for bay in bays if bay.backend != "udev"]
    streams: list[AsyncGenerator[Event, None]] = []
    if folders:
        streams.append(emulated.watch(folders, settings, pulse))
    if usb:
        streams.append(udev.watch(usb, settings, pulse=pulse))
    events: asyncio.Queue[Event | Exception] = asyncio.Queue()
    tasks = [asyncio.create_task(_follow(stream, events)) for stream in streams]
    try:
        while True:
            event = await events.get()
            if isinstance(event, Exception):
                raise event  # a backend that fell over takes the stream with it
            yield event
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _follow(stream: AsyncGenerator[Event, None], events: asyncio.Queue[Event | Exception]) -> None:
    try:
        async with aclosing(stream):
            async for event in stream:
                events.put_nowait(event)
    except Exception as error:
        events.put_nowait(error)
