"""The committed vectors are those that the generator makes, and our code gives each the answer that it states."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from liuhen_protocol import chain, cosignature, merkle, note, tiles
from liuhen_protocol.checkpoint import Checkpoint, open_checkpoint
from liuhen_protocol.digest import Digest, Digester
from liuhen_protocol.dsse import Envelope, read_json
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.events import EVENTS
from liuhen_protocol.policy import Policy
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.receipt import check_receipt
from liuhen_protocol.report import Finding, Report, StepName
from liuhen_protocol.statement import Clock, Link, read_statement, write_statement
from liuhen_protocol.verify_clip import read_evidence, verify_clip
from liuhen_protocol.verify_log import LogVerifier, read_entry
from liuhen_protocol.verify_site import verify_site
from liuhen_protocol.witnessing import Cosigned, Refusal, decide
from vectors.make import HERE, make, text_of
from vectors.recipes.vector import read_octets

Question = dict[str, Any]
MADE = make()


def digest(given: Question) -> Question:
    digester, data = Digester(sm3=True), read_octets(given["bytes"])
    digester.update(data)
    found = digester.finish()
    return {"size": found.size, "sha256": found.sha256, "chunk_root": found.chunk_root, "sm3": found.sm3}


def vkey(given: Question) -> Question:
    key = note.VerifierKey.parse(given["vkey"])
    return {"name": key.name, "type": key.key_type, "public": key.public.hex(), "key_id": key.key_id.hex()}


def signed_note(given: Question) -> Question:
    parsed = note.Note.parse(read_octets(given["note"]))
    return {"signed": note.check_signature(parsed, note.VerifierKey.parse(given["vkey"]))}


def checkpoint(given: Question) -> Question:
    found, _ = open_checkpoint(read_octets(given["note"]), note.VerifierKey.parse(given["log_key"]))
    return {"origin": found.origin, "size": found.size, "root": base64.b64encode(found.root).decode()}


def cosigned(given: Question) -> Question:
    parsed = note.Note.parse(read_octets(given["note"]))
    return {"time": cosignature.check_cosignature(parsed, note.VerifierKey.parse(given["witness_key"]))}


def policy(given: Question) -> Question:
    found = Policy.parse(read_octets(given["policy"]))
    groups = {name: [group.threshold, *group.members] for name, group in found.groups.items()}
    logs = [log.key.name for log in found.logs]
    return {"logs": logs, "witnesses": list(found.witnesses), "groups": groups, "quorum": found.quorum}


def accept(given: Question) -> Question:
    return {"cosigned": dict(Policy.parse(given["policy"]).accept(read_octets(given["note"])).cosigned)}


def tile_path(given: Question) -> Question:
    tile = tiles.parse_path(given["path"])
    return {"level": tile.level, "index": tile.index, "width": tile.width}


def bundle(given: Question) -> Question:
    entries = tiles.decode_bundle(read_octets(given["bundle"]), given["width"])
    return {"entries": [entry.decode() for entry in entries]}


def hashes(texts: list[str]) -> list[bytes]:
    return [base64.b64decode(text) for text in texts]


def inclusion(given: Question) -> None:
    leaf, root = hashes([given["leaf"], given["root"]])
    merkle.check_inclusion(leaf, given["index"], given["size"], hashes(given["proof"]), root)


def consistency(given: Question) -> None:
    old_root, new_root = hashes([given["old_root"], given["new_root"]])
    merkle.check_consistency(given["old"], given["new"], old_root, new_root, hashes(given["proof"]))


def envelope(given: Question) -> Question:
    data = read_octets(given["envelope"])
    found = Envelope.parse(data)
    found.check_signature()
    return {"payload": found.payload.decode(), "public": found.public.hex(), "hash": chain.envelope_hash(data)}


def statement(given: Question) -> Question:
    payload = read_octets(given["payload"])
    found = read_statement(payload)
    assert write_statement(found) == payload
    return {"kind": found.kind, "fields": read_json(payload, "vector")}


def link(given: Question) -> None:
    head = None if given["head"] is None else chain.ChainHead(**given["head"])
    chain.check_link(head, Link(**given["link"], clock=Clock("ntp", 0)))


def tlog_proof(given: Question) -> Question:
    proof = TlogProof.parse(read_octets(given["proof"]))
    accepted = proof.check(read_octets(given["entry"]), Policy.parse(given["policy"]))
    return {"index": proof.index, "size": accepted.checkpoint.size}


def receipt(given: Question) -> Question:
    found, _ = check_receipt(
        read_octets(given["receipt"]),
        digest=Digest(**given["digest"]),
        source=given["source"],
        policy=Policy.parse(given["policy"]),
        archive_key=bytes.fromhex(given["archive_key"]),
        kind=given["kind"],
    )
    return {"index": found.proof.index}


ANSWERS: dict[str, Callable[[Question], Question | None]] = {
    "digest": digest,
    "vkey": vkey,
    "note": signed_note,
    "checkpoint": checkpoint,
    "cosignature": cosigned,
    "policy": policy,
    "accept": accept,
    "tile-path": tile_path,
    "bundle": bundle,
    "inclusion": inclusion,
    "consistency": consistency,
    "envelope": envelope,
    "statement": statement,
    "chain": link,
    "tlog-proof": tlog_proof,
    "receipt": receipt,
}


def add_checkpoint(given: Question) -> Question:
    keys = {key.name: key for key in map(note.VerifierKey.parse, given["log_keys"])}
    states = {o: Cosigned(s["size"], base64.b64decode(s["root"])) for o, s in given["states"].items()}
    decision = decide(read_octets(given["request"]), keys, states)
    if isinstance(decision, Refusal):
        body = {"body": decision.body} if decision.status == 409 else {}
        return {"answer": "refused", "status": decision.status, **body}
    state = decision.state
    return {"answer": "holds", "value": {"size": state.size, "root": base64.b64encode(state.root).decode()}}


def findings(report: Report, *, index: bool) -> list[Question]:
    def shown(found: Finding) -> Question:
        place = {"index": found.index} if index else {}
        return {"step": found.step.value, "verdict": found.verdict.value, "code": found.code, **place}

    return [shown(found) for found in report.findings]


def clip(given: Question) -> Question:
    observed = None if given["observed"] is None else Digest(**given["observed"])
    proofs, entries = map(read_octets, given["proofs"]), map(read_octets, given["chain"])
    report = verify_clip(read_evidence(observed, proofs, entries), Policy.parse(given["policy"]))
    return {"answer": report.verdict.value, "findings": findings(report, index=False)}


def log(given: Question) -> Question:
    entries = [read_octets(entry) for entry in given["entries"]]
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    heads = [chain.ChainHead(**head) for head in given["known_heads"]]
    verifier = LogVerifier(leaf_at=leaves.__getitem__, known_heads=heads)
    for entry in entries:
        verifier.add(read_entry(entry))
    report = verifier.finish(Checkpoint.parse(given["checkpoint"].encode()))
    return {"answer": report.verdict.value, "findings": findings(report, index=True)}


def site(given: Question) -> Question:
    proofs, latest = (map(read_octets, given[name]) for name in ("proofs", "latest"))
    manifest, policy = read_octets(given["manifest"]), Policy.parse(given["policy"])
    report = verify_site(manifest, given["files"].items(), proofs, policy, latest)
    found = [{"verdict": each.verdict.value, "code": each.code, "path": each.path} for each in report.findings]
    return {"answer": report.verdict.value, "findings": found}


REPORTS: dict[str, Callable[[Question], Question]] = {
    "add-checkpoint": add_checkpoint,
    "verify-clip": clip,
    "verify-log": log,
    "verify-site": site,
}


def in_order(answer: Question) -> Question:
    """Findings are told in no particular order, and one may be told of several things."""
    if "findings" in answer:
        return {**answer, "findings": sorted(set(map(json.dumps, answer["findings"])))}
    return answer


def test_the_committed_vectors_are_those_that_the_generator_makes() -> None:
    committed = {str(path.relative_to(HERE)): path.read_text("utf-8") for path in HERE.glob("*/*.json")}
    made = {name: text_of(vector) for name, vector in MADE.items()}
    assert sorted(committed) == sorted(made)
    assert [name for name in made if committed[name] != made[name]] == []


@pytest.mark.parametrize("name", MADE)
def test_our_code_answers_as_the_vector_states(name: str) -> None:
    vector = json.loads((HERE / name).read_text("utf-8"))
    expected, given = vector["expect"], vector["input"]
    if (report := REPORTS.get(vector["check"])) is not None:
        assert in_order(report(given)) == in_order(expected)
        return
    answer = ANSWERS[vector["check"]]
    try:
        value = answer(given)
    except Malformed:
        assert expected == {"answer": "malformed"}
    except Refused as error:
        assert expected == {"answer": "refused", "code": error.code}
    else:
        assert expected == ({"answer": "holds", "value": value} if value else {"answer": "holds"})


def test_there_is_a_vector_for_every_event() -> None:
    assert {f"statement/valid-{kind}.json" for kind in EVENTS} <= MADE.keys()


def test_there_is_a_vector_for_every_step_that_can_be_broken_or_undecided() -> None:
    seen = {
        (found["step"], found["verdict"])
        for vector in MADE.values()
        if vector.check == "verify-clip"
        for found in vector.answer["findings"]
    }
    assert {step for step, verdict in seen if verdict == "broken"} == {step.value for step in StepName}
    assert {step for step, verdict in seen if verdict == "undecided"} == {step.value for step in StepName}


def test_a_vector_that_is_not_valid_is_named_after_its_reason() -> None:
    for vector in MADE.values():
        if (code := vector.answer.get("code")) is not None:
            assert vector.name == code or vector.name.startswith(code + "-")
        elif vector.answer["answer"] == "malformed":
            assert vector.name.startswith("malformed-")
