"""Attacks on a clip and its proofs: each is named by the verifier with its step and its code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from liuhen_protocol import merkle
from liuhen_protocol.chain import next_link
from liuhen_protocol.digest import digest_of
from liuhen_protocol.events import ClipStored, DockHead
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Clock, Link, Subject
from support.custody import CLIP, DOCKED, County, Speaker, county_with_a_clip
from support.memory_log import MemoryLog
from support.verifying import verify_clip

PROXY = b"a smaller picture of it " * 300


def with_a_proxy() -> tuple[County, Speaker]:
    county, dock = county_with_a_clip()
    promised = county.derive(dock, CLIP, PROXY)
    county.store(dock, PROXY, promised, "derivative", digest_of(CLIP).sha256)
    return county, dock


def test_an_untouched_clip_holds(tmp_path: Path) -> None:
    county, _ = county_with_a_clip()
    said = verify_clip(county, tmp_path, CLIP, county.proofs(CLIP))
    assert (said.code, said.verdict, said.broken, said.undecided) == (0, "holds", {}, {})


def test_a_changed_byte_of_a_stored_clip_is_broken_at_step_1(tmp_path: Path) -> None:
    county, _ = county_with_a_clip()
    for place in (0, len(CLIP) // 2, len(CLIP) - 1):
        changed = bytearray(CLIP)
        changed[place] ^= 1
        said = verify_clip(county, tmp_path, bytes(changed), county.proofs(CLIP))
        assert (said.code, said.verdict, said.broken) == (1, "broken", {1: {"other-bytes"}, 2: {"other-digest"}})


def test_a_clip_cut_short_is_broken_at_step_1(tmp_path: Path) -> None:
    county, _ = county_with_a_clip()
    assert verify_clip(county, tmp_path, CLIP[:-1], county.proofs(CLIP)).broken == {
        1: {"other-bytes"},
        2: {"other-digest"},
    }


def test_a_proxy_is_not_its_original(tmp_path: Path) -> None:
    """With the proxy's own proofs, and the chain in which its original was collected."""
    county, _ = with_a_proxy()
    sha256 = digest_of(PROXY).sha256
    indexes = [county.index_of["clip.stored", sha256], county.index_of["clip.derived", sha256], 1, 0]
    said = verify_clip(county, tmp_path, PROXY, b"".join(county.proof(index) for index in indexes))
    assert (said.code, said.verdict) == (1, "broken")
    assert "not-an-original" in said.broken[3], "the archive stored it as a derivative"
    assert said.broken[1] == {"other-bytes"}, "what the dock collected are other bytes"


def test_a_proxy_without_its_original_is_not_an_original(tmp_path: Path) -> None:
    county, _ = with_a_proxy()
    place = county.index_of["clip.derived", digest_of(PROXY).sha256]
    said = verify_clip(county, tmp_path, PROXY, county.proof(place), county.log.entries[place])
    assert said.broken == {3: {"not-an-original"}}
    assert "made from" in said.out


def test_a_proxy_with_the_proofs_of_its_original_is_broken_at_step_1(tmp_path: Path) -> None:
    county, _ = with_a_proxy()
    said = verify_clip(county, tmp_path, PROXY, county.proofs(CLIP), b"\n".join(county.log.entries[2:5]))
    assert 1 in said.broken
    assert said.broken[1] == {"other-bytes"}


def test_a_receipt_for_another_clip_does_not_vouch_for_this_one(tmp_path: Path) -> None:
    county, dock = county_with_a_clip()
    other = b"another clip"
    county.store(dock, other, county.collect(dock, other, "other.mp4"))
    mine, others = digest_of(CLIP).sha256, digest_of(other).sha256
    indexes = [county.index_of["clip.stored", others], county.index_of["clip.collected", mine], 1, 0]
    said = verify_clip(county, tmp_path, CLIP, b"".join(county.proof(index) for index in indexes))
    assert said.broken[1] == {"other-bytes"}
    assert said.broken[3] == {"other-promise"}


def test_a_clip_stored_before_it_was_promised_is_broken_at_step_3(tmp_path: Path) -> None:
    county = County().start()
    dock = county.enrol("dock-03")
    digest, name, size = digest_of(CLIP), "0000127_210327_20261120180211_0001.MP4", len(county.log.entries)
    promise = dock.seal(county.collected(digest, name), county.now(), Subject(name, digest.sha256))
    event = ClipStored(
        kind="original",
        original=None,
        size=digest.size,
        chunk_root=digest.chunk_root,
        dock=dock.source,
        promised_index=size + 1,
        promised_leaf=merkle.leaf_hash(promise).hex(),
        store="local",
        read_back=county.now(),
    )
    stored = county.append(county.archive.seal(event, county.now(), Subject("clip", digest.sha256)))
    collected = county.append(promise)
    said = verify_clip(county, tmp_path, CLIP, b"".join(county.proof(n) for n in (stored, collected, 2, 1, 0)))
    assert said.broken == {3: {"other-promise"}}


def test_a_receipt_signed_by_another_key_is_broken_at_step_4(tmp_path: Path) -> None:
    county, dock = county_with_a_clip()
    real = county.archive.signer
    county.archive.signer = Ed25519Signer.from_seed(b"E" * 32)
    county.store(dock, CLIP, county.index_of["clip.collected", digest_of(CLIP).sha256])
    county.archive.signer = real
    assert verify_clip(county, tmp_path, CLIP, county.proofs(CLIP)).broken == {4: {"other-key"}}


def test_a_collection_signed_by_another_key_than_the_docks_is_broken_at_step_4(tmp_path: Path) -> None:
    county = County().start()
    dock = county.enrol("dock-03")
    real, dock.signer = dock.signer, Ed25519Signer.from_seed(b"E" * 32)
    county.store(dock, CLIP, county.collect(dock, CLIP))
    chain = b"\n".join([*county.log.entries[2:4], county.log.entries[4]])
    dock.signer = real
    assert verify_clip(county, tmp_path, CLIP, county.proofs(CLIP), chain).broken == {4: {"other-key"}}


def test_a_log_of_another_key_is_broken_at_step_7(tmp_path: Path) -> None:
    county, _ = county_with_a_clip()
    real = county.log
    county.log = MemoryLog(real.origin, Ed25519Signer.from_seed(b"E" * 32), real.entries)
    forged = county.proofs(CLIP)
    county.log = real
    assert verify_clip(county, tmp_path, CLIP, forged).broken == {7: {"log-signature-missing"}}


def test_a_log_rewritten_with_its_own_key_is_broken_at_step_8_for_want_of_witnesses(tmp_path: Path) -> None:
    county, _ = county_with_a_clip()
    everyone, county.witnesses = county.witnesses, county.witnesses[:1]
    alone = county.proofs(CLIP)
    county.witnesses = everyone
    assert verify_clip(county, tmp_path, CLIP, alone).broken == {8: {"quorum-missing"}}


def test_an_entry_that_the_log_does_not_hold_is_broken_at_step_6(tmp_path: Path) -> None:
    county, _ = county_with_a_clip()
    place = county.index_of["clip.stored", digest_of(CLIP).sha256]
    honest = county.log.proof(place, county.witnesses)
    lying = honest.encode().replace(b"index %d\n" % place, b"index %d\n" % (place + 1))
    parts = [county.proof(i) for i in (county.index_of["clip.collected", digest_of(CLIP).sha256], 1, 0)]
    said = verify_clip(county, tmp_path, CLIP, lying + b"".join(parts))
    assert said.broken == {6: {"not-included"}}


def test_a_clip_of_a_dock_revoked_before_is_broken_at_step_4(tmp_path: Path) -> None:
    county = County().start()
    dock = county.enrol("dock-03")
    revoked = county.revoke(dock)
    county.store(dock, CLIP, county.collect(dock, CLIP))
    said = verify_clip(county, tmp_path, CLIP, county.proofs(CLIP) + county.proof(revoked))
    assert said.broken == {4: {"revoked"}}


def test_a_statement_dated_after_the_witnesses_saw_it_is_broken_at_step_9(tmp_path: Path) -> None:
    county = County().start()
    dock = county.enrol("dock-03")
    county.store(dock, CLIP, county.collect(dock, CLIP))
    early = b"".join(
        county.log.proof(index, ()).encode().replace(county.log.note(()), county.log.note(county.witnesses, time=1_000))
        for index in (5, 4, 1, 0)
    )
    assert verify_clip(county, tmp_path, CLIP, early).broken == {9: {"post-dated"}}


def test_a_clip_stated_before_its_dock_was_enrolled_is_broken_at_step_9(tmp_path: Path) -> None:
    county = County().start()
    dock = county.enrol("dock-03", started=False)
    name, digest = "clip.mp4", digest_of(CLIP)
    link = Link("dock-03", 0, None, "2026-11-20T09:00:02.000Z", Clock("ntp", 50))
    event = replace(
        county.collected(digest, name), began="2026-11-20T09:00:00.000Z", finished="2026-11-20T09:00:01.000Z"
    )
    index = county.append(dock.seal(event, link.time, Subject(name, digest.sha256), link))
    county.index_of["clip.collected", digest.sha256] = index
    county.store(dock, CLIP, index)
    assert verify_clip(county, tmp_path, CLIP, county.proofs(CLIP)).broken == {9: {"back-dated"}}


def test_a_chain_segment_that_does_not_join_is_broken_at_step_5(tmp_path: Path) -> None:
    county, dock = county_with_a_clip()
    lines = county.chain().splitlines()
    forged = Speaker("dock-03", dock.signer)
    forged.seal(DockHead(7, 7), "2026-11-22T09:00:01.000Z")
    link = next_link(forged.head, "dock-03", "2026-11-22T09:00:02.000Z", Clock("ntp", 50))
    lines[1] = Speaker("dock-03", dock.signer).seal(DOCKED, link.time, None, link)
    said = verify_clip(county, tmp_path, CLIP, county.proofs(CLIP), b"\n".join(lines))
    assert said.broken == {5: {"wrong-prev"}}


def test_what_is_missing_is_undecided_and_never_holds(tmp_path: Path) -> None:
    county, _ = county_with_a_clip()
    sha256 = digest_of(CLIP).sha256
    stored, collected = county.index_of["clip.stored", sha256], county.index_of["clip.collected", sha256]
    rows = {
        (stored, collected, 1): {4: {"no-archive-key"}},
        (stored, collected, 0): {4: {"no-enrolment"}},
        (collected, 1, 0): {3: {"no-stored"}, 6: {"no-proof"}, 9: {"no-times"}},
    }
    for indexes, undecided in rows.items():
        said = verify_clip(county, tmp_path, CLIP, b"".join(county.proof(index) for index in indexes))
        assert (said.code, said.verdict, said.broken, said.undecided) == (1, "undecided", {}, undecided)
