"""What the event loop reports, and the one thing it does not."""

from __future__ import annotations

import asyncio
import logging
import socket

import pytest

from liuhen_files.event_loop import quiet_second_close


async def test_second_close_of_a_connection_is_not_reported_as_an_error(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    quiet_second_close(loop)
    near, far = socket.socketpair()
    with far:
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=near)
        transport.abort()
        loop.call_soon(transport._call_connection_lost, None)  # type: ignore[attr-defined]  # what gh-156512 does
        with caplog.at_level(logging.DEBUG):
            await asyncio.sleep(0.01)
    assert [record.levelname for record in caplog.records] == ["DEBUG"]


async def test_every_other_error_of_a_callback_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    quiet_second_close(loop)

    def broken() -> None:
        raise AttributeError("a bug of ours")

    loop.call_soon(broken)
    await asyncio.sleep(0.01)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "a bug of ours" in caplog.text
