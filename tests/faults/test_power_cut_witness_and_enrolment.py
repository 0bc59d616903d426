"""The power is cut under a witness's state and under the files of an enrolment, at every moment."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from faults.power_cut_children import FORK_OF_LOG, LOG, SIZES, cosign_sizes, enroll_dock
from faults.powercutfs import Cut, Mounted, Outcome, power_cut_disk
from liuhen_agent.identity import store
from liuhen_agent.identity.enrolment import enroll
from liuhen_files import keys
from liuhen_protocol import merkle
from liuhen_protocol.witnessing import AddCheckpoint
from liuhen_server.witness.cosigner import Cosigner
from liuhen_server.witness.state import WitnessState
from support import device
from support.forked import forked
from support.memory_log import MemoryLog


@pytest.fixture(scope="module")
def witnessed(tmp_path_factory: pytest.TempPathFactory) -> Mounted:
    with power_cut_disk(tmp_path_factory.mktemp("power")) as disk:
        process = forked(cosign_sizes, disk.folder)
        process.start()
        process.join(60)
        assert process.exitcode == 0
    return disk


def ask(cosigner: Cosigner, log: MemoryLog, old: int, size: int) -> int:
    proof = tuple(merkle.consistency_proof(old, size, log.node)) if old <= size else ()
    return cosigner.add_checkpoint(AddCheckpoint(old, proof, log.note(size=size)).encode()).status


@pytest.mark.parametrize("outcome", Outcome)
def test_witness_never_cosigns_an_older_size_after_a_power_cut(
    witnessed: Mounted, tmp_path: Path, outcome: Outcome
) -> None:
    cuts = witnessed.cuts(outcome)
    assert [said for said in cuts[-1].told if said.startswith("cosigned")] == [f"cosigned {size}" for size in SIZES]
    for number, cut in enumerate(cuts):
        data = cut.rebuild(tmp_path / str(number))
        cosigned = max([int(said.split()[1]) for said in cut.told if said.startswith("cosigned")], default=0)
        if cosigned:
            assert (data / "witness.key").exists(), f"{cut}: a witness that cosigned lost its key"
        signer = keys.load_or_create(data / "witness.key")
        state = WitnessState(data / "witness.db")
        state.add_log(LOG.vkey)
        cosigner = Cosigner("witness.example/w", signer, state, data / "evidence", lambda: 2.0)
        recorded = state.recorded()
        remembered = recorded[LOG.origin].state.size if recorded else 0
        assert remembered >= cosigned, f"{cut}: it forgot that it cosigned {cosigned} entries"
        if remembered:
            assert ask(cosigner, LOG, 0, remembered - 1) == 409, cut
            assert ask(cosigner, FORK_OF_LOG, remembered, remembered) == 422, cut
        assert ask(cosigner, LOG, remembered, 20) == 200, cut
        if "refused a fork" in cut.told:
            assert len(list((data / "evidence").rglob("*.note"))) >= 2, f"{cut}: the evidence of a fork is gone"
        state.close()


async def test_enrolment_is_whole_or_completed_by_the_same_code_after_a_power_cut(tmp_path: Path) -> None:
    async with device.running_archive(tmp_path) as archive:
        code = await device.enrolment_code(archive.config, "dock-03")
        with power_cut_disk(tmp_path) as disk:
            process = forked(enroll_dock, archive.url, code, disk.folder)
            process.start()
            await asyncio.to_thread(process.join, 60)
            assert process.exitcode == 0
        cuts = [(outcome, cut) for outcome in Outcome for cut in disk.cuts(outcome)]
        kept_key = False
        for number, (outcome, cut) in enumerate(cuts):
            if number and cuts[number - 1][0] is not outcome:
                kept_key = False
            kept_key = await check_enrolment(cut, tmp_path / "after" / str(number), archive.url, code, kept_key)


async def check_enrolment(cut: Cut, data_dir: Path, url: str, code: str, kept_key: bool) -> bool:
    """Enrolled means usable; else the same code completes it. Gives whether the signing key was there."""
    cut.rebuild(data_dir)
    paths = store.Paths(data_dir)
    if paths.identity.exists():
        store.load(data_dir)
        store.load_policy(data_dir)
        store.client_context(data_dir)
        keys.load(paths.signing_key)
    else:
        assert "enrolled" not in cut.told, f"{cut}: an enrolled dock is not enrolled any more"
    has_key = paths.signing_key.exists()
    assert has_key or not kept_key, f"{cut}: the signing key is gone"
    if has_key:  # before that the archive knows nothing of this dock
        identity = await enroll(url, code, data_dir)
        assert identity == store.load(data_dir), cut
    return has_key
