"""Kill -9 of the dock before and after every durable step: nothing is lost, nothing visible is repeated.

A child process runs the real dock over a folder and dies at one point. Then the dock runs again, undisturbed, and all of
this must hold: every file is collected once and said once, its spool copy has its bytes, the chain links from 0 on,
every stay is closed, no part is left. The archive is the stand-in of `support.dock_alone`, and says so there.
"""

from __future__ import annotations

import asyncio
import hashlib
import signal
from collections import Counter
from pathlib import Path

import pytest

from faults.dock_child import run_and_die
from faults.killpoint import KillPoint
from liuhen_agent.bay import State
from liuhen_agent.detect import Bay
from liuhen_agent.journal import FileState, queries, read_only
from liuhen_protocol import chain, dsse
from liuhen_protocol.events import ClipCollected
from liuhen_protocol.statement import read_statement
from support import dock_alone
from support.forked import forked

FILES = {
    "DSJ7A01_01234520261122143059_0001.MP4": b"first" * 1000,
    "DSJ7A01_01234520261122143559_0002_IMP.MP4": b"important" * 1000,
    "empty.mp4": b"",
}
COMMIT = "liuhen_agent.journal:Journal._commit"
PUBLISH = "liuhen_files.durable:publish"
FINISH = "liuhen_agent.collect.copy:_Writer.finish"
CREATE = "liuhen_agent.collect.spool:Spool.create_part"
MKDIRS = "liuhen_files.durable:mkdirs"

COMMITS = 24  # schema, started, docked, states, inventory, three clips, what the archive answered, undocked
SURE_COMMITS = 16
TABLE = [
    *(KillPoint(COMMIT, after, nth) for nth in range(1, COMMITS + 1) for after in (False, True)),
    *(
        KillPoint(step, after, nth)
        for step in (PUBLISH, FINISH, CREATE)
        for nth in (1, 2, 3)
        for after in (False, True)
    ),
    *(KillPoint(MKDIRS, after) for after in (False, True)),
]


@pytest.mark.parametrize("point", TABLE, ids=str)
def test_dock_killed_at_a_durable_step_loses_and_repeats_nothing(tmp_path: Path, point: KillPoint) -> None:
    data_dir, folder = tmp_path / "dock", tmp_path / "recorder"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    dock_alone.enrol(data_dir)
    process = forked(run_and_die, data_dir, folder, point)
    process.start()
    process.join(60)
    # Changes that come together are one commit, so the last commits of the table are not reached by every run.
    expected = (-signal.SIGKILL, 0) if point.name == COMMIT and point.nth > SURE_COMMITS else (-signal.SIGKILL,)
    assert process.exitcode in expected, "this point of the table was not reached"

    views = asyncio.run(dock_alone.run_until_idle(data_dir, Bay("1", "directory", folder)))

    assert [view.state for view in views] == [State.READY]
    check_nothing_lost_and_nothing_repeated(data_dir)


def check_nothing_lost_and_nothing_repeated(data_dir: Path) -> None:
    with read_only(dock_alone.journal_of(data_dir)) as db:
        head, said = None, Counter[str]()
        for row in queries.envelopes(db):
            envelope = dsse.Envelope.parse(row.data)
            envelope.check_signature()
            statement = read_statement(envelope.payload)
            chain.check_link(head, statement.link)
            head = chain.after(statement.link, chain.envelope_hash(row.data))
            if isinstance(statement.event, ClipCollected):
                said[statement.event.path] += 1
        assert said == Counter(FILES.keys())
        assert queries.open_sessions(db) == []
        last = queries.files(db, queries.last_sessions(db)[0].id)
    assert {file.path for file in last} == set(FILES)
    for file in last:
        assert file.state is FileState.COLLECTED and file.sha256 is not None
        copy = (data_dir / "spool" / file.sha256).read_bytes()
        assert copy == FILES[file.path] and hashlib.sha256(copy).hexdigest() == file.sha256
    assert list((data_dir / "spool" / "incoming").iterdir()) == []
    quarantined = data_dir / "quarantine"
    assert not quarantined.exists() or list(quarantined.iterdir()) == []
