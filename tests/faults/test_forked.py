"""Children of the fault tables begin with their programs imported, and with what the test's environment says now."""

from __future__ import annotations

import os
import signal

import pytest

from faults.forked_child import tell_and_die
from support.forked import FORK, forked


def test_a_forked_child_finds_everything_imported_and_dies_as_any_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIUHEN_SAID", "now")
    heard, said = FORK.Pipe(duplex=False)
    process = forked(tell_and_die, said)
    process.start()
    assert heard.recv() == (True, "now", os.environ.get("PYTHONPATH"))
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
