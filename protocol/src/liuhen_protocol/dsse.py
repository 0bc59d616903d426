"""DSSE v1.0.2 envelopes with one Ed25519 signature (spec: docs/spec/envelope.md).

The signature covers the payload's very bytes (PAE): nothing is ever canonicalised. The key id is `ed25519:` and the public key itself in
hexadecimal, so a signature can be checked without any state; for whom that key may speak is decided by the chain, from the log.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import NoReturn

from liuhen_protocol.digest import is_digest
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.note import from_base64
from liuhen_protocol.signer import SIGNATURE_SIZE, Signer, signature_is_valid

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_ENVELOPE = 65_535
_KEYID_PREFIX = "ed25519:"


# What `Envelope.encode` writes, read without a JSON parser: a log has millions of them. Anything else goes the general way.
_HEAD = b'{"payload":"'
_TAIL = re.compile(
    rb'","payloadType":"application/vnd\.in-toto\+json",'
    rb'"signatures":\[\{"keyid":"ed25519:([0-9a-f]{64})","sig":"([A-Za-z0-9+/]{86}==)"\}\]\}'
)


def pae(payload_type: str, payload: bytes) -> bytes:
    """`"DSSEv1" SP len(type) SP type SP len(body) SP body`, lengths in bytes."""
    name = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def keyid_of(public: bytes) -> str:
    return _KEYID_PREFIX + public.hex()


def public_of(keyid: str) -> bytes:
    """The 32 bytes of the public key. Raises Malformed."""
    digits = keyid.removeprefix(_KEYID_PREFIX)
    if not keyid.startswith(_KEYID_PREFIX) or not is_digest(digits):
        raise Malformed("envelope: the key id is not ed25519: and 64 lower-case hexadecimal digits")
    return bytes.fromhex(digits)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a name stands twice in one JSON object")
    return found


def _refuse_number(text: str) -> NoReturn:
    raise Malformed(f"{text[:20]!r}: only whole numbers are allowed")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_refuse_number, parse_constant=_refuse_number)


def read_json(data: bytes, what: str) -> dict[str, object]:
    """One JSON object: UTF-8, no name twice, no fractions. Raises Malformed."""
    try:
        value = _DECODER.decode(data.decode())
    except Malformed as error:
        raise Malformed(f"{what}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{what}: not JSON in UTF-8") from error
    if not isinstance(value, dict):
        raise Malformed(f"{what}: not a JSON object")
    return value


def write_json(value: object) -> bytes:
    """The one way in which we write JSON: sorted names, no spaces, UTF-8. Raises Malformed for a text that UTF-8 cannot hold."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Malformed("a text with half a character (a lone surrogate)") from error


@dataclass(frozen=True, slots=True)
class Envelope:
    """A signed payload. `public` is the key named by the key id; nobody has vouched for it yet."""

    payload: bytes
    public: bytes
    signature: bytes

    @classmethod
    def parse(cls, data: bytes) -> Envelope:
        """Raises Malformed. The signature is not checked here."""
        if len(data) > MAX_ENVELOPE:
            raise Malformed(f"envelope: {len(data)} bytes; at most {MAX_ENVELOPE} are allowed")
        end = data.find(b'"', len(_HEAD))
        if data.startswith(_HEAD) and (tail := _TAIL.fullmatch(data, end)) and b"\\" not in data[:end]:
            payload_bytes = from_base64(data[len(_HEAD) : end], "envelope: the payload")
            return cls(payload_bytes, bytes.fromhex(tail[1].decode()), from_base64(tail[2], "envelope: the signature"))
        fields = read_json(data, "envelope")
        match fields:
            case {
                "payloadType": str(kind),
                "payload": str(payload),
                "signatures": [{"keyid": str(keyid), "sig": str(sig), **more}],
            }:
                if len(fields) != 3 or more:
                    raise Malformed("envelope: a field that it does not have")
            case _:
                raise Malformed("envelope: not payload, payloadType and one signature with keyid and sig")
        if kind != PAYLOAD_TYPE:
            raise Malformed(f"envelope: the payload's type is {kind[:60]!r}, not {PAYLOAD_TYPE}")
        signature = from_base64(sig, "envelope: the signature")
        if len(signature) != SIGNATURE_SIZE:
            raise Malformed(f"envelope: the signature has {len(signature)} bytes, not {SIGNATURE_SIZE}")
        return cls(from_base64(payload, "envelope: the payload"), public_of(keyid), signature)

    def encode(self) -> bytes:
        return write_json(
            {
                "payload": base64.b64encode(self.payload).decode(),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"keyid": keyid_of(self.public), "sig": base64.b64encode(self.signature).decode()}],
            }
        )

    def check_signature(self) -> None:
        """Raises Refused("bad-signature") when the named key did not sign this payload."""
        if not signature_is_valid(self.public, pae(PAYLOAD_TYPE, self.payload), self.signature):
            raise Refused(
                "bad-signature", "the signature of this statement is not good: it, or the statement, was altered"
            )


def seal(payload: bytes, signer: Signer) -> Envelope:
    """Signs a payload. Raises Malformed when the envelope would be longer than the log takes."""
    envelope = Envelope(payload, signer.public, signer.sign(pae(PAYLOAD_TYPE, payload)))
    if (size := len(envelope.encode())) > MAX_ENVELOPE:
        raise Malformed(f"envelope: {size} bytes; at most {MAX_ENVELOPE} are allowed: split the statement")
    return envelope
