"""What every long-running process asks of its event loop."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

log = logging.getLogger(__name__)


def quiet_second_close(loop: asyncio.AbstractEventLoop) -> None:
    """A connection that breaks while it is being closed may be closed twice by asyncio (gh-156512, in every CPython up to this
    year's); the second time finds nothing and is reported with a traceback. It is one line at debug level here; everything else
    is reported as ever.
    """
    loop.set_exception_handler(_report)


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if isinstance(context.get("exception"), AttributeError) and "._call_connection_lost(" in context["message"]:
        log.debug("a connection was closed twice: %s", context["message"])
    else:
        loop.default_exception_handler(context)
