"""Attacks on a log: an entry altered, removed, reordered, added, replayed, back-dated, a tail cut, a rollback, two views.

The attacker holds the archive: its files, and in most rows also its log key. What it does not hold is the docks' and the witnesses' keys.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from liuhen_protocol import tiles
from liuhen_protocol.chain import envelope_hash
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import DockHead
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Clock, Link
from support.custody import County, Speaker, county_with_a_clip
from support.memory_log import MemoryLog
from support.verifying import on_disk, verify, verify_log

CLOCK = Clock("ntp", 50)


def a_county() -> tuple[County, Speaker]:
    """Entries: 0 started, 1 enrolled, 2 dock.started, 3 docked, 4 collected, 5 stored, 6 head, 7 to 10 more heads of the dock."""
    county, dock = county_with_a_clip()
    for clips in range(4):
        county.head(dock, clips)
    return county, dock


def test_an_untouched_log_holds(tmp_path: Path) -> None:
    said = verify_log(a_county()[0], tmp_path)
    assert (said.code, said.verdict, said.broken) == (0, "holds", {})


def rewritten_bundle(county: County, tmp_path: Path, entries: list[bytes]) -> list[object]:
    """The attacker changes the entry bundle only."""
    log, policy = on_disk(county, tmp_path)
    size = len(county.log.entries)
    (log / f"tile/entries/000.p/{size}").write_bytes(tiles.encode_bundle(entries))
    return ["log", log, "--policy", policy]


def altered(entry: bytes) -> bytes:
    """Another number in the payload, under the old signature."""
    envelope = Envelope.parse(entry)
    return replace(envelope, payload=envelope.payload.replace(b'"clips":1', b'"clips":9')).encode()


def test_an_entry_altered_in_its_bundle_is_broken_at_steps_4_and_6(tmp_path: Path) -> None:
    county, _ = a_county()
    entries = [*county.log.entries]
    entries[6] = altered(entries[6])
    said = verify(*rewritten_bundle(county, tmp_path, entries))
    assert said.code == 1
    assert said.indexes["bad-signature"] == [6]
    assert said.indexes["other-tile"] == [6]
    assert said.broken == {4: {"bad-signature"}, 5: {"wrong-prev"}, 6: {"other-tile", "other-root"}}


def test_an_entry_removed_from_its_bundle_is_broken_at_steps_5_and_6(tmp_path: Path) -> None:
    county, _ = a_county()
    said = verify(*rewritten_bundle(county, tmp_path, county.log.entries[:6] + county.log.entries[7:]))
    assert said.code == 1
    assert said.broken == {5: {"gap"}, 6: {"other-size", "other-tile", "other-root"}}
    assert said.indexes["other-tile"] == [6]
    assert said.indexes["gap"] == [6]


def test_entries_reordered_in_their_bundle_are_broken_at_steps_5_and_6(tmp_path: Path) -> None:
    county, _ = a_county()
    entries = [*county.log.entries]
    entries[7], entries[8] = entries[8], entries[7]
    said = verify(*rewritten_bundle(county, tmp_path, entries))
    assert said.broken.keys() == {5, 6}
    assert said.broken[6] == {"other-tile", "other-root"}
    assert said.indexes["gap"] == [7]
    assert said.indexes["other-tile"] == [7]


def test_an_entry_added_to_its_bundle_is_broken_at_step_6(tmp_path: Path) -> None:
    county, _ = a_county()
    said = verify(*rewritten_bundle(county, tmp_path, [*county.log.entries, county.log.entries[6]]))
    assert (said.code, said.broken) == (1, {6: {"other-size"}})


def test_an_entry_added_in_the_middle_of_its_bundle_is_broken_at_steps_5_and_6(tmp_path: Path) -> None:
    county, _ = a_county()
    entries = county.log.entries
    said = verify(*rewritten_bundle(county, tmp_path, [*entries[:7], entries[6], *entries[7:]]))
    assert said.broken == {5: {"replayed"}, 6: {"other-size", "other-tile", "other-root"}}
    assert said.indexes["replayed"] == [7]


def test_a_changed_hash_tile_is_broken_at_step_6(tmp_path: Path) -> None:
    county, _ = a_county()
    log, policy = on_disk(county, tmp_path)
    path = log / f"tile/0/000.p/{len(county.log.entries)}"
    data = bytearray(path.read_bytes())
    data[5 * 32] ^= 1
    path.write_bytes(data)
    said = verify("log", log, "--policy", policy)
    assert (said.broken, said.indexes) == ({6: {"other-tile"}}, {"other-tile": [5]})


@pytest.mark.parametrize("name", ["tile/1/000.p/2", "tile/0/001"])
def test_a_changed_tile_of_a_larger_log_is_broken_at_step_6(tmp_path: Path, name: str) -> None:
    county, dock = a_county()
    while len(county.log.entries) < 600:
        county.head(dock)
    log, policy = on_disk(county, tmp_path)
    data = bytearray((log / name).read_bytes())
    data[32] ^= 1
    (log / name).write_bytes(data)
    said = verify("log", log, "--policy", policy)
    assert (said.broken, said.indexes) == ({6: {"other-tile"}}, {"other-tile": [256 if "1/000" in name else 257]})


# From here on the attacker also signs a checkpoint of its own: entries, tiles and root agree, and what shows it are the docks' chains


def test_an_altered_entry_in_a_whole_new_log_is_still_broken_at_step_4(tmp_path: Path) -> None:
    county, _ = a_county()
    county.log.entries[6] = altered(county.log.entries[6])
    said = verify_log(county, tmp_path)
    assert (said.broken, said.indexes["bad-signature"]) == ({4: {"bad-signature"}, 5: {"wrong-prev"}}, [6])


def test_a_removed_entry_in_a_whole_new_log_is_a_gap_at_step_5(tmp_path: Path) -> None:
    county, _ = a_county()
    del county.log.entries[8]
    said = verify_log(county, tmp_path)
    assert (said.broken, said.indexes) == ({5: {"gap"}}, {"gap": [8]})


def test_a_removed_collection_breaks_the_promise_of_what_was_stored_on_it(tmp_path: Path) -> None:
    county, _ = a_county()
    del county.log.entries[4]
    said = verify_log(county, tmp_path)
    assert said.broken[3] == {"other-promise"}
    assert said.broken[5] == {"gap"}


def test_reordered_entries_in_a_whole_new_log_are_broken_at_step_5(tmp_path: Path) -> None:
    county, _ = a_county()
    entries = county.log.entries
    entries[7], entries[8] = entries[8], entries[7]
    said = verify_log(county, tmp_path)
    assert said.code == 1
    assert said.indexes["gap"] == [7]


def test_an_added_entry_of_another_key_is_broken_at_step_4(tmp_path: Path) -> None:
    county, dock = a_county()
    forger = Speaker(dock.source, Ed25519Signer.from_seed(b"E" * 32), dock.head)
    county.append(forger.seal(DockHead(9, 9), county.now()))
    said = verify_log(county, tmp_path)
    assert (said.broken, said.indexes) == ({4: {"other-key"}}, {"other-key": [11]})


def test_an_entry_of_a_dock_that_nobody_enrolled_is_broken_at_step_4(tmp_path: Path) -> None:
    county, _ = a_county()
    county.append(Speaker("dock-99", Ed25519Signer.from_seed(b"E" * 32)).seal(DockHead(9, 9), county.now()))
    assert verify_log(county, tmp_path).broken == {4: {"no-enrolment"}}


def test_a_replayed_place_in_a_chain_is_broken_at_step_5(tmp_path: Path) -> None:
    county, dock = a_county()
    county.append(county.log.entries[6])
    again = Link(dock.source, 4, envelope_hash(county.log.entries[6]), "2026-11-22T10:00:00.000Z", CLOCK)
    county.append(Speaker(dock.source, dock.signer).seal(DockHead(0, 0), again.time, link=again))
    said = verify_log(county, tmp_path)
    assert (said.broken, said.indexes) == ({5: {"replayed"}}, {"replayed": [11, 12]})


def test_a_back_dated_entry_is_broken_at_step_9(tmp_path: Path) -> None:
    county, dock = a_county()
    assert dock.head is not None
    link = Link(dock.source, dock.head.seq + 1, dock.head.hash, "2026-11-22T09:00:00.000Z", CLOCK)
    county.append(dock.seal(DockHead(1, 1), link.time, link=link))
    said = verify_log(county, tmp_path)
    assert (said.broken, said.indexes) == ({9: {"back-dated"}}, {"back-dated": [11]})


def test_a_revoked_docks_later_entry_is_broken_at_step_4(tmp_path: Path) -> None:
    county, dock = a_county()
    county.revoke(dock)
    assert verify_log(county, tmp_path).verdict == "holds", "being revoked is not a fault"
    county.head(dock)
    said = verify_log(county, tmp_path)
    assert (said.broken, said.indexes) == ({4: {"revoked"}}, {"revoked": [12]})


def test_a_rotated_key_speaks_and_the_old_one_does_not(tmp_path: Path) -> None:
    county, dock = a_county()
    old = dock.signer
    county.rotate(dock, Ed25519Signer.from_seed(b"N" * 32))
    county.head(dock)
    assert verify_log(county, tmp_path).verdict == "holds"
    dock.signer = old
    county.head(dock)
    said = verify_log(county, tmp_path)
    assert (said.broken, said.indexes) == ({4: {"other-key"}}, {"other-key": [13]})


def test_a_dock_cannot_speak_for_the_archive(tmp_path: Path) -> None:
    county, dock = a_county()
    event = DockHead(0, 0)
    county.append(Speaker("archive", dock.signer, county.archive.head).seal(event, county.now()))
    assert verify_log(county, tmp_path).broken == {4: {"other-key"}}


def heads_file(tmp_path: Path, dock: Speaker) -> Path:
    assert dock.head is not None
    path = tmp_path / "dock-head.json"
    path.write_text(json.dumps({"source": dock.source, "seq": dock.head.seq, "hash": dock.head.hash}))
    return path


def test_a_cut_tail_is_shown_by_the_docks_own_head(tmp_path: Path) -> None:
    county, dock = a_county()
    head = heads_file(tmp_path, dock)
    assert verify_log(county, tmp_path, "--dock-head", head).verdict == "holds"
    del county.log.entries[-2:]
    assert verify_log(county, tmp_path).verdict == "holds", "nothing in the log itself shows it"
    said = verify_log(county, tmp_path, "--dock-head", head)
    assert (said.code, said.broken) == (1, {5: {"tail-cut"}})


def test_a_cut_tail_is_shown_by_the_docks_own_journal(tmp_path: Path) -> None:
    county, _ = a_county()
    (tmp_path / "journal.jsonl").write_bytes(county.chain())
    del county.log.entries[-2:]
    assert verify_log(county, tmp_path, "--dock-head", tmp_path / "journal.jsonl").broken == {5: {"tail-cut"}}


def test_a_cut_tail_is_shown_by_the_docks_next_head(tmp_path: Path) -> None:
    county, dock = a_county()
    del county.log.entries[-2:]
    county.head(dock)
    said = verify_log(county, tmp_path)
    assert (said.broken, said.indexes) == ({5: {"gap"}}, {"gap": [9]})


def test_a_tail_that_was_replaced_is_another_history(tmp_path: Path) -> None:
    """Even with the dock's own key: what the dock holds is another statement."""
    county, dock = a_county()
    head = heads_file(tmp_path, dock)
    del county.log.entries[-1:]
    assert dock.head is not None and dock.link is not None
    place = replace(dock.link, time="2026-11-22T10:00:00.000Z")
    county.append(dock.seal(DockHead(99, 99), place.time, link=place))
    assert verify_log(county, tmp_path, "--dock-head", head).broken == {5: {"other-history"}}


def test_a_log_rolled_back_to_a_backup_is_shown_by_any_receipt_of_before(tmp_path: Path) -> None:
    county, _ = a_county()
    (tmp_path / "receipt").write_bytes(county.proof(5))
    assert verify_log(county, tmp_path, "--seen", tmp_path / "receipt").verdict == "holds"
    del county.log.entries[8:]
    assert verify_log(county, tmp_path).verdict == "holds"
    said = verify_log(county, tmp_path, "--seen", tmp_path / "receipt")
    assert (said.code, said.broken) == (1, {7: {"inconsistent"}})


def test_two_views_of_the_log_are_shown_by_the_other_checkpoint(tmp_path: Path) -> None:
    county, dock = a_county()
    (tmp_path / "seen").write_bytes(county.log.note(county.witnesses))
    county.log.entries[-1] = county.log.entries[-1][:-2] + b" ]}"
    same_size = verify_log(county, tmp_path, "--seen", tmp_path / "seen")
    assert same_size.broken[7] == {"two-views"}
    county.head(dock)
    assert verify_log(county, tmp_path, "--seen", tmp_path / "seen").broken[7] == {"inconsistent"}


def test_a_log_that_too_few_witnesses_saw_is_broken_at_step_8(tmp_path: Path) -> None:
    county, _ = a_county()
    log, policy = on_disk(county, tmp_path)
    (log / "checkpoint").write_bytes(county.log.note(county.witnesses[:1]))
    assert verify("log", log, "--policy", policy).broken == {8: {"quorum-missing"}}


def test_a_forged_cosignature_is_broken_at_step_8(tmp_path: Path) -> None:
    county, _ = a_county()
    log, policy = on_disk(county, tmp_path)
    old, now = county.log.note(county.witnesses, size=9), county.log.note(county.witnesses)
    (log / "checkpoint").write_bytes(now.split(b"\n\n")[0] + b"\n\n" + old.split(b"\n\n")[1])
    assert 7 in verify("log", log, "--policy", policy).broken
    mixed = county.log.note() + b"".join(old.splitlines(keepends=True)[-3:])
    (log / "checkpoint").write_bytes(mixed)
    assert verify("log", log, "--policy", policy).broken == {8: {"bad-cosignature"}}


def test_a_checkpoint_of_another_key_is_broken_at_step_7(tmp_path: Path) -> None:
    county, _ = a_county()
    log, policy = on_disk(county, tmp_path)
    other = MemoryLog(county.log.origin, Ed25519Signer.from_seed(b"E" * 32), county.log.entries)
    (log / "checkpoint").write_bytes(other.note(county.witnesses))
    assert verify("log", log, "--policy", policy).broken == {7: {"log-signature-missing"}}
