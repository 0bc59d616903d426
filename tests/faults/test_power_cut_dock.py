"""The power is cut under the dock's journal and spool, at every moment of a stay, with each legal outcome."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest

from faults.power_cut_children import run_dock
from faults.powercutfs import Cut, Mounted, Outcome, power_cut_disk
from faults.test_dock_kill import FILES, check_nothing_lost_and_nothing_repeated
from liuhen_agent.bay import State
from liuhen_agent.detect import Bay
from liuhen_agent.journal import ClipState, JournalDamaged, queries, read_only
from support import dock_alone
from support.forked import forked

# one dock works on one disk for all of them
pytestmark = pytest.mark.xdist_group("power cut dock")

RUNS = 12  # so many of the cuts are followed by a whole run of the dock; all of them are looked at


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorder")
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def worked(recorder: Path, tmp_path_factory: pytest.TempPathFactory) -> Mounted:
    """A disk on which a dock has collected the recorder, once and undisturbed."""
    tmp_path = tmp_path_factory.mktemp("power")
    enrolled = tmp_path / "enrolled"
    dock_alone.enrol(enrolled)
    with power_cut_disk(tmp_path, enrolled) as disk:
        process = forked(run_dock, disk.folder, recorder)
        process.start()
        process.join(60)
        assert process.exitcode == 0
    return disk


def told_entries(cut: Cut) -> dict[int, str]:
    return {int(seq): digest for seq, _, digest in (said.partition(" ") for said in cut.told)}


def check_what_was_proved(cut: Cut, data_dir: Path) -> int:
    """Every clip the journal speaks of lies in the spool with its bytes; every entry the archive has is in the journal.
    Gives the number of statements."""
    try:
        with read_only(dock_alone.journal_of(data_dir)) as db:
            said = {row.seq: hashlib.sha256(row.data).hexdigest() for row in queries.envelopes(db)}
            clips = [clip for state in ClipState for clip in queries.clips_in(db, state, 100)]
    except JournalDamaged:  # allowed only while there is none yet
        said, clips = {}, []
    assert told_entries(cut).items() <= said.items(), f"{cut}: the archive has entries that the dock forgot"
    for clip in clips:
        copy = data_dir / clip.spool
        assert copy.is_file(), f"{cut}: {clip.name} is collected and its copy is gone"
        assert hashlib.sha256(copy.read_bytes()).hexdigest() == clip.sha256, f"{cut}: {clip.name} lost bytes"
    return len(said)


@pytest.mark.parametrize("outcome", Outcome)
def test_what_the_dock_has_said_is_in_its_spool_after_a_power_cut(
    worked: Mounted, tmp_path: Path, outcome: Outcome
) -> None:
    cuts = worked.cuts(outcome)
    assert len(cuts) > 40 and told_entries(cuts[-1])
    before = 0
    for number, cut in enumerate(cuts):
        statements = check_what_was_proved(cut, cut.rebuild(tmp_path / str(number)))
        assert statements >= before, f"{cut}: the chain is shorter than it was"
        before = statements
    assert before == max(told_entries(cuts[-1])) + 1


@pytest.mark.parametrize("outcome", Outcome)
def test_dock_goes_on_after_a_power_cut_and_repeats_nothing(
    worked: Mounted, recorder: Path, tmp_path: Path, outcome: Outcome
) -> None:
    cuts = worked.cuts(outcome)
    for number, cut in enumerate(cuts[:: max(1, len(cuts) // RUNS)]):
        data_dir = cut.rebuild(tmp_path / str(number))
        views = asyncio.run(dock_alone.run_until_idle(data_dir, Bay("1", "directory", recorder)))
        assert [view.state for view in views] == [State.READY], cut
        check_nothing_lost_and_nothing_repeated(data_dir)
        check_what_was_proved(cut, data_dir)
