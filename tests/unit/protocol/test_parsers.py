"""What is read is written back byte for byte, and no bytes at all bring a parser to anything but Malformed or Refused."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from liuhen_protocol import tiles
from liuhen_protocol.checkpoint import Checkpoint, decimal
from liuhen_protocol.cosignature import check_cosignature, cosign
from liuhen_protocol.dsse import Envelope, read_json
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.note import COSIGNATURE_V1, ED25519, Note, Signature, VerifierKey, from_base64
from liuhen_protocol.policy import Endpoint, Group, Policy
from liuhen_protocol.proof import TlogProof, split_proofs
from liuhen_protocol.receipt import open_receipt
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import read_statement
from liuhen_protocol.verify_clip import read_evidence, verify_clip
from liuhen_protocol.verify_log import read_entry
from liuhen_protocol.witnessing import AddCheckpoint, Refusal, decide
from support.custody import county_with_a_clip

COUNTY, _ = county_with_a_clip()
POLICY = COUNTY.policy()
STORED = next(index for (kind, _), index in COUNTY.index_of.items() if kind == "clip.stored")
NOTE = COUNTY.log.note(COUNTY.witnesses)
PROOF = COUNTY.proof(STORED)
ENTRY = COUNTY.log.entries[STORED]
REQUEST = AddCheckpoint(3, (b"\x11" * 32, b"\x22" * 32), NOTE).encode()
BUNDLE = tiles.encode_bundle(COUNTY.log.entries)


def decide_and_look(data: bytes) -> None:
    answer = decide(data, {COUNTY.log.origin: COUNTY.log.vkey}, {})
    assert not isinstance(answer, Refusal) or answer.status in (400, 403, 404, 409, 422)


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


PARSERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "note": (Note.parse, NOTE),
    "checkpoint": (Checkpoint.parse, COUNTY.log.checkpoint().text()),
    "vkey": (lambda data: VerifierKey.parse(text_of(data)), str(COUNTY.log.vkey).encode()),
    "policy": (Policy.parse, POLICY.text().encode()),
    "accept": (POLICY.accept, NOTE),
    "proof": (TlogProof.parse, PROOF),
    "checked proof": (lambda data: TlogProof.parse(data).check(ENTRY, POLICY), PROOF),
    "proofs": (split_proofs, PROOF + PROOF),
    "receipt": (open_receipt, PROOF),
    "envelope": (lambda data: Envelope.parse(data).check_signature(), ENTRY),
    "statement": (read_statement, Envelope.parse(ENTRY).payload),
    "json": (lambda data: read_json(data, "test"), Envelope.parse(ENTRY).payload),
    "bundle": (lambda data: tiles.decode_bundle(data, len(COUNTY.log.entries)), BUNDLE),
    "tile path": (lambda data: tiles.parse_path(text_of(data)), b"tile/0/x001/x234/067.p/3"),
    "hashes": (lambda data: tiles.split_hashes(data, 2), b"\x00" * 64),
    "add-checkpoint": (AddCheckpoint.parse, REQUEST),
    "witness": (decide_and_look, REQUEST),
    "base64": (lambda data: from_base64(data, "test"), b"AAAA"),
    "decimal": (lambda data: decimal(text_of(data), "test"), b"123"),
    "entry": (read_entry, ENTRY),
    "evidence": (lambda data: verify_clip(read_evidence(None, [data]), POLICY), PROOF),
}
PIECES = st.sampled_from(
    [
        b"\n",
        b"\n\n",
        b" ",
        b"\x00",
        b"+",
        b"/",
        b"0",
        b"-1",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xe2\x80\x94",
        b'"',
        b"{",
        b"[",
    ]
) | st.sampled_from([b"1e9", b"NaN", b"x", b".p/256", b"9" * 5000, b"\\ud800", b"[" * 3000, b"=", b"none", b"\xc2\xa0"])
CHANGES = st.lists(
    st.tuples(st.integers(0, 1 << 16), st.integers(0, 40), PIECES | st.binary(max_size=6)), min_size=1, max_size=3
)


def survives(parse: Callable[[bytes], object], data: bytes) -> None:
    try:
        parse(data)
    except (Malformed, Refused) as error:
        str(error).encode()  # and what is said of it can be shown


@pytest.mark.parametrize("name", PARSERS)
def test_a_valid_input_is_read(name: str) -> None:
    parse, valid = PARSERS[name]
    parse(valid)


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300))
def test_random_bytes_are_malformed_or_refused_and_nothing_else(data: bytes) -> None:
    for parse, _ in PARSERS.values():
        survives(parse, data)


@settings(max_examples=150, deadline=None)
@given(changes=CHANGES)
@example(changes=[(0, 0, b"\xff")])
@example(changes=[(7, 0, b"x000/" * 4000)])
@example(changes=[(8, 1, b"[" * 60_000)])
def test_a_damaged_input_is_malformed_or_refused_and_nothing_else(changes: list[tuple[int, int, bytes]]) -> None:
    for parse, valid in PARSERS.values():
        data = valid
        for at, cut, piece in changes:
            start = at % (len(data) + 1)
            data = data[:start] + piece + data[start + cut :]
        survives(parse, data)


@settings(max_examples=150, deadline=None)
@given(changes=CHANGES)
def test_what_is_read_is_written_back_byte_for_byte(changes: list[tuple[int, int, bytes]]) -> None:
    """Of a signed form there is one spelling, also for what we would not have written ourselves."""
    exact: list[tuple[Callable[[bytes], bytes], bytes]] = [
        (lambda data: Note.parse(data).encode(), NOTE),
        (lambda data: Checkpoint.parse(data).text(), COUNTY.log.checkpoint().text()),
        (lambda data: str(VerifierKey.parse(text_of(data))).encode(), str(COUNTY.log.vkey).encode()),
        (lambda data: TlogProof.parse(data).encode(), PROOF),
        (lambda data: AddCheckpoint.parse(data).encode(), REQUEST),
        (lambda data: tiles.parse_path(text_of(data)).path().encode(), b"tile/0/x001/x234/067.p/3"),
        (lambda data: tiles.encode_bundle(tiles.decode_bundle(data, len(COUNTY.log.entries))), BUNDLE),
        (lambda data: base64.b64encode(from_base64(data, "test")), b"QUJDRA=="),
    ]
    for again, valid in exact:
        assert again(valid) == valid
        data = valid
        for at, cut, piece in changes:
            start = at % (len(data) + 1)
            data = data[:start] + piece + data[start + cut :]
        try:
            written = again(data)
        except Malformed:
            continue
        assert written == data


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1, max_size=12).filter(
    lambda name: "+" not in name and not any(c.isspace() for c in name)
)
SEEDS = st.binary(min_size=32, max_size=32)


@settings(max_examples=60, deadline=None)
@given(name=NAMES, kind=st.sampled_from([ED25519, COSIGNATURE_V1]), seed=SEEDS)
def test_a_verifier_key_written_is_the_one_read(name: str, kind: int, seed: bytes) -> None:
    key = VerifierKey(name, kind, Ed25519Signer.from_seed(seed).public)
    assert VerifierKey.parse(str(key)) == key


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(st.characters(codec="utf-8", min_codepoint=0x20), max_size=60),
    lines=st.lists(st.tuples(NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80)), min_size=1),
)
def test_a_note_written_is_the_one_read(text: str, lines: list[tuple[str, bytes, bytes]]) -> None:
    note = Note(text.encode() + b"\n", tuple(Signature(*line) for line in lines))
    assert Note.parse(note.encode()) == note


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_policy_written_is_the_one_read(data: st.DataObject) -> None:
    names = data.draw(st.lists(NAMES, min_size=2, max_size=8, unique=True).filter(lambda found: "none" not in found))
    keys = [Ed25519Signer.from_seed(bytes([n]) * 32).public for n in range(len(names))]
    log = Endpoint(
        VerifierKey("log.example", ED25519, Ed25519Signer.from_seed(b"l" * 32).public), "https://log.example"
    )
    cut = data.draw(st.integers(1, len(names) - 1))
    witnesses = {
        name: Endpoint(VerifierKey("w" + name, COSIGNATURE_V1, key), data.draw(st.sampled_from([None, "http://w"])))
        for name, key in zip(names[:cut], keys, strict=False)
    }
    groups: dict[str, Group] = {}
    free = list(witnesses)
    for name in names[cut:]:
        if free:
            members = tuple(free.pop() for _ in range(data.draw(st.integers(1, len(free)))))
            groups[name] = Group(data.draw(st.integers(1, len(members))), members)
            free.append(name)
    policy = Policy((log,), witnesses, groups, data.draw(st.sampled_from(["none", *witnesses, *groups])))
    assert Policy.parse(policy.text()) == policy
    assert Policy.parse(policy.text().encode()) == policy


@settings(max_examples=60, deadline=None)
@given(
    level=st.integers(0, 63) | st.just(tiles.ENTRIES), index=st.integers(0, (1 << 62) - 1), width=st.integers(1, 256)
)
def test_a_tile_path_written_is_the_one_read(level: int | str, index: int, width: int) -> None:
    tile = tiles.TileId(level, index, width)
    assert tiles.parse_path(tile.path()) == tile


@settings(max_examples=60, deadline=None)
@given(entries=st.lists(st.binary(max_size=70), max_size=20))
def test_a_bundle_written_is_the_one_read(entries: list[bytes]) -> None:
    data = tiles.encode_bundle(entries)
    assert tiles.decode_bundle(data, len(entries)) == entries
    with pytest.raises(Malformed):
        tiles.decode_bundle(data, len(entries) + 1)
    if data:
        with pytest.raises(Malformed):
            tiles.decode_bundle(data[:-1], len(entries))


def test_a_bundle_takes_no_entry_over_65535_bytes() -> None:
    assert tiles.decode_bundle(tiles.encode_bundle([b"x" * 65_535]), 1) == [b"x" * 65_535]
    with pytest.raises(Malformed):
        tiles.encode_bundle([b"x" * 65_536])


@settings(max_examples=40, deadline=None)
@given(
    index=st.integers(0, 1 << 62),
    hashes=st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    extra=st.none() | st.binary(max_size=50),
)
def test_a_proof_and_an_add_checkpoint_written_are_those_read(
    index: int, hashes: list[bytes], extra: bytes | None
) -> None:
    proof = TlogProof(index, tuple(hashes), NOTE, extra)
    assert TlogProof.parse(proof.encode()) == proof
    request = AddCheckpoint(index, tuple(hashes), NOTE)
    assert AddCheckpoint.parse(request.encode()) == request


def test_several_proofs_of_one_file_are_told_apart() -> None:
    proofs = [COUNTY.proof(index) for index in range(len(COUNTY.log.entries))]
    assert split_proofs(b"".join(proofs)) == proofs


@settings(max_examples=60, deadline=None)
@given(bit=st.integers(0, 8 * 72 - 1))
def test_any_changed_bit_of_a_cosignature_is_refused(bit: int) -> None:
    witness = COUNTY.witnesses[0]
    text = COUNTY.log.checkpoint().text()
    good = cosign(text, 1_795_000_000, witness.name, witness.signer)
    changed = bytearray(good.data)
    changed[bit // 8] ^= 1 << bit % 8
    assert check_cosignature(Note(text, (good,)), witness.vkey) == 1_795_000_000
    with pytest.raises(Refused) as caught:
        check_cosignature(Note(text, (Signature(good.name, good.key_id, bytes(changed)),)), witness.vkey)
    assert caught.value.code == "bad-cosignature"


@settings(max_examples=80, deadline=None)
@given(at=st.integers(0, len(ENTRY) - 1), bit=st.integers(0, 7))
def test_any_changed_bit_of_an_envelope_is_malformed_or_refused(at: int, bit: int) -> None:
    changed = bytearray(ENTRY)
    changed[at] ^= 1 << bit
    with pytest.raises((Malformed, Refused)):
        Envelope.parse(bytes(changed)).check_signature()


def test_a_key_id_with_blanks_among_its_digits_is_malformed() -> None:
    keyid = b"ed25519:" + COUNTY.archive.signer.public.hex().encode()
    assert keyid in ENTRY
    for other in (keyid[:-2] + b"  ", keyid.upper(), keyid[:-1] + "é".encode(), keyid[8:]):
        with pytest.raises(Malformed):
            Envelope.parse(ENTRY.replace(keyid, other))


def test_groups_may_nest_as_deep_as_a_file_can_hold_them() -> None:
    witness = COUNTY.witnesses[0]
    lines = [f"witness g0 {witness.vkey}", *(f"group g{n} 1 g{n - 1}" for n in range(1, 5001)), "quorum g5000", ""]
    policy = Policy.parse("\n".join(lines))
    assert policy.quorum_met({"g0"})
    assert not policy.quorum_met(set())


def test_a_policy_that_is_not_utf_8_is_malformed_but_its_comments_may_be() -> None:
    assert Policy.parse(b"# \xb2\xe2\xca\xd4\nquorum none\n").quorum == "none"
    for line in (
        b"log \xff+00000000+AAAA",
        f"witness \udcff {COUNTY.witnesses[0].vkey}".encode("utf-8", "surrogateescape"),
    ):
        with pytest.raises(Malformed):
            Policy.parse(line + b"\nquorum none\n")
