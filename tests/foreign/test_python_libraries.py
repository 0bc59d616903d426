"""Other people's Python reads what we write: tlog-scales (notes, cosignatures, tiles, proofs) and securesystemslib (DSSE)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope as ForeignEnvelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer._key import SSlibKey
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey, VkeySet
from tlog_scales.tlog import Checkpoint, ConsistencyProof, InclusionProof, InclusionProofInvalid

from liuhen_protocol import merkle
from liuhen_protocol.signer import Ed25519Signer
from support.custody import County, county_with_a_clip
from support.memory_log import MemoryLog


@pytest.fixture(scope="module")
def county() -> County:
    return county_with_a_clip()[0]


def keys(county: County) -> VkeySet:
    vkeys = [county.log.vkey, *(witness.vkey for witness in county.witnesses)]
    return VkeySet(*(Vkey.from_string(str(vkey)) for vkey in vkeys))


def test_tlog_scales_verifies_the_log_signature_and_every_cosignature(county: County) -> None:
    checkpoint = Checkpoint.from_text(county.log.note(county.witnesses).decode())
    valid = keys(county).verify(checkpoint.signatures, checkpoint)
    assert {vkey.name for vkey, _ in valid} == {county.log.origin, *(w.name for w in county.witnesses)}
    assert (checkpoint.size, checkpoint.root_hash) == (len(county.log.entries), county.log.checkpoint().root)


def test_tlog_scales_accepts_no_signature_on_a_changed_checkpoint(county: County) -> None:
    text = county.log.note(county.witnesses).decode()
    changed = Checkpoint.from_text(text.replace(f"\n{len(county.log.entries)}\n", "\n99\n"))
    assert keys(county).verify(changed.signatures, changed) == set()


def test_tlog_scales_verifies_our_proof_of_every_entry(county: County) -> None:
    for index, entry in enumerate(county.log.entries):
        ours = county.log.proof(index)
        checkpoint = Checkpoint.from_text(ours.checkpoint.decode())
        theirs = InclusionProof(ours.index, checkpoint.size, list(ours.hashes))
        theirs.check(merkle.leaf_hash(entry), checkpoint.root_hash)
        with pytest.raises(InclusionProofInvalid):
            theirs.check(merkle.leaf_hash(entry + b" "), checkpoint.root_hash)


def test_tlog_scales_reads_our_tiles_and_makes_the_same_proofs(tmp_path: Path) -> None:
    log = MemoryLog("log.example/liuhen", Ed25519Signer.from_seed(b"l" * 32), (b"%d" % n for n in range(1_030)))
    reader = TilesReader(LocalBackend(log.write(tmp_path)))
    checkpoint = reader.get_checkpoint()
    assert reader.calculate_root_hash() == checkpoint.root_hash
    assert [reader.get_entry(index) for index in (0, 255, 256, 1_029)] == [b"0", b"255", b"256", b"1029"]
    for index in (0, 1, 255, 256, 257, 1_029):
        assert reader.get_inclusion_proof(index, 1_030).node_hashes == merkle.inclusion_proof(index, 1_030, log.node)
    for old in (1, 255, 256, 257, 1_024, 1_029, 1_030):
        ours = merkle.consistency_proof(old, 1_030, log.node)
        assert reader.get_consistency_proof(old, 1_030).node_hashes == ours
        ConsistencyProof(old, 1_030, ours).check(merkle.tree_root(old, log.node), checkpoint.root_hash)


def test_securesystemslib_opens_every_envelope(county: County) -> None:
    for entry in county.log.entries:
        fields = json.loads(entry)
        keyid = fields["signatures"][0]["keyid"]
        key = SSlibKey(keyid, "ed25519", "ed25519", {"public": keyid.removeprefix("ed25519:")})
        envelope = ForeignEnvelope.from_dict(fields)
        assert envelope.verify([key], 1) == {keyid: key}
        assert json.loads(envelope.payload)["_type"] == "https://in-toto.io/Statement/v1"


def test_securesystemslib_refuses_an_altered_payload(county: County) -> None:
    fields = json.loads(county.log.entries[0])
    keyid = fields["signatures"][0]["keyid"]
    key = SSlibKey(keyid, "ed25519", "ed25519", {"public": keyid.removeprefix("ed25519:")})
    envelope = ForeignEnvelope.from_dict(fields)
    envelope.payload += b" "
    with pytest.raises(VerificationError):
        envelope.verify([key], 1)
