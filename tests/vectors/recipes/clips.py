"""Vectors of the verifier of one clip: each step broken and undecided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from liuhen_protocol import chain
from liuhen_protocol.digest import digest_of
from liuhen_protocol.dsse import read_json, write_json
from liuhen_protocol.events import ArchiveStarted, DockEnrolled
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.statement import Clock, Link, Subject
from vectors.recipes.county import ONE_WITNESS, ORIGIN, County, test_key
from vectors.recipes.vector import Json, Vector, b64
from vectors.recipes.world import CLIP, STEPS, World


def clip(name: str, about: str, world: World, verdict: str, *findings: tuple[str, str, str]) -> Vector:
    """A vector of `verify_clip`: what it answers as a whole, and every (step, verdict, code) in it."""
    found = [{"step": STEPS[step], "verdict": verdict_, "code": code} for step, verdict_, code in findings]
    return Vector("verify-clip", name, about, world.given(), {"answer": verdict, "findings": found})


def clips() -> Iterator[Vector]:
    yield from _bytes_and_digests()
    yield from _statements_and_keys()
    yield from _chains()
    yield from _logs_and_times()


def _bytes_and_digests() -> Iterator[Vector]:
    yield clip("valid-all-nine", "everything is there", World().collect().store(), "holds")
    world = World().collect().store()
    world.observed = None
    yield clip("undecided-no-bytes", "the clip is missing", world, "undecided", ("bytes", "undecided", "no-bytes"))
    world = World().collect().store()
    world.observed = CLIP[:-1] + b"!"
    twice = [("bytes", "broken", "other-bytes")] * 2 + [("digest", "broken", "other-digest")] * 2
    yield clip("broken-other-bytes", "a byte of the clip was changed", world, "broken", *twice)
    world = World().collect().store(size=1)
    yield clip(
        "broken-other-digest",
        "the archive states another size",
        world,
        "broken",
        *[("digest", "broken", "other-digest")] * 2,
    )
    world, named = World(), Subject("A_0001.MP4", digest_of(CLIP).sha256, "00" * 32)
    world.sm3 = True  # the archive keeps none, so that only the dock's and the one at hand can be compared
    event = world.county.collected(digest_of(CLIP))
    world.collected = world.county.append(world.dock.seal(event, world.county.now(), named))
    yield clip(
        "broken-other-digest-sm3",
        "the dock stated another SM3",
        world.store(),
        "broken",
        ("digest", "broken", "other-digest"),
    )
    world = World().collect().store()
    world.also = [world.county.collect(world.dock, CLIP)]
    yield clip("valid-collected-twice", "the same bytes were collected again later", world, "holds")
    world = World().collect().store(data=b"other")
    world.observed = None
    expected = (("bytes", "undecided", "no-bytes"), ("digest", "broken", "other-digest"))
    yield clip("broken-other-digest-of-two", "dock and archive speak of different bytes", world, "broken", *expected)
    world = World()
    nothing: list[tuple[str, str, str]] = [
        ("bytes", "undecided", "no-statement"),
        ("digest", "undecided", "no-digest"),
        ("statement", "undecided", "no-collected"),
        ("statement", "undecided", "no-stored"),
        ("chain", "undecided", "no-collected"),
        ("inclusion", "undecided", "no-proof"),
        ("inclusion", "undecided", "no-proof"),
        ("time", "undecided", "no-times"),
    ]
    yield clip("undecided-no-statement", "nothing is stated of any clip", world, "undecided", *nothing)
    world.edit = lambda name, proof: None
    nothing += [
        ("signature", "undecided", "no-archive-key"),
        ("checkpoint", "undecided", "no-checkpoint"),
        ("cosignatures", "undecided", "no-checkpoint"),
    ]
    yield clip("undecided-nothing", "there is nothing but the file", world, "undecided", *nothing)


def _statements_and_keys() -> Iterator[Vector]:
    world = World()
    other = world.county.collect(world.dock, b"another clip")
    world.also = [other, world.county.store(b"another clip", other)]
    yield clip("valid-beside-another", "the evidence of another clip lies before it", world.collect().store(), "holds")
    world = World().collect().store().without("collected")
    expected = [
        ("statement", "undecided", "no-collected"),
        ("chain", "undecided", "no-collected"),
        ("inclusion", "undecided", "no-proof"),
        ("time", "undecided", "no-times"),
    ]
    yield clip("undecided-no-collected", "the dock's statement is missing", world, "undecided", *expected)
    missing = [
        ("statement", "undecided", "no-stored"),
        ("inclusion", "undecided", "no-proof"),
        ("time", "undecided", "no-times"),
    ]
    yield clip("undecided-no-stored", "the archive's statement is missing", World().collect(), "undecided", *missing)
    world = World()
    derived = world.county.derive(world.dock, b"original", CLIP)
    world.also = [derived]
    world.collected = derived
    world.store(kind="derivative", original=digest_of(b"original").sha256)
    world.collected, broken = -1, ("statement", "broken", "not-an-original")
    yield clip(
        "broken-not-an-original", "a proxy passed off as its original", world, "broken", broken, broken, *expected
    )
    other_dock = World().collect().store(dock="dock-04")
    yield clip(
        "broken-other-dock", "stored for another dock", other_dock, "broken", ("statement", "broken", "other-dock")
    )
    promise = ("statement", "broken", "other-promise")
    other_leaf = World().collect().store(promised_leaf="00" * 32)
    yield clip("broken-other-promise", "stored on another promise", other_leaf, "broken", promise)
    yield clip(
        "broken-other-promise-index",
        "the promise stands elsewhere",
        World().collect().store(promised_index=1),
        "broken",
        promise,
    )

    world = World().collect().store()
    entry = read_json(world.county.log.entries[world.stored], "vector")
    signatures = entry["signatures"]
    assert isinstance(signatures, list)
    entry["signatures"] = [{**signatures[0], "sig": b64(bytes(64))}]
    world.county.log.entries[world.stored] = write_json(entry)
    yield clip(
        "broken-bad-signature",
        "a statement that nobody signed",
        world,
        "broken",
        ("signature", "broken", "bad-signature"),
    )
    world = World()
    honest, world.county.archive.signer = (
        world.county.archive.signer,
        test_key("not the archive's own"),
    )
    world.collect().store()
    world.county.archive.signer = honest
    yield clip(
        "broken-other-key", "clip.stored under another key", world, "broken", ("signature", "broken", "other-key")
    )
    world = World()
    world.dock.signer = test_key("not the dock's own")
    yield clip(
        "broken-other-key-dock",
        "clip.collected under another key",
        world.collect().store(),
        "broken",
        ("signature", "broken", "other-key"),
    )
    world = World().collect()
    stored, world.county.archive = world.county.archive, world.dock
    world.store()
    world.county.archive = stored
    yield clip(
        "broken-other-source",
        "clip.stored stated by the dock",
        world,
        "broken",
        ("signature", "broken", "other-source"),
    )
    world = World()
    world.also = [world.county.revoke(world.dock)]
    yield clip(
        "broken-revoked",
        "collected after the dock was revoked",
        world.collect().store(),
        "broken",
        ("signature", "broken", "revoked"),
    )
    world = World().collect().store()
    world.also = [world.county.revoke(world.dock)]
    yield clip("valid-revoked-later", "the dock was revoked afterwards", world, "holds")
    world = World()
    world.also = [world.county.rotate(world.dock, test_key("the dock's second key"))]
    yield clip("valid-rotated", "the dock has a new key", world.collect().store(), "holds")
    world = World().collect().store().without("enrolled")
    yield clip(
        "undecided-no-enrolment",
        "who the dock is is missing",
        world,
        "undecided",
        ("signature", "undecided", "no-enrolment"),
    )
    world = World().collect().store().without("started")
    yield clip(
        "undecided-no-archive-key",
        "the archive's key is missing",
        world,
        "undecided",
        ("signature", "undecided", "no-archive-key"),
    )
    world = World().collect().store().without("started")
    county = world.county
    again = ArchiveStarted("0.1.0", county.log.origin, county.archive.signer.public.hex())
    world.also = [county.append(county.archive.seal(again, county.now()))]
    yield clip(
        "broken-not-the-first",
        "an archive.started that is not leaf 0",
        world,
        "broken",
        ("signature", "broken", "not-the-first"),
    )


def _chains() -> Iterator[Vector]:
    world = World().collect().store().without("docked")
    yield clip("undecided-no-chain", "the docking is missing", world, "undecided", ("chain", "undecided", "no-chain"))
    world = World().collect().store().without("docked")
    world.bare = [world.county.log.entries[world.docked]]
    yield clip("valid-bare-chain", "the docking as a bare envelope, held by the chain", world, "holds")

    def link(world: World, seq: int, prev: str, time: str | None = None) -> World:
        county, dock = world.county, world.dock
        made = Link("dock-03", seq, prev, time or county.now(), Clock("ntp", 50))
        event = county.collected(digest_of(CLIP))
        if time is not None:
            event = replace(event, began=time, finished=time)
        world.collected = county.append(
            dock.seal(event, made.time, Subject("A_0001.MP4", digest_of(CLIP).sha256), made)
        )
        return world.store()

    def head(world: World) -> chain.ChainHead:
        assert world.dock.head is not None
        return world.dock.head

    world = World()
    found = link(world, 2, "00" * 32)
    yield clip(
        "broken-wrong-prev", "the clip continues another history", found, "broken", ("chain", "broken", "wrong-prev")
    )
    world = World()
    found = link(world, 1, head(world).hash)
    expected = [("chain", "broken", "replayed"), ("chain", "undecided", "no-chain")]
    yield clip("broken-replayed", "two statements at one place", found, "broken", *expected)
    world = World()
    found = link(world, 2, head(world).hash, "2026-11-22T09:00:03.500Z")
    yield clip("broken-back-dated", "stated before its predecessor", found, "broken", ("chain", "broken", "back-dated"))


def _logs_and_times() -> Iterator[Vector]:
    world = World().collect().store().edited("docked", lambda proof: replace(proof, index=proof.index - 1))
    yield clip(
        "broken-not-included",
        "a statement is not where its proof says",
        world,
        "broken",
        ("inclusion", "broken", "not-included"),
    )
    world = World().collect().store().without("collected")
    world.bare = [world.county.log.entries[world.collected]]
    yield clip(
        "undecided-no-proof",
        "clip.collected without a proof",
        world,
        "undecided",
        ("inclusion", "undecided", "no-proof"),
    )
    world = World().collect().store()
    forged = County().note()
    world.edited("stored", lambda proof: replace(proof, checkpoint=forged))
    yield clip(
        "broken-not-included-empty",
        "under a checkpoint of the empty log",
        world,
        "broken",
        ("inclusion", "broken", "not-included"),
    )

    def signed_by(origin: str, whose: str) -> dict[str, Json]:
        world = World().collect().store()
        world.county.log.origin, world.county.log.signer = origin, test_key(whose)
        return world.given()

    policy = World().county.policy().text()
    for code, about, question in (
        ("wrong-log", "a log that the policy does not know", signed_by("log.example/elsewhere", "the log")),
        (
            "log-signature-missing",
            "signed by another key",
            signed_by(ORIGIN, "another log"),
        ),
    ):
        findings = [{"step": 7, "verdict": "broken", "code": code}] * 5
        answer = {"answer": "broken", "findings": findings}
        yield Vector("verify-clip", f"broken-{code}", about, {**question, "policy": policy}, answer)
    changed = (
        World().collect().store().edited("stored", lambda proof: replace(proof, checkpoint=damage(proof.checkpoint, 0)))
    )
    yield clip(
        "broken-checkpoint-signature",
        "the log's signature is damaged",
        changed,
        "broken",
        ("checkpoint", "broken", "bad-signature"),
    )
    changed = World().collect().store().edited("stored", lambda proof: replace(proof, checkpoint=b"nothing\n"))
    yield clip(
        "broken-malformed", "a checkpoint that is no note", changed, "broken", ("checkpoint", "broken", "malformed")
    )
    world = World().collect().store()
    fork = World().collect().store(store="elsewhere").county
    index = world.stored
    world.edited("stored", lambda proof: TlogProof.parse(fork.proof(index)))
    twice = ("checkpoint", "broken", "two-views")
    yield clip("broken-two-views", "two roots of one size, both signed", world, "broken", twice)
    world = World().collect().store()
    few = world.county.note(ONE_WITNESS)
    world.edited("stored", lambda proof: replace(proof, checkpoint=few))
    yield clip(
        "broken-quorum-missing", "one of three witnesses", world, "broken", ("cosignatures", "broken", "quorum-missing")
    )
    changed = (
        World().collect().store().edited("stored", lambda proof: replace(proof, checkpoint=damage(proof.checkpoint, 2)))
    )
    yield clip(
        "broken-bad-cosignature",
        "a damaged cosignature",
        changed,
        "broken",
        ("cosignatures", "broken", "bad-cosignature"),
    )
    world = World().collect().store(time="2027-11-22T10:00:00.000Z")
    yield clip(
        "broken-post-dated", "dated a year after it was witnessed", world, "broken", ("time", "broken", "post-dated")
    )
    yield clip(
        "broken-before-its-end",
        "stated before it was read to its end",
        before_its_end(),
        "broken",
        ("time", "broken", "back-dated"),
    )
    yield clip(
        "broken-before-enrolment",
        "stated before its dock was enrolled",
        before_enrolment(),
        "broken",
        ("time", "broken", "back-dated"),
    )


def damage(note: bytes, which: int) -> bytes:
    """One bit of the signature in that line changed (the base64 digit five before its end)."""
    lines = note.decode().split("\n— ")
    line = lines[which + 1]
    at = len(line.rstrip("\n")) - 6
    lines[which + 1] = line[:at] + ("B" if line[at] == "A" else "A") + line[at + 1 :]
    return "\n— ".join(lines).encode()


def before_its_end() -> World:
    world = World()
    event = world.county.collected(digest_of(CLIP))
    event = replace(event, finished="2026-11-22T10:00:00.000Z")
    subject = Subject("A_0001.MP4", digest_of(CLIP).sha256)
    world.collected = world.county.append(world.dock.seal(event, world.county.now(), subject))
    return world.store()


def before_enrolment() -> World:
    world = World()
    county = world.county
    event = DockEnrolled("dock-03", "market-supervision", world.dock.signer.public.hex(), "00" * 32, None)
    world.also = [county.append(county.archive.seal(event, "2026-11-22T09:10:00.000Z"))]
    return world.collect().store(time="2026-11-22T09:10:00.000Z")


ALL = (clips,)
