"""A backup brings nothing back that was disposed of, and is whole without it; its bytes leave the disk with the last backup that names them."""

from __future__ import annotations

from pathlib import Path

from liuhen_protocol.digest import digest_of
from liuhen_server import config
from liuhen_server.operations.backup import take
from liuhen_server.operations.backup_format import clip_path, complete_backups
from liuhen_server.operations.opening import opened
from liuhen_server.operations.restore import restore
from support.backing_up import is_whole
from support.footage import cabinet_in

ONE, TWO = b"first " * 1000, b"second " * 1000


async def test_what_was_disposed_of_is_in_no_new_backup_and_goes_with_the_last_that_names_it(tmp_path: Path) -> None:
    to = tmp_path / "backups"
    to.mkdir()
    gone = to / clip_path(digest_of(ONE).sha256)
    async with cabinet_in(tmp_path / "archive", f"sqlite:///{tmp_path / 'archive' / 'archive.db'}") as cabinet:
        await cabinet.clip(ONE)
        cabinet.clock.days_pass(200)
        await cabinet.clip(TWO)
        await cabinet.published()
        before = await take(cabinet.archive, to, with_keys=True)
        await cabinet.disposed()
        await cabinet.published()
        cabinet.clock.days_pass(1)
        waiting = await take(cabinet.archive, to, with_keys=True)
        assert (before.about.clips, waiting.about.clips) == (2, 1), "from the tombstone on it is not backed up"
        assert await cabinet.removal.sweep() == 1
        cabinet.clock.days_pass(1)
        after = await take(cabinet.archive, to, with_keys=True)
        assert gone.exists() and is_whole(before.folder), "the first backup is whole as long as it is kept"
        cabinet.clock.days_pass(1)
        last = await take(cabinet.archive, to, with_keys=True, most=1)
        assert complete_backups(to) == [last.folder] and after.folder != last.folder
        assert not gone.exists() and is_whole(last.folder)
    restored = await restore(last.folder, tmp_path / "restored")
    assert restored.report.holds, restored.report.text()
    assert restored.report.checked["disposed"] == 1
    async with opened(config.load(tmp_path / "restored")) as archive:
        assert archive.store.size(digest_of(ONE).sha256) is None
        assert archive.store.size(digest_of(TWO).sha256) == len(TWO)
