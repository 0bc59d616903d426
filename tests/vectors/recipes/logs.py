"""Vectors of the verifier of a whole log: one for each finding."""

from __future__ import annotations

from collections.abc import Iterator

from liuhen_protocol.dsse import read_json, write_json
from liuhen_protocol.events import ArchiveStarted, ChainPoint, DockEnrolled, DockHead
from liuhen_protocol.statement import Clock, Link
from vectors.recipes.county import County, Speaker, test_key
from vectors.recipes.vector import Json, Vector, b64, octets
from vectors.recipes.world import STEPS, World


def log(
    name: str, about: str, county: County, verdict: str, *findings: tuple[str, str, int | None], **more: Json
) -> Vector:
    """A vector of `verify_log`: entries in order, the checkpoint's text, and every (step, code, index) that is found."""
    question = {
        "entries": [octets(entry) for entry in county.log.entries],
        "checkpoint": county.log.checkpoint().text().decode(),
        "known_heads": [],
        **more,
    }
    found = [{"step": STEPS[step], "verdict": "broken", "code": code, "index": index} for step, code, index in findings]
    return Vector("verify-log", name, about, question, {"answer": verdict, "findings": found})


def logs() -> Iterator[Vector]:
    yield log("valid-one-clip", "one clip from docking to store", World().collect().store().county, "holds")
    four = World().county.log.checkpoint().text().decode()
    missing = ("inclusion", "other-size", None)
    yield log("broken-other-size", "no entries at all", County(), "broken", missing, checkpoint=four)
    world = World().collect().store()
    checkpoint = world.county.log.checkpoint().text().decode()
    entries = world.county.log.entries
    honest = list(entries)
    forged = read_json(entries[4], "vector")
    forged["payload"] = read_json(entries[3], "vector")["payload"]
    entries[4] = write_json(forged)
    expected = [
        ("signature", "bad-signature", 4), ("chain", "replayed", 4), ("statement", "other-promise", 5), ("inclusion", "other-root", None)
    ]  # fmt: skip
    yield log("broken-altered", "an entry was altered", world.county, "broken", *expected, checkpoint=checkpoint)
    entries[:] = [*honest[:3], *honest[4:]]
    removed = [
        ("chain", "gap", 3), ("statement", "other-promise", 4), ("inclusion", "other-size", None)
    ]  # fmt: skip
    yield log("broken-removed", "an entry was removed", world.county, "broken", *removed, checkpoint=checkpoint)
    entries[:] = [*honest[:3], honest[4], honest[3], *honest[5:]]
    swapped = [
        ("chain", "gap", 3), ("chain", "replayed", 4), ("statement", "other-promise", 5), ("inclusion", "other-root", None)
    ]  # fmt: skip
    yield log("broken-reordered", "two entries changed places", world.county, "broken", *swapped, checkpoint=checkpoint)
    entries[:] = [*honest, honest[4]]
    added = [("chain", "replayed", 6), ("inclusion", "other-size", None)]
    yield log("broken-replayed", "an entry stands twice", world.county, "broken", *added, checkpoint=checkpoint)
    entries[:] = [*honest[:-1], b"{}"]
    yield log("broken-malformed", "an entry that is no envelope", world.county, "broken", ("statement", "malformed", 5))

    def stated(world: World, link: Link, signer: Speaker | None = None) -> County:
        speaker = signer or world.dock
        world.county.append(speaker.seal(DockHead(1, 0), link.time, link=link))
        return world.county

    entries[:] = honest
    repeated = World().collect().store()
    repeated.county.append(repeated.county.log.entries[3])
    repeated.county.append(repeated.dock.seal(DockHead(1, 0), repeated.county.now()))
    about = "an early entry again, and the chain goes on behind it"
    yield log("broken-replayed-early", about, repeated.county, "broken", ("chain", "replayed", 6))

    now, clock = "2026-11-22T09:30:00.000Z", Clock("ntp", 50)
    world = World()
    assert world.dock.head is not None
    last = world.dock.head
    yield log(
        "broken-wrong-prev",
        "a link of another history",
        stated(world, Link("dock-03", 2, "00" * 32, now, clock)),
        "broken",
        ("chain", "wrong-prev", 4),
    )
    back = Link("dock-03", 2, last.hash, "2026-11-22T09:00:01.000Z", clock)
    yield log(
        "broken-back-dated", "dated before its predecessor", stated(World(), back), "broken", ("time", "back-dated", 4)
    )
    stranger = Speaker("dock-99", test_key("never enrolled"))
    yield log(
        "broken-no-enrolment",
        "a dock that nobody enrolled",
        stated(World(), Link("dock-99", 0, None, now, clock), stranger),
        "broken",
        ("signature", "no-enrolment", 4),
    )
    thief = Speaker("dock-03", test_key("not the dock's own"))
    yield log(
        "broken-other-key",
        "not by the dock's key",
        stated(World(), Link("dock-03", 2, last.hash, now, clock), thief),
        "broken",
        ("signature", "other-key", 4),
    )
    world = World()
    world.county.revoke(world.dock)
    yield log(
        "broken-revoked",
        "a dock that was revoked",
        stated(world, Link("dock-03", 2, last.hash, now, clock)),
        "broken",
        ("signature", "revoked", 5),
    )
    world = World()
    event = DockEnrolled("dock-99", "x", "00" * 32, "00" * 32, None)
    world.county.append(world.dock.seal(event, now))
    yield log("broken-other-source", "a dock enrols a dock", world.county, "broken", ("signature", "other-source", 4))
    world = World()
    again = ArchiveStarted("0.1.0", world.county.log.origin, "00" * 32)
    world.county.append(world.county.archive.seal(again, now))
    yield log(
        "broken-not-the-first",
        "archive.started a second time",
        world.county,
        "broken",
        ("signature", "not-the-first", 4),
    )
    world = World()
    event = DockEnrolled("dock-03", "market-supervision", world.dock.signer.public.hex(), "00" * 32, None)
    world.county.append(world.county.archive.seal(event, now))
    yield log(
        "broken-continues", "enrolled again as if it had no chain", world.county, "broken", ("chain", "wrong-prev", 4)
    )
    world = World().collect().store(promised_index=99)
    yield log(
        "broken-other-promise",
        "clip.stored rests on what is not before it",
        world.county,
        "broken",
        ("statement", "other-promise", 5),
    )
    heads: list[Json] = [{"source": "dock-03", "seq": 9, "hash": "00" * 32, "time": now}]
    yield log(
        "broken-tail-cut",
        "the dock holds more than the log",
        World().county,
        "broken",
        ("chain", "tail-cut", None),
        known_heads=heads,
    )
    heads = [{"source": "dock-03", "seq": 1, "hash": "00" * 32, "time": now}]
    yield log(
        "broken-other-history",
        "the dock holds another statement",
        World().county,
        "broken",
        ("chain", "other-history", 3),
        known_heads=heads,
    )
    yield from _keys()


def _keys() -> Iterator[Vector]:
    """What changes whose key speaks, and what does not."""
    world = World()
    world.county.rotate(world.dock, test_key("the dock's second key"))
    yield log("valid-rotated", "the dock speaks with a new key", world.collect().county, "holds")
    world = World()
    world.county.revoke(world.dock)
    head = world.dock.head
    assert head is not None
    world.dock.signer = test_key("the dock's new card")
    key = world.dock.signer.public.hex()
    again = DockEnrolled("dock-03", "market-supervision", key, "00" * 32, ChainPoint(head.seq, head.hash))
    world.county.append(world.county.archive.seal(again, world.county.now()))
    about = "revoked, then enrolled again where its chain ended"
    yield log("valid-enrolled-again", about, world.collect().county, "holds")
    world = World()
    stranger = Speaker("dock-99", test_key("never enrolled"))
    county = world.county
    made_up = DockEnrolled("dock-99", "x", stranger.signer.public.hex(), "00" * 32, None)
    forged = read_json(county.archive.seal(made_up, county.now()), "vector")
    signatures = forged["signatures"]
    assert isinstance(signatures, list)
    forged["signatures"] = [{**signatures[0], "sig": b64(bytes(64))}]
    county.append(write_json(forged))
    county.append(stranger.seal(DockHead(0, 0), county.now()))
    expected = [("signature", "bad-signature", 4), ("signature", "no-enrolment", 5)]
    yield log(
        "broken-forged-enrolment",
        "an enrolment that the archive did not sign names no key",
        county,
        "broken",
        *expected,
    )


ALL = (logs,)
