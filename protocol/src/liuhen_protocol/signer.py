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
    """Ed25519 verification; a public key or a signature of a wrong form is simply not valid."""
    if len(public) != PUBLIC_SIZE or len(signature) != SIGNATURE_SIZE:
        return False
    try:
        _public_key(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@functools.lru_cache(maxsize=256)
def _public_key(public: bytes) -> Ed25519PublicKey:
    """A log has few keys and many signatures."""
    return Ed25519PublicKey.from_public_bytes(public)
