"""What an identity provider said of somebody, believed or not: the rules of OpenID Connect Core 1.0, 3.1.3.7, without the network.

Signatures are checked by joserfc under algorithms of key pairs alone: what a secret shared with us could sign (HS256) and what
nobody signed (`none`) is refused before a key is looked for, whatever the token or the provider's own list says.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, KeySet, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

__all__ = [
    "ALGORITHMS",
    "LEEWAY_S",
    "OLDEST_S",
    "Asked",
    "NotBelieved",
    "UnknownKey",
    "is_subject",
    "keys_of",
    "subject_of",
]

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
LEEWAY_S = 60
OLDEST_S = 10 * 60
"""How long ago a token may have been made, and the person have proven himself to the provider."""

_LEAST_RSA_BITS = 2048
_MOST_SUBJECT = 255


class NotBelieved(Exception):
    """`why` is a word for the log of the process: what of the answer is not as it must be."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class UnknownKey(NotBelieved):
    """Signed by a key that is not in the set: the provider may have changed its keys since the set was read."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What we asked for, and so what the answer must be about. `nonce` is of this one sign-in."""

    issuer: str
    client_id: str
    nonce: str


def keys_of(document: object) -> KeySet:
    """The keys of a JWK Set that can sign: public ones of pairs. Others are left out, as RFC 7517 section 5 has it. Raises
    NotBelieved for what is no set or leaves nothing.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise NotBelieved("keys")
    found = []
    for each in listed[:100]:
        if not isinstance(each, dict) or each.get("use", "sig") != "sig" or "d" in each:
            continue
        try:
            key = JWKRegistry.import_key(each)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        weak = isinstance(key, RSAKey) and key.public_key.key_size < _LEAST_RSA_BITS
        if isinstance(key, RSAKey | ECKey | OKPKey) and not weak:
            found.append(key)
    if not found:
        raise NotBelieved("keys")
    return KeySet(list(found))


def subject_of(token: str, keys: KeySet, asked: Asked, now: int) -> str:
    """Whom the provider says it is, by its own lasting name (`sub`). `now` in Unix seconds. Raises UnknownKey, NotBelieved."""
    claims = _signed(token, keys)
    if claims.get("iss") != asked.issuer:
        raise NotBelieved("issuer")
    _check_audience(claims, asked.client_id)
    if not _number(claims, "exp", "expired") > now - LEEWAY_S:
        raise NotBelieved("expired")
    if not now - OLDEST_S - LEEWAY_S <= _number(claims, "iat", "issued") <= now + LEEWAY_S:
        raise NotBelieved("issued")
    if "nbf" in claims and _number(claims, "nbf", "issued") > now + LEEWAY_S:
        raise NotBelieved("issued")
    if "auth_time" in claims and _number(claims, "auth_time", "auth_time") < now - OLDEST_S - LEEWAY_S:
        raise NotBelieved("auth_time")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode("utf-8", "replace"), asked.nonce.encode()):
        raise NotBelieved("nonce")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not is_subject(subject):
        raise NotBelieved("subject")
    return subject


def is_subject(text: str) -> bool:
    """1 to 255 visible ASCII signs, as the standard has it."""
    return 0 < len(text) <= _MOST_SUBJECT and all("!" <= sign <= "~" for sign in text)


def _signed(token: str, keys: KeySet) -> Mapping[str, object]:
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    try:
        header = _header(token)
        if header.get("alg") not in ALGORITHMS:
            raise NotBelieved("algorithm")
        if header.get("typ", "JWT") != "JWT":
            raise NotBelieved("type")  # an access token or a logout token of the same provider
        kid = header.get("kid")
        if kid is None and len(keys.keys) > 1:
            raise NotBelieved("key")  # whose key it is would be a guess
        if kid is not None and kid not in {key.kid for key in keys}:
            raise UnknownKey("key")
        return jwt.decode(token, keys, registry=registry).claims
    except (JoseError, ValueError, TypeError) as error:
        raise NotBelieved("signature") from error


def _header(token: str) -> Mapping[str, object]:
    first = token.split(".", 1)[0]
    header = json.loads(urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    if not isinstance(header, dict):
        raise NotBelieved("signature")
    return header


def _check_audience(claims: Mapping[str, object], client_id: str) -> None:
    given = claims.get("aud")
    audience: Sequence[object] = given if isinstance(given, list) else [given]
    if client_id not in audience or not all(isinstance(each, str) for each in audience):
        raise NotBelieved("audience")
    party = claims.get("azp")
    if (party is None and len(audience) > 1) or (party is not None and party != client_id):
        raise NotBelieved("party")


def _number(claims: Mapping[str, object], name: str, why: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotBelieved(why)
    return value
