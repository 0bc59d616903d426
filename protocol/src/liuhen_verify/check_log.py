"""Verifies a whole log: every entry, tile, root, signature, link and key, on all cores and in constant memory.

Workers read and check bundles (`bundle.read_bundle`); this process keeps the order (`LogVerifier`) and the tree. Without the entry
bundles (they need the auditor's role) the tree, the checkpoint and the cosignatures are still checked, and the rest is undecided.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache

from liuhen_protocol import merkle
from liuhen_protocol.chain import ChainHead
from liuhen_protocol.checkpoint import Checkpoint
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.note import Note
from liuhen_protocol.policy import Policy
from liuhen_protocol.report import Finding, Report, StepName, Verdict, make_report
from liuhen_protocol.tiles import ENTRIES, HASH_SIZE, TILE_WIDTH, TileId, decode_bundle
from liuhen_protocol.verify_log import LogVerifier
from liuhen_verify.bundle import Problem, ReadBundle, begin_worker, read_bundle, read_leaves, rebuilt, work
from liuhen_verify.reading import WrongUse
from liuhen_verify.source import LogSource, Missing, read_checkpoint, read_tile
from liuhen_verify.tree import UpperTiles

AHEAD = 4  # bundles in work per process: bounds the memory
RECENT = 64  # tiles whose leaf hashes are kept: what clip.stored rests on is mostly near
SMALL = 4 * TILE_WIDTH  # entries up to which starting processes costs more than it gives
_OF_THE_ENTRIES = (StepName.STATEMENT, StepName.SIGNATURE, StepName.CHAIN, StepName.TIME)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class LogReport:
    """`checkpoint` is None when none could be opened; `entries` is how many were checked one by one."""

    checkpoint: Checkpoint | None
    entries: int
    report: Report


def check_log(
    source: LogSource,
    policy: Policy,
    *,
    jobs: int,
    known_heads: Iterable[ChainHead] = (),
    seen: Sequence[Checkpoint] = (),
    progress: Progress = lambda done, of: None,
) -> LogReport:
    """`known_heads`: places in chains that docks hold; `seen`: states of this log seen before. Raises WrongUse when it cannot be read."""
    note = read_checkpoint(source)
    try:
        checkpoint, signed = policy.open(note)
    except (Malformed, Refused) as error:
        code = error.code if isinstance(error, Refused) else "malformed"
        finding = Finding(StepName.CHECKPOINT, Verdict.BROKEN, code, f"checkpoint: {error}")
        return LogReport(None, 0, make_report({StepName.CHECKPOINT: ""}, [finding]))
    walk = _Walk(source, checkpoint, known_heads, seen)
    report = walk.whole(jobs, progress) if walk.has_entries() else walk.tree_only(progress)
    checked = {step.name: step.why for step in report.steps}
    checked[StepName.CHECKPOINT] = f"the log {checkpoint.origin} signed the checkpoint of {checkpoint.size} entries"
    checked[StepName.COSIGNATURES] = f"the quorum {policy.quorum} cosigned the checkpoint"
    findings = [*report.findings, *_cosignatures(policy, signed), *walk.findings()]
    return LogReport(checkpoint, walk.entries, make_report(checked, findings))


def _cosignatures(policy: Policy, signed: Note) -> list[Finding]:
    try:
        cosigned = policy.cosigned(signed)
    except Refused as error:
        return [Finding(StepName.COSIGNATURES, Verdict.BROKEN, error.code, error.why)]
    if policy.quorum_met(cosigned.keys()):
        return []
    have = ", ".join(cosigned) or "nobody"
    why = f"the policy asks for the quorum {policy.quorum}; cosigned has {have}"
    return [Finding(StepName.COSIGNATURES, Verdict.BROKEN, "quorum-missing", why)]


class _Walk:
    """One pass over the log, from its first entry to its last."""

    def __init__(
        self, source: LogSource, checkpoint: Checkpoint, known_heads: Iterable[ChainHead], seen: Sequence[Checkpoint]
    ) -> None:
        self._source = source
        self._checkpoint = checkpoint
        self._verifier = LogVerifier(leaf_at=self._leaf_at, known_heads=known_heads)
        self._upper = UpperTiles(source)
        self._problems: list[Problem] = []
        self._seen: dict[int, list[Checkpoint]] = {}
        for one in seen:
            if one.origin != checkpoint.origin:
                raise WrongUse(f"the state seen before is of the log {one.origin}, not of {checkpoint.origin}")
            self._seen.setdefault(one.size, []).append(one)
        self._about_seen: list[Finding] = []
        self._recent: dict[int, list[bytes]] = {}
        self._earlier = lru_cache(RECENT)(self._leaves_again)
        self.entries = 0
        self._compare_seen(0, merkle.EMPTY_ROOT)

    def _bundles(self) -> Iterator[tuple[int, int]]:
        """(index, width) of every bundle."""
        size = self._checkpoint.size
        return ((first // TILE_WIDTH, min(TILE_WIDTH, size - first)) for first in range(0, size, TILE_WIDTH))

    def has_entries(self) -> bool:
        """Whether we may read entries at all: whether the first bundle is there."""
        first = next(self._bundles(), None)
        if first is None:
            return True
        try:
            read_tile(self._source, TileId(ENTRIES, *first))
        except Missing:
            return False
        except Malformed:
            return True
        return True

    def whole(self, jobs: int, progress: Progress) -> Report:
        """With the entries."""
        size = self._checkpoint.size
        for read in self._read_all(jobs):
            self._problems += read.problems
            if read.missing is not None:
                return self._incomplete(read.missing)
            self._remember(self.entries // TILE_WIDTH, [entry[0] for entry in read.entries])
            for entry in read.entries:
                self._verifier.add(rebuilt(entry))
                if (at := self._verifier.frontier.size) in self._seen:
                    self._compare_seen(at, self._verifier.frontier.root())
            if len(read.entries) == TILE_WIDTH:
                self._upper.push(read.root)
            self.entries += len(read.entries)
            progress(self.entries, size)
        self._upper.finish()
        return self._verifier.finish(self._checkpoint)

    def _incomplete(self, missing: str) -> Report:
        """The log has entries, but not all of them."""
        why = f"entries from {self.entries} on are missing: {missing}"
        undecided = [Finding(step, Verdict.UNDECIDED, "missing-tile", why) for step in _OF_THE_ENTRIES]
        undecided.append(Finding(StepName.INCLUSION, Verdict.UNDECIDED, "missing-tile", why))
        checked = dict.fromkeys((*_OF_THE_ENTRIES, StepName.INCLUSION), "")
        return make_report(checked, [*self._verifier.findings, *undecided])

    def _read_all(self, jobs: int) -> Iterator[ReadBundle]:
        if jobs == 1 or self._checkpoint.size <= SMALL:
            for index, width in self._bundles():
                yield read_bundle(self._source, index, width)
            return
        context = multiprocessing.get_context("fork")
        waiting: deque[Future[ReadBundle | WrongUse]] = deque()
        with ProcessPoolExecutor(jobs, context, initializer=begin_worker, initargs=(self._source,)) as pool:
            try:
                for job in self._bundles():
                    waiting.append(pool.submit(work, job))
                    if len(waiting) >= AHEAD * jobs:
                        yield _result(waiting.popleft())
                while waiting:
                    yield _result(waiting.popleft())
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def tree_only(self, progress: Progress) -> Report:
        """Without the entries: leaf hashes, tiles, root."""
        frontier, size = merkle.Frontier(), self._checkpoint.size
        found: list[Finding] = []
        for index, width in self._bundles():
            leaves, problem = read_leaves(self._source, index, width)
            if problem is not None:
                self._problems.append(problem)
                break
            for leaf in leaves:
                frontier = frontier.append(leaf)
                if frontier.size in self._seen:
                    self._compare_seen(frontier.size, frontier.root())
            if width == TILE_WIDTH:
                self._upper.push(merkle.root_of(leaves))
            progress(frontier.size, size)
        else:
            self._upper.finish()
            if frontier.root() != self._checkpoint.root:
                why = "the hash tiles do not give the checkpoint's root"
                found.append(Finding(StepName.INCLUSION, Verdict.BROKEN, "other-root", why))
        why = "the entries are not given: reading them needs the auditor's role"
        found += [Finding(step, Verdict.UNDECIDED, "no-entries", why) for step in _OF_THE_ENTRIES]
        checked = dict.fromkeys(_OF_THE_ENTRIES, "")
        return make_report({**checked, StepName.INCLUSION: "the hash tiles give the checkpoint's root"}, found)

    def findings(self) -> list[Finding]:
        """What tiles and earlier states showed."""
        found = list(self._about_seen)
        for code, why, index in [*self._problems, *self._upper.problems]:
            verdict = Verdict.UNDECIDED if code == "missing-tile" else Verdict.BROKEN
            found.append(Finding(StepName.INCLUSION, verdict, code, why, index))
        for size in self._seen:
            if size > self._checkpoint.size:
                why = f"the log once had {size} entries and has {self._checkpoint.size} now: it was rolled back"
                found.append(Finding(StepName.CHECKPOINT, Verdict.BROKEN, "inconsistent", why))
        return found

    def _compare_seen(self, size: int, root: bytes) -> None:
        for one in self._seen.get(size, []):
            if one.root != root:
                code = "two-views" if size == self._checkpoint.size else "inconsistent"
                why = f"the log's first {size} entries were others when they were seen before: its history was changed"
                self._about_seen.append(Finding(StepName.CHECKPOINT, Verdict.BROKEN, code, why))

    def _remember(self, index: int, leaves: list[bytes]) -> None:
        self._recent[index] = leaves
        if len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]

    def _leaf_at(self, index: int) -> bytes:
        tile, place = divmod(index, TILE_WIDTH)
        leaves = self._recent.get(tile) or self._earlier(tile)
        return leaves[place] if place < len(leaves) else bytes(HASH_SIZE)

    def _leaves_again(self, index: int) -> list[bytes]:
        """The leaf hashes of an earlier tile, from its entries: the hash tile may be what was forged."""
        width = min(TILE_WIDTH, self._checkpoint.size - index * TILE_WIDTH)
        try:
            bundle = decode_bundle(read_tile(self._source, TileId(ENTRIES, index, width)), width)
        except (Missing, Malformed):
            return read_leaves(self._source, index, width)[0]
        return [merkle.leaf_hash(entry) for entry in bundle]


def _result(future: Future[ReadBundle | WrongUse]) -> ReadBundle:
    try:
        result = future.result()
    except BrokenProcessPool as error:
        raise WrongUse("a worker process ended before its work: is there enough memory?") from error
    if isinstance(result, WrongUse):
        raise result
    return result
