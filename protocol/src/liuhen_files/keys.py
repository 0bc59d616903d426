"""Signing keys as files: PKCS#8 PEM, mode 0600, created durably and never overwritten."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from liuhen_files import durable
from liuhen_protocol.errors import Malformed
from liuhen_protocol.signer import Ed25519Signer


def load(path: Path) -> Ed25519Signer:
    """The signer in `path`. Raises Malformed when it holds something else or can be read by others, FileNotFoundError."""
    if path.stat().st_mode & 0o077:
        raise Malformed(f"{path}: a key that others can read; set its mode to 0600")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise Malformed(f"{path}: not an unencrypted PEM private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Malformed(f"{path}: not an Ed25519 key")
    return Ed25519Signer(key)


def load_or_create(path: Path) -> Ed25519Signer:
    """The signer in `path`, made anew when there is no such file."""
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        durable.write_new(path, pem)
    return load(path)
