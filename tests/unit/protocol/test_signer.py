"""Ed25519: what RFC 8032 signs is valid, and no key is accepted under which anybody can sign."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from liuhen_protocol import signer
from liuhen_protocol.errors import Malformed
from liuhen_protocol.signer import Ed25519Signer, signature_is_valid

NOTHING = bytes([1]) + bytes(63)  # the neutral point and zero: a signature that nobody made
WEAK = [point[:31] + bytes([point[31] | sign]) for point in sorted(signer._SMALL_ORDER) for sign in (0, 0x80)]


def accepted_by_the_library(public: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(NOTHING, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def test_the_first_signature_of_rfc_8032_is_made_and_valid() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = Ed25519Signer.from_seed(seed)
    assert key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    signature = key.sign(b"")
    assert signature.hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
    assert signature_is_valid(key.public, b"", signature)
    assert not signature_is_valid(key.public, b"x", signature)
    assert seed.hex() not in repr(key)


@pytest.mark.parametrize("public", WEAK, ids=bytes.hex)
def test_a_key_under_which_anybody_can_sign_signs_nothing(public: bytes) -> None:
    messages = [b"%d" % n for n in range(64)]
    assert not any(signature_is_valid(public, message, NOTHING) for message in messages)


def test_the_library_alone_would_accept_such_keys() -> None:
    """The reason for the rule; when this fails the library has become stricter and ours may go."""
    taken = [public for public in WEAK if any(accepted_by_the_library(public, b"%d" % n) for n in range(64))]
    assert len(taken) >= 7


@pytest.mark.parametrize(
    ("public", "signature"), [(bytes(31), bytes(64)), (bytes(33), bytes(64)), (bytes(32), bytes(63))]
)
def test_a_key_or_signature_of_another_length_is_not_valid(public: bytes, signature: bytes) -> None:
    assert not signature_is_valid(public, b"", signature)
    with pytest.raises(Malformed):
        Ed25519Signer.from_seed(bytes(31))
