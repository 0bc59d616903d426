"""The log of the archive's and the witness's process: one line per event on standard error, or to journald.

Bytes that are no HTTP, and connections that break, are everyday events on an open port. aiohttp would write each with a traceback and a piece of the
sender's bytes, so that anybody could fill the log, and write into it: here each is one line that says what kind it was.
"""

from __future__ import annotations

import logging

from aiohttp.http_exceptions import HttpProcessingError

from liuhen_files import journald


def begin() -> None:
    """To be called once, by a command."""
    said = journald.handler(logging.Formatter, "%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.basicConfig(level=logging.INFO, handlers=[said])
    logging.getLogger("aiohttp.server").addFilter(one_line_for_bad_peers)


def one_line_for_bad_peers(record: logging.LogRecord) -> bool:
    """A logging filter: keeps every record, and takes traceback and bytes from those about a peer that broke off or
    does not speak HTTP.
    """
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError | ConnectionError):
        what = "connection lost" if isinstance(error, ConnectionError) else "this is no HTTP"
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg = f"{record.msg}: {what} ({type(error).__name__})"
        record.exc_info = record.exc_text = None
    return True
