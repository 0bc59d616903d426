"""What a dishonest archive, or whoever stands in its place, can answer a dock with. In none of these is the recorder cleared."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from liuhen_agent.journal import changes, queries
from liuhen_agent.sync import head, receipts
from liuhen_agent.sync.log_view import CONTRADICTION, Untrue
from liuhen_protocol.digest import digest_of
from liuhen_protocol.errors import Refused
from liuhen_protocol.signer import Ed25519Signer
from support.custody import Speaker
from support.memory_log import MemoryLog
from unit.agent_sync.standin import StandIn
from unit.agent_sync.world import NOW, World, enrolled

CLIP = b"what the recorder saw " * 10_000
OTHER = b"what another recorder saw " * 10_000
PROXY = b"a smaller picture of it " * 1_000


@dataclass
class Attacked:
    """A dock that waits for the receipt of CLIP; OTHER and the proxy of CLIP are in the archive too."""

    world: World
    archive: StandIn
    bay: Path

    async def answer(self, receipt: bytes) -> object:
        """The archive answers with this receipt; gives what the dock made of it."""
        self.archive.receipt_of = lambda sha256: receipt
        return await self.world.fetch(await self.world.clip(CLIP))

    async def shown(self) -> None:
        """The dock asks for the log's newest checkpoint and looks at what it is shown."""
        assert await self.world.view.newest(self.world.archive.checkpoint, NOW)

    async def recorder_is_kept(self, code: str) -> None:
        """The dock refuses to clear for this reason, and the recorder still has its clip."""
        outcome = await self.world.clear(self.bay)
        assert (outcome.cleared, outcome.code) == (False, code), outcome
        assert (self.bay / "clip.mp4").read_bytes() == CLIP

    async def even_if_journaled(self, receipt: bytes, code: str) -> None:
        """The wipe helper believes no journal: with this receipt written into it by force, it still refuses."""
        sha256 = digest_of(CLIP).sha256
        await self.world.journal.change(changes.Receipted(sha256, receipt, "2026-11-22T18:00:00.000Z"))
        outcome = await self.world.clear(self.bay)
        assert (outcome.cleared, outcome.code) == (False, "receipt-does-not-hold"), outcome
        assert f": {code}: " in outcome.why
        assert (self.bay / "clip.mp4").read_bytes() == CLIP


@contextlib.asynccontextmanager
async def attacked(folder: Path) -> AsyncIterator[Attacked]:
    async with enrolled(folder) as (world, archive):
        await world.dock_folder({"other.mp4": OTHER}, "s0", world.bay.parent / "bay-0")
        bay = await world.dock_folder({"clip.mp4": CLIP})
        await world.derive(CLIP, PROXY)
        await world.send_entries()
        await world.upload_all()
        yield Attacked(world, archive, bay)


def _of_other_clip(archive: StandIn) -> bytes:
    return archive.receipt(digest_of(OTHER).sha256)


def _of_proxy(archive: StandIn) -> bytes:
    return archive.receipt(digest_of(PROXY).sha256)


def _by_other_key(archive: StandIn) -> bytes:
    archive.county.archive.signer = Ed25519Signer.from_seed(b"M" * 32)
    return _stored_again(archive, "dock-03")


def _of_other_dock(archive: StandIn) -> bytes:
    return _stored_again(archive, "dock-99")


def _as_derivative(archive: StandIn) -> bytes:
    return _stored_again(archive, "dock-03", "derivative")


def _stated_by_a_dock(archive: StandIn) -> bytes:
    archive.county.archive.source = "dock-03"
    return _stored_again(archive, "dock-03")


def _without_quorum(archive: StandIn) -> bytes:
    del archive.county.witnesses[1:]
    return archive.receipt(digest_of(CLIP).sha256)


def _of_other_log(archive: StandIn) -> bytes:
    archive.shown_log = MemoryLog(
        archive.county.log.origin, Ed25519Signer.from_seed(b"O" * 32), archive.county.log.entries
    )
    return archive.receipt(digest_of(CLIP).sha256)


def _not_in_the_log(archive: StandIn) -> bytes:
    honest = archive.receipt(digest_of(CLIP).sha256)
    shorter = MemoryLog(archive.county.log.origin, archive.county.log.signer, archive.county.log.entries)
    shorter.entries[archive.county.index_of["clip.stored", digest_of(CLIP).sha256]] = b"something else"
    return honest[: honest.index(b"\n\n") + 2] + shorter.note(archive.county.witnesses)


def _stored_again(archive: StandIn, dock: str, kind: str = "original") -> bytes:
    archive.store(digest_of(CLIP).sha256, CLIP, Speaker(dock, archive.county.archive.signer), kind)
    return archive.receipt(digest_of(CLIP).sha256)


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        pytest.param(_of_other_clip, "other-clip", id="receipt_is_for_another_clip"),
        pytest.param(_of_proxy, "other-clip", id="receipt_is_for_the_proxy"),
        pytest.param(_as_derivative, "other-kind", id="receipt_says_the_original_is_a_derivative"),
        pytest.param(_by_other_key, "other-key", id="receipt_is_signed_by_another_key"),
        pytest.param(_of_other_dock, "other-dock", id="receipt_is_for_the_same_bytes_of_another_dock"),
        pytest.param(_stated_by_a_dock, "other-source", id="receipt_is_not_stated_by_the_archive"),
        pytest.param(_without_quorum, "quorum-missing", id="receipt_lacks_the_quorum"),
        pytest.param(_of_other_log, "log-signature-missing", id="receipt_is_of_another_log"),
        pytest.param(_not_in_the_log, "not-included", id="receipt_is_not_in_the_log_it_shows"),
    ],
)
async def test_recorder_is_not_cleared_when(tmp_path: Path, lie: Callable[[StandIn], bytes], code: str) -> None:
    async with attacked(tmp_path) as case:
        receipt = lie(case.archive)
        answer = await case.answer(receipt)
        assert isinstance(answer, receipts.Rejected)
        assert answer.code == code
        assert await case.world.alarms() == {"receipt-refused"}
        await case.recorder_is_kept("no-receipt")
        await case.even_if_journaled(receipt, code)


async def test_recorder_is_not_cleared_when_receipt_is_garbage(tmp_path: Path) -> None:
    async with attacked(tmp_path) as case:
        honest = case.archive.receipt(digest_of(CLIP).sha256)
        for garbage in (b"", b"\x00" * 1000, honest[:-200], honest.replace(b"index", b"inbex"), b"{}"):
            assert isinstance(await case.answer(garbage), receipts.Rejected)
        await case.recorder_is_kept("no-receipt")


async def test_recorder_is_not_cleared_when_log_is_rolled_back(tmp_path: Path) -> None:
    async with attacked(tmp_path) as case:
        await case.world.fetch_receipts()
        await case.shown()
        county = case.archive.county
        case.archive.shown_log = MemoryLog(county.log.origin, county.log.signer, county.log.entries[:-1])
        with pytest.raises(Untrue) as untrue:
            await case.shown()
        assert untrue.value.code == "rolled-back"
        assert await case.world.alarms() == {"rolled-back"}
        await case.recorder_is_kept("halted")


async def test_log_that_grew_while_its_newest_checkpoint_was_on_the_way_is_not_taken_for_rolled_back(
    tmp_path: Path,
) -> None:
    """A receipt shows the longer log before the answer about the shorter one is here; the dock keeps the longer."""
    async with attacked(tmp_path) as case:
        await case.shown()

        async def overtaken() -> bytes | None:
            note = await case.world.archive.checkpoint()
            case.archive.county.log.entries.append(b"another dock's statement")
            await case.world.fetch_receipts()
            return note

        assert await case.world.view.newest(overtaken, NOW)
        assert await case.world.alarms() == set()
        assert await case.world.journal.ask(queries.note, queries.CHECKPOINT) == case.archive.note()


@pytest.mark.parametrize("more", [0, 5, 300])
async def test_recorder_is_not_cleared_when_log_shows_two_views(tmp_path: Path, more: int) -> None:
    async with attacked(tmp_path) as case:
        await case.world.fetch_receipts()
        before = await case.world.journal.ask(queries.note, queries.CHECKPOINT)
        county = case.archive.county
        other = MemoryLog(county.log.origin, county.log.signer, county.log.entries)
        other.entries[1] = b"an entry that was not there"
        other.entries += [b"%d" % n for n in range(more)]
        case.archive.shown_log = other
        with pytest.raises(Untrue) as untrue:
            await case.shown()
        assert untrue.value.code == "split-view"
        assert await case.world.alarms() == {"split-view"}
        assert await case.world.journal.ask(queries.note, queries.CHECKPOINT) == before
        assert await case.world.journal.ask(queries.note, CONTRADICTION) == case.archive.note()
        await case.recorder_is_kept("halted")


async def test_recorder_is_not_cleared_when_receipt_comes_from_another_view_of_the_log(tmp_path: Path) -> None:
    async with attacked(tmp_path) as case:
        await case.shown()
        county = case.archive.county
        other = MemoryLog(county.log.origin, county.log.signer, county.log.entries)
        other.entries[1] = b"an entry that was not there"
        other.entries.append(b"one more")
        case.archive.shown_log = other
        with pytest.raises(Untrue):
            await case.world.fetch(await case.world.clip(CLIP))
        await case.recorder_is_kept("halted")


async def test_recorder_is_not_cleared_when_tiles_hide_the_proof(tmp_path: Path) -> None:
    async with attacked(tmp_path) as case:
        county = case.archive.county
        old = MemoryLog(county.log.origin, county.log.signer, county.log.entries[:3])
        case.archive.shown_log = old
        await case.shown()
        case.archive.shown_log = None

        async def wrong_tile(tile: object) -> bytes:
            return bytes(32 * getattr(tile, "width", 0))

        case.world.view._read_tile = wrong_tile
        with pytest.raises(Untrue):
            await case.shown()
        await case.recorder_is_kept("halted")


async def test_checkpoint_without_quorum_is_ignored_and_no_alarm(tmp_path: Path) -> None:
    async with attacked(tmp_path) as case:
        case.archive.cosigning = False
        with pytest.raises(Refused) as refused:
            await case.shown()
        assert refused.value.code == "quorum-missing"
        assert await case.world.alarms() == set()


async def test_recorder_is_not_cleared_when_the_tail_of_the_chain_is_cut(tmp_path: Path) -> None:
    async with attacked(tmp_path) as case:
        await case.world.fetch_receipts()
        case.archive.forget_head = True
        answer = await head.check(case.world.archive, case.world.journal, NOW)
        assert isinstance(answer, head.Disagrees)
        assert await case.world.alarms() == {"chain-cut"}
        await case.recorder_is_kept("halted")


async def test_recorder_is_not_cleared_when_the_archive_has_another_statement_of_this_dock(tmp_path: Path) -> None:
    async with attacked(tmp_path) as case:
        await case.world.fetch_receipts()
        own = case.archive.heads["dock-03"]
        case.archive.heads["dock-03"] = type(own)(own.source, own.seq, "ab" * 32, own.time)
        answer = await head.check(case.world.archive, case.world.journal, NOW)
        assert isinstance(answer, head.Disagrees)
        assert await case.world.alarms() == {"chain-forked"}
        await case.recorder_is_kept("halted")


async def test_recorder_is_not_cleared_when_a_clip_appeared_after_the_inventory(tmp_path: Path) -> None:
    async with attacked(tmp_path) as case:
        await case.world.fetch_receipts()
        (case.bay / "later.mp4").write_bytes(b"recorded after the inventory")
        await case.recorder_is_kept("new-or-changed")
        assert (case.bay / "later.mp4").exists()


async def test_recorder_is_not_cleared_when_a_file_changed_after_it_was_collected(tmp_path: Path) -> None:
    async with attacked(tmp_path) as case:
        await case.world.fetch_receipts()
        (case.bay / "clip.mp4").write_bytes(CLIP + b"!")
        outcome = await case.world.clear(case.bay)
        assert (outcome.cleared, outcome.code) == (False, "new-or-changed")
        assert (case.bay / "clip.mp4").read_bytes() == CLIP + b"!"


async def test_recorder_is_not_cleared_through_a_link_out_of_the_bay(tmp_path: Path) -> None:
    async with attacked(tmp_path) as case:
        await case.world.fetch_receipts()
        outside = tmp_path / "outside"
        outside.mkdir()
        (case.bay / "clip.mp4").rename(outside / "clip.mp4")
        (case.bay / "clip.mp4").symlink_to(outside / "clip.mp4")
        outcome = await case.world.clear(case.bay)
        assert (outcome.cleared, outcome.code) == (False, "listing-incomplete")
        assert (outside / "clip.mp4").read_bytes() == CLIP


async def test_recorder_is_not_cleared_when_policy_is_gone(tmp_path: Path) -> None:
    async with attacked(tmp_path) as case:
        await case.world.fetch_receipts()
        (case.world.data_dir / "policy").unlink()
        await case.recorder_is_kept("cannot-decide")
