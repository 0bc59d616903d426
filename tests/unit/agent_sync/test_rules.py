"""The pure rules: what may be cleared, which checkpoint continues which, whose chain is cut, how long to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuhen_agent.clear.rule import Clear, Evidence, Found, Method, Refuse, may_clear
from liuhen_agent.journal import ClipKind, ClipRow, ClipState, EnvelopeRow, FileRow, FileState, SessionRow, Stated
from liuhen_agent.sync import head
from liuhen_agent.sync.alarms import HALTING
from liuhen_agent.sync.backoff import Backoff
from liuhen_agent.sync.entries import batch
from liuhen_agent.sync.log_view import ToProve, Untrue, compare, prove
from liuhen_protocol.chain import ChainHead
from liuhen_protocol.checkpoint import Checkpoint
from liuhen_protocol.errors import Refused
from liuhen_protocol.events import Event, InventoryFile, RecorderDocked, RecorderIdentity, RecorderInventory
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.tiles import TileId
from support.memory_log import MemoryLog

STAY = SessionRow("s1", "1", "0000127", "k", "210327", "any", "receipted", False, "2026-11-22T18:00:00.000Z", None)
RECEIPT = b"a receipt"


def evidence(number: int, size: int) -> Evidence:
    sha256 = f"{number:064x}"
    file = FileRow(
        "s1", number, f"{number}.mp4", b"%d.mp4" % number, size, None, "clip", False, FileState.COLLECTED, sha256, None
    )
    clip = ClipRow(
        sha256, size, sha256, None, file.path, "", ClipKind.ORIGINAL, None, None, number, "", False,
        ClipState.RECEIPTED, None, None,
    )  # fmt: skip
    return Evidence(file, clip, RECEIPT)


ONE = [evidence(1, 1)]
WHO = RecorderIdentity("0000127", "210327", None, None, None, None)


def stated(inventory: Sequence[Evidence], parts: int = 2) -> list[Stated]:
    """That the recorder came, and its inventory in `parts`; all of it in the log."""
    docked = RecorderDocked("s1", "1", WHO, "any", "C", "disk", None, None, None, False)
    files = [InventoryFile(one.file.path, None, one.file.size, None, "clip", False) for one in inventory]
    said: list[Event] = [docked]
    said += [RecorderInventory("s1", part + 1, parts, 0, 0, tuple(files[part::parts]), (), 0) for part in range(parts)]
    return [Stated(seq, event, 100 + seq) for seq, event in enumerate(said)]


def as_found(one: Evidence) -> Found:
    return Found(one.file.raw, one.file.size, one.file.modified)


def accept_all(receipt: bytes, clip: ClipRow) -> int:
    assert receipt == RECEIPT
    return int(clip.sha256, 16)


def refuse_all(receipt: bytes, clip: ClipRow) -> int:
    raise Refused("other-clip", "not this one")


inventories = st.lists(st.integers(0, 1 << 40), max_size=20).map(
    lambda sizes: [evidence(n, s) for n, s in enumerate(sizes)]
)


@given(inventories, st.data())
def test_recorder_is_cleared_of_exactly_what_was_proved_whatever_is_gone_already(
    inventory: list[Evidence], data: st.DataObject
) -> None:
    there = data.draw(st.lists(st.sampled_from(inventory), unique_by=id)) if inventory else []
    decision = may_clear(
        STAY, Method.DELETE, inventory, stated(inventory), [as_found(one) for one in there], (), (), accept_all
    )
    assert isinstance(decision, Clear)
    assert [(file.sha256, file.index) for file in decision.files] == [
        (one.file.sha256, one.file.number) for one in inventory
    ]


SPOILERS = {
    "not-collected": [
        lambda one: replace(one, file=replace(one.file, state=FileState.FAILED)),
        lambda one: replace(one, file=replace(one.file, state=FileState.LISTED, sha256=None)),
        lambda one: replace(one, clip=None),
        lambda one: replace(one, file=replace(one.file, size=one.file.size + 1)),
        lambda one: replace(one, file=replace(one.file, sha256="f" * 64)),
    ],
    "no-receipt": [lambda one: replace(one, receipt=None)],
    "receipt-does-not-hold": [lambda one: replace(one, clip=replace(one.clip, kind=ClipKind.DERIVATIVE))],
}


@given(inventories.filter(bool), st.data())
def test_one_file_that_is_not_proved_keeps_the_whole_recorder(inventory: list[Evidence], data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(sorted(SPOILERS)))
    spoil = data.draw(st.sampled_from(SPOILERS[code]))
    at = data.draw(st.integers(0, len(inventory) - 1))
    spoilt = [spoil(one) if n == at else one for n, one in enumerate(inventory)]
    found = [as_found(one) for one in inventory]
    decision = may_clear(STAY, Method.FORMAT, spoilt, stated(spoilt), found, (), (), accept_all)
    assert isinstance(decision, Refuse)
    assert decision.code == code


@given(
    inventories, st.builds(Found, st.binary(min_size=1, max_size=20), st.integers(0, 1 << 40), st.none() | st.text())
)
def test_one_file_that_the_inventory_has_not_keeps_the_whole_recorder(inventory: list[Evidence], more: Found) -> None:
    found = [as_found(one) for one in inventory]
    if more in found:
        more = replace(more, size=more.size + 1)
    decision = may_clear(STAY, Method.DELETE, inventory, stated(inventory), [*found, more], (), (), accept_all)
    assert isinstance(decision, Refuse) and decision.code == "new-or-changed"
    doubled = may_clear(STAY, Method.DELETE, inventory, stated(inventory), found + found[:1], (), (), accept_all)
    assert isinstance(doubled, Refuse) == bool(found)


@pytest.mark.parametrize("alarm", sorted(HALTING))
def test_recorder_is_kept_while_the_archive_cannot_be_believed(alarm: str) -> None:
    decision = may_clear(STAY, Method.DELETE, ONE, stated(ONE), [], (), [alarm, "disk-full"], accept_all)
    assert isinstance(decision, Refuse) and decision.code == "halted"


@pytest.mark.parametrize(
    ("stay", "method", "problems", "check", "code"),
    [
        (STAY, Method.NEVER, (), accept_all, "never"),
        (replace(STAY, quarantined=True), Method.DELETE, (), accept_all, "quarantined"),
        (replace(STAY, state="collected"), Method.DELETE, (), accept_all, "not-receipted"),
        (replace(STAY, ended="2026-11-22T18:00:00.000Z"), Method.DELETE, (), accept_all, "not-receipted"),
        (STAY, Method.DELETE, ("a folder could not be read",), accept_all, "listing-incomplete"),
        (STAY, Method.DELETE, (), refuse_all, "receipt-does-not-hold"),
    ],
)
def test_recorder_is_kept_for_this_reason(
    stay: SessionRow, method: Method, problems: tuple[str, ...], check: object, code: str
) -> None:
    decision = may_clear(stay, method, ONE, stated(ONE), [], problems, (), check)  # type: ignore[arg-type]
    assert isinstance(decision, Refuse) and decision.code == code


@given(inventories, st.integers(1, 5), st.data())
def test_one_statement_of_the_stay_that_is_not_in_the_log_keeps_the_whole_recorder(
    inventory: list[Evidence], parts: int, data: st.DataObject
) -> None:
    said = stated(inventory, parts)
    at = data.draw(st.integers(0, parts))
    spoilt = data.draw(
        st.sampled_from(
            [
                [replace(one, log_index=None) if one.seq == at else one for one in said],  # not logged
                [one for one in said if one.seq != at],  # never said
                stated([*inventory, evidence(77, 1)], parts),  # another inventory than the journal's
            ]
        )
    )
    decision = may_clear(STAY, Method.FORMAT, inventory, spoilt, [], (), (), accept_all)
    assert isinstance(decision, Refuse) and decision.code == "not-logged"
    assert isinstance(may_clear(STAY, Method.FORMAT, inventory, said, [], (), (), accept_all), Clear)


LOG = MemoryLog("archive.example/log", Ed25519Signer.from_seed(b"L" * 32), [b"%d" % n for n in range(70_000)])
sizes = st.integers(0, len(LOG.entries)) | st.sampled_from([0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537])


async def _tile(tile: TileId) -> bytes:
    return LOG.tile(tile)


@settings(max_examples=40, deadline=None)
@given(sizes, sizes)
def test_any_two_states_of_one_log_are_proved_consistent_from_its_tiles(one: int, other: int) -> None:
    old, new = LOG.checkpoint(min(one, other)), LOG.checkpoint(max(one, other))
    assert (compare(old, new, least=old.size) is None) == (one == other)
    asyncio.run(prove(ToProve(old, new), _tile))
    if old.size and old != new:
        with pytest.raises(Untrue):
            asyncio.run(prove(ToProve(replace(old, root=bytes(32)), new), _tile))


@given(st.integers(0, 1000), st.integers(0, 1000), st.booleans(), st.integers(0, 1000))
def test_checkpoints_that_cannot_both_be_true_are_told_apart(a: int, b: int, same: bool, asked_at: int) -> None:
    least = min(a, asked_at)
    last = Checkpoint("log", a, b"\1" * 32)
    new = Checkpoint("log", b, b"\1" * 32 if same else b"\2" * 32)
    if a == b and not same:
        code = "split-view"
    elif b < least:
        code = "rolled-back"
    else:
        claim = compare(last, new, least)
        assert (claim is None) == (last == new)
        assert claim is None or (claim.older.size, claim.newer.size) == (min(a, b), max(a, b))
        return
    with pytest.raises(Untrue) as untrue:
        compare(last, new, least)
    assert untrue.value.code == code


@given(st.integers(-1, 50), st.integers(-1, 50), st.integers(-1, 60), st.booleans())
def test_chain_of_the_archive_agrees_only_where_it_may(last: int, acknowledged: int, theirs: int, same: bool) -> None:
    acknowledged = min(acknowledged, last)
    hash_there = ("a" if same else "b") * 64 if 0 <= theirs <= last else None
    archive = None if theirs < 0 else ChainHead("dock", theirs, "a" * 64, "2026-11-22T18:00:00.000Z")
    answer = head.compare(head.OwnChain(last, acknowledged, hash_there), archive)
    if theirs < acknowledged:
        assert isinstance(answer, head.Disagrees) and answer.code == "chain-cut"
    elif theirs > last:
        assert isinstance(answer, head.ResumeAfter if last < 0 else head.Disagrees)
    elif theirs >= 0 and not same:
        assert isinstance(answer, head.Disagrees) and answer.code == "chain-forked"
    else:
        assert isinstance(answer, head.Agrees)


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 3600))
def test_pause_grows_and_never_undercuts_what_the_archive_asked(
    failures: int, random: float, asked: float | None
) -> None:
    backoff = Backoff(first=1.0, longest=300.0)
    pause = backoff.delay(failures, lambda: random, asked)
    assert pause >= (asked or 0.5)
    assert pause <= max(300.0, asked or 0.0)


@given(st.lists(st.integers(0, 65_535), max_size=50), st.integers(1, 20), st.integers(1, 200_000))
def test_batch_is_the_longest_beginning_within_both_limits(lengths: list[int], most: int, size: int) -> None:
    rows = [EnvelopeRow(n, bytes(length), "", "", "", None, None) for n, length in enumerate(lengths)]
    taken = batch(rows, most, size)
    assert taken == rows[: len(taken)]
    weight = sum(len(row.data) + 1 for row in taken)
    assert len(taken) <= most and (weight <= size or len(taken) == 1)
    if len(taken) < min(len(rows), most):
        assert weight + len(rows[len(taken)].data) + 1 > size
