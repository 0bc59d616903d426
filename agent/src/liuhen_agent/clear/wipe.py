"""The wipe helper: reads, checks, lists, decides, and only then writes.

1. the journal, read-only: the stay, its inventory, its receipts, what was said of it, alarms, the dock's order
2. the policy and the archive's key from the dock's folder; every receipt is checked here, again
3. the recorder is opened without following links and listed again
4. `rule.may_clear` decides; anything but Clear ends here with nothing written
5. delete or format, then list once more: nothing of what was to go may be left
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from liuhen_agent.clear import delete, format, order
from liuhen_agent.clear.format import FormatFailed, Plan
from liuhen_agent.clear.rule import Clear, Evidence, Found, Method, Refuse, may_clear
from liuhen_agent.identity import store
from liuhen_agent.journal import ClipRow, JournalDamaged, SessionRow, Stated, queries, read_only
from liuhen_agent.recorders import Listing, Volume, VolumeError, VolumeInfo
from liuhen_agent.recorders.directory import open_directory
from liuhen_agent.recorders.volume import open_volume
from liuhen_agent.sync.trust import Trust, check

_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
JOURNAL = "journal.db"
OTHER_HELPER_SECONDS = 120
"""How long a helper waits for the one that a killed dock left behind; to delete or format a card takes seconds."""
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Outcome:
    """What the helper did. `files`: (sha256, index of the receipt in the log) of everything that was allowed to go; `removed`: how
    many files lay on the recorder before. When not cleared, `code` and `why` say why."""

    session: str
    cleared: bool
    method: str
    removed: int
    files: tuple[tuple[str, int], ...]
    code: str = ""
    why: str = ""


@dataclass(frozen=True)
class _Case:
    session: SessionRow
    evidence: tuple[Evidence, ...]
    stated: tuple[Stated, ...]
    alarms: frozenset[str]
    order: order.Order


async def wipe(data_dir: Path, session: str) -> Outcome:
    """Clears the recorder of this stay, or says why not. Never raises for what a recorder, a file or a receipt may contain."""
    if not _SESSION.fullmatch(session):
        return _no(session, "", Refuse("wrong-use", "not the id of a stay"))
    method = ""
    try:
        case = _read_case(data_dir, session)
        method = case.order.method.value
        identity = store.load(data_dir)
        trust = Trust(store.load_policy(data_dir), identity.archive_key, identity.dock)
        async with _alone(data_dir, session) as work:
            # again: the stay may have ended, or an alarm come, while it waited for another
            case = _read_case(data_dir, session)
            if case.order.backend == "directory":
                return await _directory(case, trust)
            return await _disk(case, trust, work)
    except (store.NotEnrolled, JournalDamaged, order.OrderUnusable) as error:
        return _no(session, method, Refuse("cannot-decide", str(error)))
    except VolumeError as error:
        return _no(session, method, Refuse("unreadable", f"the recorder cannot be listed: {error}"))
    except (delete.DeleteFailed, FormatFailed) as error:
        return _no(session, method, Refuse("failed", str(error)))
    except OSError as error:
        return _no(session, method, Refuse("failed", f"{error}; clearing can be repeated"))


def _read_case(data_dir: Path, session: str) -> _Case:
    with read_only(data_dir / JOURNAL) as db:
        stay = queries.session(db, session)
        if stay is None:
            raise order.OrderUnusable(f"the journal knows no stay {session}")
        evidence = tuple(Evidence(*row) for row in queries.session_receipts(db, session))
        stated = tuple(queries.stated_of(db, session))
        alarms = frozenset(alarm.code for alarm in queries.alarms(db))
        return _Case(stay, evidence, stated, alarms, order.read(db, session))


def _decide(case: _Case, trust: Trust, listing: Listing) -> Clear | Refuse:
    def check_receipt(receipt: bytes, clip: ClipRow) -> int:
        return check(receipt, clip, trust).proof.index

    found = [Found(entry.path_raw, entry.size, entry.modified) for entry in listing.files]
    return may_clear(
        case.session,
        case.order.method,
        case.evidence,
        case.stated,
        found,
        listing.problems,
        case.alarms,
        check_receipt,
    )


async def _directory(case: _Case, trust: Trust) -> Outcome:
    folder = case.order.folder
    before = await _list_directory(folder)
    decision = _decide(case, trust, before)
    if isinstance(decision, Refuse):
        return _no(case.session.id, case.order.method.value, decision)
    if case.order.method is not Method.DELETE:
        return _no(
            case.session.id, case.order.method.value, Refuse("wrong-method", "a folder is cleared by deleting only")
        )
    removed = await asyncio.to_thread(delete.delete, folder, decision.files)
    left = (await _list_directory(folder)).files
    if left:
        return _no(
            case.session.id,
            case.order.method.value,
            Refuse("failed", f"{left[0].path} is still there; clearing can be repeated"),
        )
    return _yes(case, decision, removed)


async def _disk(case: _Case, trust: Trust, work: Path) -> Outcome:
    method = case.order.method
    with _open_disk(case.order.target) as disk:
        node = Path(f"/proc/self/fd/{disk}")
        plan_file, plan = await asyncio.to_thread(_interrupted, work, case.session.id, disk)
        info, before = await _list_disk(node, half_written=plan is not None)
        own = work / f"{case.session.id}.plan"
        if plan is not None and info is not None and info.label != plan.label and plan_file != own:
            plan_file, plan = (
                own,
                None,
            )  # another card of the same model: its boot sector is the same, its label its own
        decision = _decide(case, trust, before)
        if isinstance(decision, Refuse):
            return _no(case.session.id, method.value, decision)
        if method is not Method.FORMAT:
            return _no(
                case.session.id, method.value, Refuse("wrong-method", "a disk is cleared by a fresh file system only")
            )
        if plan is None and not before.files:
            # the helper of a dock that was killed did it while this one waited, or was done before
            return _yes(case, decision, 0)
        if plan is None:
            assert info is not None
            plan = await asyncio.to_thread(format.make_plan, disk, info, work)
            format.keep(plan_file, plan)
        await asyncio.to_thread(format.write, disk, plan)
        info, after = await _list_disk(node, half_written=False)
        if info is None or after.files or after.problems or not plan.shown_by(info):
            raise FormatFailed(
                "the fresh file system does not look as it should when it is listed; clearing can be repeated"
            )
        format.drop(plan_file)
    return _yes(case, decision, len(before.files))


def _interrupted(work: Path, session: str, disk: int) -> tuple[Path, Plan | None]:
    """The plan of an interrupted clearing of this very recorder, also when it was docked anew since; else where to keep one.

    Raises FormatFailed when the plan of this stay was made for another recorder.
    """
    own = work / f"{session}.plan"
    for kept in sorted(work.glob("*.plan"), key=lambda path: path != own):
        plan = format.load(kept)
        if plan is not None and plan.fits(disk):
            return kept, plan
        if plan is not None and kept == own:
            raise FormatFailed("another recorder lies in the bay than the one whose clearing was interrupted")
    return own, None


@contextlib.contextmanager
def _open_disk(target: Path) -> Iterator[int]:
    """Read and write, never through a link, and for a block node only while nobody has it mounted (O_EXCL)."""
    kind = target.lstat().st_mode
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_EXCL if stat.S_ISBLK(kind) else 0)
    disk = os.open(target, flags)
    try:
        if stat.S_IFMT(os.fstat(disk).st_mode) not in (stat.S_IFREG, stat.S_IFBLK):
            raise OSError(f"{target} is neither a disk nor a disk image")
        yield disk
    finally:
        os.close(disk)


async def _list_disk(node: Path, *, half_written: bool) -> tuple[VolumeInfo | None, Listing]:
    """What lies on a disk. One whose writing was interrupted may be unreadable: then nothing can be listed, and the plan decides."""
    try:
        async with _closing(await open_volume(node)) as volume:
            return volume.info, await volume.inventory()
    except VolumeError:
        if not half_written:
            raise
        return None, Listing((), 0)


async def _list_directory(folder: Path) -> Listing:
    if await asyncio.to_thread(folder.is_symlink):
        raise OSError(f"{folder} is a link")
    async with _closing(await open_directory(folder)) as volume:
        return await volume.inventory()


@contextlib.asynccontextmanager
async def _closing(volume: Volume) -> AsyncIterator[Volume]:
    try:
        yield volume
    finally:
        await volume.close()


@contextlib.asynccontextmanager
async def _alone(data_dir: Path, session: str) -> AsyncIterator[Path]:
    """The helper's own folder, while no other helper works for this stay. A dock that was killed leaves its helper at work: the
    next one waits for it, and then finds done what it would have done. Raises OSError when the other does not end.
    """
    work = data_dir / "clear"
    work.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(work / f"{session}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        for waited in range(int(OTHER_HELPER_SECONDS / LOOK_SECONDS) + 1):
            if waited:
                await asyncio.sleep(LOOK_SECONDS)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
        else:
            raise OSError("another wipe helper has been at work for this stay and does not end")
        yield work
    finally:
        os.close(lock)


def _no(session: str, method: str, refuse: Refuse) -> Outcome:
    return Outcome(session, False, method, 0, (), refuse.code, refuse.why)


def _yes(case: _Case, decision: Clear, removed: int) -> Outcome:
    files = tuple((file.sha256, file.index) for file in decision.files)
    return Outcome(case.session.id, True, case.order.method.value, removed, files)
