"""Who signs: an interface with one implementation, an Ed25519 key in memory (RFC 8032)."""

from __future__ import annotations

import functools
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from liuhen_protocol.errors import Malformed

PUBLIC_SIZE = 32
SIGNATURE_SIZE = 64


class Signer(Protocol):
    """Signs bytes; `public` is the 32-byte Ed25519 public key. Later also SM2, PKCS#11 and TPM keys."""

    @property
    def public(self) -> bytes: ...

    def sign(self, message: bytes) -> bytes: ...


class Ed25519Signer:
    """An Ed25519 key held in memory. Its private part never appears in a repr or an error."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._public = key.public_key().public_bytes_raw()

    @classmethod
    def from_seed(cls, seed: bytes) -> Ed25519Signer:
        """From the 32 secret bytes of RFC 8032. Raises Malformed for another length."""
        if len(seed) != 32:
            raise Malformed(f"an Ed25519 seed has 32 bytes, not {len(seed)}")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public(self) -> bytes:
        return self._public

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def signature_is_valid(public: bytes, message: bytes, signature: bytes) -> bool:
    """Ed25519 verification; a public key or a signature of a wrong form, or a key under which anybody can sign, is simply not valid."""
    if len(public) != PUBLIC_SIZE or len(signature) != SIGNATURE_SIZE:
        return False
    try:
        _public_key(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# Points of order 1, 2, 4 and 8 in every encoding (sign bit left out): under such a key anybody can sign, and one signature fits many texts.
_SMALL_ORDER = frozenset(
    bytes.fromhex(digits)
    for digits in (
        "00" * 32,
        "01" + "00" * 31,
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
)


@functools.lru_cache(maxsize=256)
def _public_key(public: bytes) -> Ed25519PublicKey:
    """A log has few keys and many signatures. Raises ValueError for a key under which anybody can sign."""
    if public[:31] + bytes([public[31] & 0x7F]) in _SMALL_ORDER:
        raise ValueError("a public key of small order")
    return Ed25519PublicKey.from_public_bytes(public)
