"""From the journal to a cleared recorder, and what happens when the network or the archive does not do its part."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from liuhen_agent.journal import ClipState, changes, queries
from liuhen_agent.sync import head, receipts
from liuhen_agent.sync.answers import Later, Refusal
from liuhen_agent.sync.uploads import BytesRejected, SpoolDamaged
from liuhen_protocol.digest import digest_of
from unit.agent_sync.world import NOW, World, enrolled

FIRST = b"first clip " * 100_000
SECOND = os.urandom(3_000_000)


async def test_recorder_is_cleared_when_every_clip_has_a_receipt(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        bay = await world.dock_folder({"DCIM/a.mp4": FIRST, "DCIM/b.mp4": SECOND, "ID.txt": b""})
        kept = await world.sync()
        assert [type(one) for one in kept] == [receipts.Kept] * 3
        outcome = await world.clear(bay)
        assert outcome.cleared, outcome
        assert (outcome.removed, len(outcome.files)) == (3, 3)
        assert not [path for path in bay.rglob("*") if path.is_file()]
        assert archive.stored[digest_of(SECOND).sha256] == SECOND
        assert await world.alarms() == set()


async def test_upload_continues_at_the_archives_offset_after_the_line_is_cut(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"a.mp4": SECOND})
        await world.send_entries()
        archive.cut_after = 1_234_567
        clip = await world.clip(SECOND)
        with pytest.raises(Later):
            await world.uploader().upload(clip)
        clip = await world.clip(SECOND)
        assert clip.upload_url is not None
        assert clip.state is ClipState.PROMISED
        await world.uploader().upload(clip)
        assert [request for request in archive.requests if request.startswith("patch")] == ["patch 0", "patch 1234567"]
        assert archive.stored[clip.sha256] == SECOND
        assert (await world.clip(SECOND)).state is ClipState.UPLOADED


async def test_upload_begins_again_when_the_archive_forgot_it(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"a.mp4": SECOND})
        await world.send_entries()
        archive.cut_after = 1_000_000
        with pytest.raises(Later):
            await world.upload_all()
        archive.uploads.clear()
        await world.upload_all()
        assert archive.stored[digest_of(SECOND).sha256] == SECOND


async def test_upload_begun_at_an_archive_that_has_moved_begins_again_where_it_is_now(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"a.mp4": SECOND})
        await world.send_entries()
        before_the_move = changes.UploadStarted(digest_of(SECOND).sha256, "https://127.0.0.1:1/v1/uploads/old")
        await world.journal.change(before_the_move)
        await world.upload_all()
        assert archive.stored[digest_of(SECOND).sha256] == SECOND


async def test_upload_whose_last_answer_was_lost_is_not_sent_again(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"a.mp4": SECOND})
        await world.sync()
        sha256 = digest_of(SECOND).sha256
        received = archive.received
        await world.journal.change(changes.NoteKept("nothing", b""))
        lost = await world.clip(SECOND)
        archive.uploads.clear()
        # the journal as it stood before the answer: promised, with the upload's address
        world.journal._db.execute(
            "UPDATE clips SET state = 'promised', receipt = NULL, upload_url = ?", (f"{archive.url}/v1/uploads/gone",)
        )
        del lost
        await world.uploader().upload(await world.clip(SECOND))
        assert archive.received == received
        assert (await world.clip(SECOND)).state is ClipState.UPLOADED
        assert sha256 in archive.stored


async def test_empty_clip_is_uploaded_and_receipted(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"empty.mp4": b""})
        assert [type(one) for one in await world.sync()] == [receipts.Kept]
        assert archive.stored[digest_of(b"").sha256] == b""


async def test_bytes_altered_on_the_way_are_sent_again_only_if_our_copy_is_good(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"a.mp4": FIRST})
        await world.send_entries()
        archive.alter_upload = lambda data: b"x" + data[1:]
        with pytest.raises(BytesRejected):
            await world.upload_all()
        spool = world.data_dir / (await world.clip(FIRST)).spool
        spool.write_bytes(b"y" + FIRST[1:])
        with pytest.raises(SpoolDamaged):
            await world.upload_all()


async def test_clip_that_nobody_promised_is_refused_and_not_marked_uploaded(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"a.mp4": FIRST})
        await world.send_entries()
        archive.promised.clear()
        with pytest.raises(Refusal) as refused:
            await world.upload_all()
        assert refused.value.code == "not-promised"
        assert (await world.clip(FIRST)).state is ClipState.PROMISED


async def test_entries_are_sent_again_after_a_busy_answer_and_get_the_same_index(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"a.mp4": FIRST})
        archive.busy_entries = 1
        with pytest.raises(Later) as later:
            await world.send_entries()
        assert later.value.retry_after == 7
        await world.send_entries()
        first = [row.log_index for row in await world.journal.ask(lambda db: list(queries.envelopes(db)))]
        world.journal._db.execute("UPDATE envelopes SET log_index = NULL")
        await world.send_entries()
        assert [row.log_index for row in await world.journal.ask(lambda db: list(queries.envelopes(db)))] == first


async def test_refused_entry_is_an_alarm_and_is_not_sent_in_a_loop(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"a.mp4": FIRST})
        archive.refuse_entry = lambda seq: "revoked" if seq == 1 else None
        await world.send_entries()
        await world.send_entries()
        await world.send_entries()
        assert await world.alarms() == {"entry-refused"}
        refused = await world.journal.ask(queries.first_refused)
        assert refused is not None and refused.seq == 1
        assert [request for request in archive.requests if request.startswith("entries")] == ["entries 4"]
        # after a person settled the reason everything goes on, the alarm's own statement included
        archive.refuse_entry = lambda seq: None
        await world.journal.change(changes.RefusalsForgotten())
        await world.send_entries()
        assert await world.journal.ask(queries.unsent_count) == 0


async def test_refusal_whose_reason_cannot_be_stated_as_it_is_still_becomes_an_alarm(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"a.mp4": FIRST})
        archive.refuse_entry = lambda seq: "revoked\n\x1b[2J" if seq == 1 else None
        await world.send_entries()
        [alarm] = await world.journal.ask(queries.alarms)
        assert alarm.code == "entry-refused" and alarm.detail.isprintable()


async def test_refusal_whose_alarm_was_lost_in_a_power_cut_is_an_alarm_at_the_next_try(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, _archive):
        await world.dock_folder({"a.mp4": FIRST})
        await world.journal.change(changes.EntryRefused(1, "revoked", "the power went right behind this"))
        await world.send_entries()
        assert await world.alarms() == {"entry-refused"}


async def test_head_of_the_archive_agrees_while_entries_wait(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        assert isinstance(await head.check(world.archive, world.journal, NOW), head.Agrees)
        await world.send_entries()
        await world.dock_folder({"a.mp4": FIRST})
        assert isinstance(await head.check(world.archive, world.journal, NOW), head.Agrees)
        assert archive.heads["dock-03"].seq == 0


async def test_reconciliation_says_which_receipted_clip_the_archive_lost(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        bay = await world.dock_folder({"a.mp4": FIRST, "b.mp4": SECOND})
        await world.sync()
        clips = await world.journal.ask(queries.clips_in, ClipState.RECEIPTED)
        assert await reconciled(world) == receipts.Reconciled()
        del archive.county.index_of["clip.stored", digest_of(FIRST).sha256]
        (world.data_dir / (await world.clip(FIRST)).spool).unlink()
        assert [clip.sha256 for clip in (await reconciled(world)).missing] == [digest_of(FIRST).sha256]
        assert await world.alarms() == {"receipted-clip-missing"}
        assert await world.journal.ask(queries.clips_in, ClipState.RECEIPTED) == clips, (
            "what is not here cannot be sent"
        )
        outcome = await world.clear(bay)
        assert (outcome.cleared, outcome.code) == (False, "halted")
        assert (bay / "a.mp4").exists()
        (world.data_dir / (await world.clip(FIRST)).spool).write_bytes(FIRST)
        await reconciled(world)  # as after a crash behind the alarm: it stands, and the clip is still to be sent
        assert (await world.clip(FIRST)).state is ClipState.PROMISED


async def reconciled(world: World) -> receipts.Reconciled:
    clips = await world.journal.ask(queries.clips_in, ClipState.RECEIPTED)
    return await receipts.reconcile(world.archive, world.journal, world.view, world.trust, clips, world.data_dir, NOW)


async def test_receipted_clip_that_the_archive_lost_is_sent_again_while_its_copy_is_here(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        bay = await world.dock_folder({"a.mp4": FIRST, "b.mp4": SECOND})
        await world.sync()
        sha256, received = digest_of(FIRST).sha256, archive.received
        before = await world.journal.ask(queries.receipt, sha256)
        del archive.county.index_of["clip.stored", sha256], archive.stored[sha256]
        assert [clip.name for clip in (await reconciled(world)).missing] == ["a.mp4"]
        assert await world.journal.ask(queries.note, changes.WITHDRAWN + sha256) == before, (
            "evidence against the archive"
        )
        assert (await world.clear(bay)).code == "halted"
        await world.sync()
        assert archive.received - received == len(FIRST) and archive.stored[sha256] == FIRST
        assert (await world.clip(FIRST)).state is ClipState.RECEIPTED
        assert await reconciled(world) == receipts.Reconciled()
        assert await world.alarms() == {"receipted-clip-missing"}, "until a person has settled it"


async def test_receipt_that_does_not_hold_any_more_halts_clearing_and_is_not_taken_for_a_clip_that_is_gone(
    tmp_path: Path,
) -> None:
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"a.mp4": FIRST})
        await world.sync()
        archive.receipt_of = lambda sha256: b"garbage"
        found = await reconciled(world)
        assert (found.missing, [clip.name for clip in found.untrue], found.withheld) == ((), ["a.mp4"], ())
        assert await world.alarms() == {"receipted-clip-missing"}
        assert (await world.clip(FIRST)).state is ClipState.RECEIPTED


async def test_archive_that_refuses_to_show_receipts_is_an_alarm_and_not_taken_for_one_that_lost_clips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with enrolled(tmp_path) as (world, _archive):
        bay = await world.dock_folder({"a.mp4": FIRST})
        await world.sync()

        async def refused(sha256: str) -> bytes:
            raise Refusal(403, "revoked", "this dock is revoked")

        monkeypatch.setattr(world.archive, "receipt", refused)
        found = await reconciled(world)
        assert (found.missing, found.untrue, [clip.name for clip in found.withheld]) == ((), (), ["a.mp4"])
        [alarm] = await world.journal.ask(queries.alarms)
        assert alarm.code == "receipts-withheld" and "revoked" in alarm.detail
        assert (await world.clear(bay)).cleared, "the receipts here hold as before"
