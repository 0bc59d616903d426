"""The child process of test_forked.py; it imports nothing that the server should have imported."""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing.connection import Connection

from support.forked import PRELOADED


def tell_and_die(said: Connection) -> None:
    said.send((PRELOADED in sys.modules, os.environ.get("LIUHEN_SAID"), os.environ.get("PYTHONPATH")))
    os.kill(os.getpid(), signal.SIGKILL)
