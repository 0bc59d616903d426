"""Vectors of statements and of what rests on them: envelopes, chains, proofs, receipts, and what a witness answers."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace

from liuhen_protocol import chain, merkle
from liuhen_protocol.checkpoint import Checkpoint, sign_checkpoint
from liuhen_protocol.digest import digest_of
from liuhen_protocol.dsse import PAYLOAD_TYPE, pae, read_json, seal, write_json
from liuhen_protocol.events import (
    OF_A_CLIP,
    ArchiveStarted,
    ClipStored,
    DeletedFile,
    DockHead,
    Event,
    RecorderInventory,
)
from liuhen_protocol.proof import MAGIC, TlogProof
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Clock, Link, Statement, Subject, place_in_chain, write_statement
from liuhen_protocol.witnessing import AddCheckpoint
from vectors.recipes.county import ONE_WITNESS, County, Speaker
from vectors.recipes.events import EVENTS, ONES, ZERO
from vectors.recipes.formats import CHECKPOINT, LEAVES, LOG, LOG_KEY, ORIGIN, OTHER, OTHER_KEY, SIGNED, damaged, node
from vectors.recipes.vector import Json, Vector, b64, malformed, octets, refused, valid

DOCK = Ed25519Signer.from_seed(b"TEST KEY, not for use: a dock   ")
LINK = Link("dock-03", 1, "ab" * 32, "2026-11-22T10:00:00.000Z", Clock("ntp", 50))


def payload_of(event: Event) -> bytes:
    about_a_clip = type(event) in OF_A_CLIP
    link = replace(LINK, source="archive") if type(event) in (ArchiveStarted, ClipStored) else LINK
    subject = Subject("A_0001.MP4", ONES, ZERO) if about_a_clip else place_in_chain(link, DOCK.public)
    return write_statement(Statement(link, event, subject))


HEAD = payload_of(DockHead(120, 3))
ENVELOPE = seal(HEAD, DOCK).encode()
INVENTORY = next(event for event in EVENTS if isinstance(event, RecorderInventory))
COMPLETE = replace(
    INVENTORY,
    deleted_seen=2,
    deleted=(
        DeletedFile("DCIM/100MEDIA/_0002.MP4", None, 4096, "2026-11-20T18:10:00"),
        DeletedFile("DCIM/\ufffd.MP4", "RENJTS+y4i5NUDQ=", None, None),
    ),
    unowned_bytes=32_768,
    problems=("directory 'LOG' cannot be read",),
)


def envelopes() -> Iterator[Vector]:
    value = {"payload": HEAD.decode(), "public": DOCK.public.hex(), "hash": chain.envelope_hash(ENVELOPE)}
    yield valid("envelope", "sealed", "one statement under one key", {"envelope": octets(ENVELOPE)}, value)
    spaced = ENVELOPE.replace(b":", b": ", 1)
    value = {**value, "hash": chain.envelope_hash(spaced)}
    yield valid("envelope", "spaced", "not our spelling: good, but another hash", {"envelope": octets(spaced)}, value)

    def with_fields(**fields: Json) -> bytes:
        return write_json({**read_json(ENVELOPE, "vector"), **fields})

    other = base64.b64encode(HEAD.replace(b"120", b"121")).decode()
    bad = "bad-signature"
    yield refused("envelope", bad, "the payload was changed", {"envelope": octets(with_fields(payload=other))})
    signature = {"keyid": f"ed25519:{DOCK.public.hex()}", "sig": b64(DOCK.sign(HEAD))}
    bare = with_fields(signatures=[signature])
    yield refused("envelope", bad, "signed without PAE", {"envelope": octets(bare)}, "no-pae")
    wrong_type = {**signature, "sig": b64(DOCK.sign(pae("application/json", HEAD)))}
    yield refused(
        "envelope", bad, "signed for another type", {"envelope": octets(with_fields(signatures=[wrong_type]))}, "type"
    )
    by_other = {"keyid": f"ed25519:{OTHER.public.hex()}", "sig": b64(DOCK.sign(pae(PAYLOAD_TYPE, HEAD)))}
    yield refused(
        "envelope", bad, "another key is named", {"envelope": octets(with_fields(signatures=[by_other]))}, "key"
    )
    nobody = {"keyid": "ed25519:01" + "00" * 31, "sig": b64(bytes([1]) + bytes(63))}
    weak = octets(with_fields(signatures=[nobody]))
    yield refused("envelope", bad, "a key of small order: anybody can sign", {"envelope": weak}, "small-order")
    good = {**signature, "sig": b64(DOCK.sign(pae(PAYLOAD_TYPE, HEAD)))}
    cases: dict[str, tuple[str, Json]] = {
        "json": ("not JSON", octets(ENVELOPE[:-1])),
        "utf-8": ("not UTF-8", octets(ENVELOPE.replace(b"payloadType", b"payload\xffType"))),
        "array": ("a list", octets(b"[" + ENVELOPE + b"]")),
        "name-twice": ("a name twice in one object", octets(ENVELOPE[:-1] + b',"payload":"AA=="}')),
        "more": ("a field that an envelope does not have", octets(with_fields(more=1))),
        "no-payload": ("the payload is missing", octets(write_json({"payloadType": PAYLOAD_TYPE, "signatures": [good]}))),
        "type": ("another payload type", octets(with_fields(payloadType="application/json"))),
        "unsigned": ("no signature", octets(with_fields(signatures=[]))),
        "two-signatures": ("two signatures", octets(with_fields(signatures=[good, good]))),
        "signature-field": ("a field too many in the signature", octets(with_fields(signatures=[{**good, "alg": "x"}]))),
        "base64": ("a payload that is not base64", octets(with_fields(payload="!"))),
        "padding": ("a payload without padding", octets(with_fields(payload="AAAAAA"))),
        "short": ("a signature of 63 bytes", octets(with_fields(signatures=[{**good, "sig": b64(bytes(63))}]))),
        "keyid-scheme": ("a key id of another scheme", octets(with_fields(signatures=[{**good, "keyid": "sm2:" + ONES}]))),
        "keyid-case": ("a key id in capitals", octets(with_fields(signatures=[{**good, "keyid": "ed25519:" + "AB" * 32}]))),
        "keyid-blank": ("blanks among the digits", octets(with_fields(signatures=[{**good, "keyid": "ed25519:" + ONES[:62] + "  "}]))),
        "long": ("over 65,535 bytes", {"join": [octets(ENVELOPE), {"repeat": " ", "times": 65_536 - len(ENVELOPE)}]}),
        "nested": ("twenty thousand brackets", {"repeat": "[", "times": 20_000}),
    }  # fmt: skip
    for reason, (about, data) in cases.items():
        yield malformed("envelope", reason, about, {"envelope": data})


def statements() -> Iterator[Vector]:
    for event in EVENTS:
        payload = payload_of(event)
        fields = read_json(payload, "vector")
        kind = str(fields["predicateType"]).rpartition("/")[2]
        yield valid("statement", kind, f"a {kind}", {"payload": octets(payload)}, {"kind": kind, "fields": fields})
    payload = payload_of(COMPLETE)
    value = {"kind": "recorder.inventory", "fields": read_json(payload, "vector")}
    yield valid("statement", "recorder.inventory-complete", "all optional fields", {"payload": octets(payload)}, value)
    fields = read_json(HEAD, "vector")
    predicate = fields["predicate"]
    assert isinstance(predicate, dict)

    def top(**changes: Json) -> bytes:
        return write_json({**fields, **changes})

    def inner(**changes: Json) -> bytes:
        return write_json({**fields, "predicate": {**predicate, **changes}})

    digest = {"sha256": "ab" * 32}
    clock = {"source": "ntp", "uncertainty_ms": 50}
    cases: dict[str, tuple[str, bytes]] = {
        "type": ("another version of the statement", top(_type="https://in-toto.io/Statement/v0.1")),
        "predicate-type": ("an event that is not of the vocabulary", top(predicateType="https://liuhen.example/custody/v1/clip.eaten")),
        "prefix": ("a predicate of somebody else", top(predicateType="https://example.org/dock.head")),
        "no-prefix": ("an event without the prefix", top(predicateType="dock.head")),
        "two-subjects": ("two subjects", top(subject=[{"name": "a", "digest": digest}] * 2)),
        "subject-digest": ("a subject with another hash beside", top(subject=[{"name": "dock-03#0", "digest": {**digest, "md5": "00"}}])),
        "subject-case": ("a digest in capitals", top(subject=[{"name": "dock-03#0", "digest": {"sha256": "AB" * 32}}])),
        "other-place": ("a subject that is not the place it extends", top(subject=[{"name": "dock-03#7", "digest": digest}])),
        "top-field": ("a field too many at the top", top(more=1)),
        "field": ("a field too many in the predicate", inner(more=1)),
        "event-field": ("a field too many in the event", inner(event={"clips": 1, "waiting": 0, "more": 1})),
        "event-missing": ("a field of the event is missing", inner(event={"clips": 1})),
        "event-type": ("a text where a number belongs", inner(event={"clips": "1", "waiting": 0})),
        "flag": ("true where a number belongs", inner(event={"clips": True, "waiting": 0})),
        "number-range": ("a number over 53 bits", inner(event={"clips": 1 << 53, "waiting": 0})),
        "seq": ("a negative seq", inner(seq=-1)),
        "no-prev": ("no prev after seq 0", inner(prev=None)),
        "prev-at-zero": ("a prev at seq 0", inner(seq=0)),
        "prev": ("a prev that is no digest", inner(prev="ab")),
        "source": ("a source with a slash", inner(source="dock/03")),
        "source-long": ("a source of 64 characters", inner(source="d" * 64)),
        "time-zone": ("a time with another zone", inner(time="2026-11-22T18:00:00.000+08:00")),
        "time-seconds": ("a time without milliseconds", inner(time="2026-11-22T10:00:00Z")),
        "time-day": ("a day that does not exist", inner(time="2026-02-30T10:00:00.000Z")),
        "clock": ("a clock without its uncertainty", inner(clock={"source": "ntp"})),
        "uncertainty": ("a negative uncertainty", inner(clock={**clock, "uncertainty_ms": -1})),
        "control": ("a newline in a text", inner(clock={**clock, "source": "n\ntp"})),
        "fraction": ("a number with a fraction", HEAD.replace(b":120", b":120.0")),
        "exponent": ("a number with an exponent", HEAD.replace(b":120", b":12e1")),
        "not-a-number": ("NaN", HEAD.replace(b":120", b":NaN")),
        "name-twice": ("a name twice", HEAD.replace(b'"clips":120', b'"clips":120,"clips":120')),
        "surrogate": ("half a character, escaped", HEAD.replace(b'"source":"ntp"', b'"source":"\\ud800"')),
        "utf-8": ("not UTF-8", HEAD.replace(b'"source":"ntp"', b'"source":"\xff"')),
        "byte-order-mark": ("a byte order mark", b"\xef\xbb\xbf" + HEAD),
        "trailing": ("something after the object", HEAD + b"{}"),
        "optional-empty": ("an optional field that says nothing", payload_of(INVENTORY).replace(b'"files":', b'"deleted":[],"files":')),
        "optional-type": ("an optional field of another type", payload_of(COMPLETE).replace(b'"unowned_bytes":32768', b'"unowned_bytes":"0"')),
    }  # fmt: skip
    for reason, (about, payload) in cases.items():
        yield malformed("statement", reason, about, {"payload": octets(payload)})


def links() -> Iterator[Vector]:
    first, last = "2026-11-22T10:00:00.000Z", "2026-11-22T10:00:05.000Z"

    def given(seq: int, prev: str | None, time: str, head: bool = True) -> dict[str, Json]:
        known = {"source": "dock-03", "seq": 4, "hash": ONES, "time": first}
        return {"head": known if head else None, "link": {"source": "dock-03", "seq": seq, "prev": prev, "time": time}}

    yield valid("chain", "first", "seq 0 where there is nothing", given(0, None, first, head=False))
    yield valid("chain", "next", "the next link", given(5, ONES, last))
    yield valid("chain", "same-time", "the same millisecond", given(5, ONES, first))
    yield refused("chain", "replayed", "a place that is taken", given(4, ONES, last))
    yield refused("chain", "replayed", "seq 0 again", given(0, None, last), "zero")
    yield refused("chain", "gap", "one link is missing", given(6, ONES, last))
    yield refused("chain", "gap", "the first link known is not 0", given(1, ONES, last, head=False), "at-the-start")
    yield refused("chain", "wrong-prev", "it continues another envelope", given(5, ZERO, last))
    yield refused("chain", "back-dated", "stated before its predecessor", given(5, ONES, "2026-11-22T09:59:59.999Z"))


CLIP = b"what the recorder saw " * 100


def county() -> tuple[County, Speaker, int, int]:
    """A county with one clip: its dock, the index of clip.collected and of clip.stored."""
    found = County().start()
    dock = found.enrol("dock-03")
    collected = found.collect(dock, CLIP)
    return found, dock, collected, found.store(CLIP, collected)


def proofs() -> Iterator[Vector]:
    found, _, index, _ = county()
    proof = TlogProof.parse(found.proof(index))
    entry, policy = found.log.entries[index], found.policy().text()

    def given(data: bytes, of: bytes = entry) -> dict[str, Json]:
        return {"proof": octets(data), "entry": octets(of), "policy": policy}

    value = {"index": index, "size": len(found.log.entries)}
    yield valid("tlog-proof", "with-entry", "the entry stands in the extra line", given(proof.encode()), value)
    yield valid("tlog-proof", "bare", "no extra line", given(replace(proof, extra=None).encode()), value)
    code = "not-included"
    yield refused("tlog-proof", code, "another entry", given(proof.encode(), found.log.entries[0]))
    yield refused("tlog-proof", code, "another index", given(replace(proof, index=0).encode()), "index")
    few = replace(proof, checkpoint=found.note(ONE_WITNESS)).encode()
    yield refused("tlog-proof", "quorum-missing", "one of three witnesses", given(few))
    wrong = replace(proof, checkpoint=SIGNED.encode()).encode()
    yield refused("tlog-proof", "wrong-log", "a checkpoint of another log", given(wrong))
    head, _, _ = proof.encode().partition(b"\n\n")
    lines = head.split(b"\n")
    cases = {
        "magic": ("another first line", proof.encode().replace(b"@v1", b"@v2", 1)),
        "no-index": ("no index line", proof.encode().replace(b"index 3\n", b"", 1)),
        "index": ("an index with a leading zero", proof.encode().replace(b"index 3", b"index 03", 1)),
        "hash": ("a hash of 31 bytes", replace(proof, hashes=(bytes(31),)).encode()),
        "many": ("64 hashes", replace(proof, hashes=(bytes(32),) * 64).encode()),
        "extra-base64": ("an extra line that is not base64", proof.encode().replace(b"extra ", b"extra !", 1)),
        "two-extras": ("two extra lines", b"\n".join([lines[0], lines[1], *lines[1:]]) + b"\n\n" + proof.checkpoint),
        "no-empty-line": ("no empty line before the checkpoint", head + b"\n"),
        "ascii": ("a head that is not ASCII", MAGIC.encode() + "\n索引 3\n\n".encode() + proof.checkpoint),
        "checkpoint": ("a checkpoint that is no note", head + b"\n\nnothing\n"),
    }
    for reason, (about, data) in cases.items():
        yield malformed("tlog-proof", reason, about, given(data))


def receipts() -> Iterator[Vector]:
    found, _, collected, stored = county()
    good = found.proof(stored)
    digest = digest_of(CLIP, sm3=True)

    def given(data: bytes = good, **changes: Json) -> dict[str, Json]:
        return {
            "receipt": octets(data),
            "digest": {
                "size": digest.size,
                "sha256": digest.sha256,
                "chunk_root": digest.chunk_root,
                "sm3": digest.sm3,
            },
            "source": "dock-03",
            "policy": found.policy().text(),
            "archive_key": found.archive.signer.public.hex(),
            "kind": "original",
            **changes,
        }

    other = digest_of(b"another clip")
    shown = {"size": other.size, "sha256": other.sha256, "chunk_root": other.chunk_root, "sm3": None}
    yield valid("receipt", "original", "the receipt of a clip", given(), {"index": stored})
    yield refused("receipt", "other-clip", "a receipt for another clip", given(digest=shown))
    resized = {**given()["digest"], "size": digest.size + 1}
    yield refused("receipt", "other-digest", "another size", given(digest=resized))
    yield refused(
        "receipt",
        "other-digest",
        "another chunk tree",
        given(digest={**resized, "size": digest.size, "chunk_root": ZERO}),
        "chunks",
    )
    yield refused("receipt", "other-dock", "a receipt for another dock", given(source="dock-04"))
    yield refused("receipt", "other-kind", "an original where a derivative was promised", given(kind="derivative"))
    yield refused(
        "receipt", "other-key", "signed by another key than the archive's", given(archive_key=OTHER.public.hex())
    )
    proof = TlogProof.parse(good)
    entry = found.log.entries[stored]
    forged = read_json(entry, "vector")
    forged["payload"] = b64(base64.b64decode(str(forged["payload"])).replace(b'"local"', b'"store"'))
    yield refused(
        "receipt",
        "bad-signature",
        "the statement was changed",
        given(replace(proof, extra=write_json(forged)).encode()),
    )
    by_dock, dock, dock_stored = sworn_by_the_dock()
    key = dock.signer.public.hex()
    yield refused(
        "receipt", "other-source", "stated by the dock itself", given(by_dock.proof(dock_stored), archive_key=key)
    )
    sm3, sm3_stored = county_with_sm3()
    yield refused("receipt", "other-digest", "another SM3", given(sm3.proof(sm3_stored)), "sm3")
    elsewhere = replace(proof, index=proof.index - 1).encode()
    yield refused("receipt", "not-included", "the statement is not where the proof says", given(elsewhere))
    alone = replace(proof, checkpoint=found.note(())).encode()
    yield refused("receipt", "quorum-missing", "no witness cosigned", given(alone))
    yield malformed("receipt", "no-entry", "no extra line", given(replace(proof, extra=None).encode()))
    yield malformed("receipt", "kind", "it carries a clip.collected", given(found.proof(collected)))


def sworn_by_the_dock() -> tuple[County, Speaker, int]:
    """A log that took a clip.stored which the dock stated."""
    found, dock, collected, _ = county()
    event = found.stored(CLIP, collected)
    return found, dock, found.append(dock.seal(event, found.now(), Subject("clip", digest_of(CLIP).sha256)))


def county_with_sm3() -> tuple[County, int]:
    """A log whose clip.stored names an SM3 that the clip does not have."""
    found, _, collected, _ = county()
    event = found.stored(CLIP, collected)
    subject = Subject("clip", digest_of(CLIP).sha256, ZERO)
    return found, found.append(found.archive.seal(event, found.now(), subject))


def requests() -> Iterator[Vector]:
    def note(size: int) -> bytes:
        return sign_checkpoint(Checkpoint(ORIGIN, size, merkle.root_of(LEAVES[:size])), LOG).encode()

    def given(old: int, data: bytes, proof: list[bytes], state: int | None = 6) -> dict[str, Json]:
        states = {} if state is None else {ORIGIN: {"size": state, "root": b64(merkle.root_of(LEAVES[:state]))}}
        return {
            "request": octets(AddCheckpoint(old, tuple(proof), data).encode()),
            "log_keys": [str(LOG_KEY)],
            "states": states,
        }

    def vector(name: str, about: str, found: dict[str, Json], status: int, body: str | None = None) -> Vector:
        answer: dict[str, Json] = {"answer": "refused", "status": status}
        return Vector("add-checkpoint", name, about, found, {**answer, "body": body} if body else answer)

    grown = merkle.consistency_proof(6, 11, node)
    value = {"size": 11, "root": b64(CHECKPOINT.root)}
    yield valid("add-checkpoint", "grown", "from 6 to 11 entries", given(6, note(11), grown), value)
    yield valid("add-checkpoint", "first", "the first checkpoint it sees", given(0, note(11), [], None), value)
    yield valid("add-checkpoint", "same", "the same state again", given(11, note(11), [], 11), value)
    yield vector("conflict", "the witness remembers another size", given(4, note(11), grown), 409, "6\n")
    yield vector("rolled-back", "the log was rolled back", given(6, note(8), [], 11), 409, "11\n")
    yield vector("inconsistent", "a proof that does not lead to the new root", given(6, note(11), grown[::-1]), 422)
    fork = sign_checkpoint(Checkpoint(ORIGIN, 6, LEAVES[0]), LOG).encode()
    yield vector("two-views", "the same size with another root", given(6, fork, []), 422)
    empty = sign_checkpoint(Checkpoint(ORIGIN, 0, LEAVES[0]), LOG).encode()
    yield vector("empty-root", "no entries and another root than theirs", given(0, empty, [], None), 422)
    yield vector("shrinks", "an old size over the new", given(12, note(11), []), 400)
    yield vector("unknown-log", "a log that it does not know", {**given(6, note(11), grown), "log_keys": []}, 404)
    yield vector("other-key", "signed by another key", {**given(6, note(11), grown), "log_keys": [str(OTHER_KEY)]}, 403)
    yield vector("bad-signature", "a damaged signature", given(6, damaged(SIGNED, 0), grown), 403)
    good = AddCheckpoint(6, tuple(grown), note(11)).encode()
    cases = {
        "no-old": ("no old line", good.partition(b"\n")[2]),
        "old": ("an old size with a sign", good.replace(b"old 6", b"old +6")),
        "hash": ("a hash of 31 bytes", AddCheckpoint(6, (bytes(31),), note(11)).encode()),
        "many": ("64 hashes", AddCheckpoint(6, (bytes(32),) * 64, note(11)).encode()),
        "checkpoint": ("no checkpoint", b"old 6\n\n"),
    }
    for reason, (about, data) in cases.items():
        yield vector(f"malformed-{reason}", about, {**given(6, b"", []), "request": octets(data)}, 400)


ALL = (envelopes, statements, links, proofs, receipts, requests)
