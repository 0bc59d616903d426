"""The county's identity provider (OpenID Connect), asked over the network: its discovery document, its keys, the code's exchange.

Authorization code flow with PKCE (RFC 7636, S256). Everything is asked over TLS, with a limit on time and size, and no
redirect is followed. The document and the keys are kept for an hour; a key that is not among them has them read once more,
at most once a minute, so that a provider may change its keys and nobody can have us ask it without end.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import ssl
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
from joserfc.jwk import KeySet

from liuhen_server.config import SignInProvider
from liuhen_server.people.id_token import Asked, NotBelieved, UnknownKey, keys_of, subject_of

__all__ = ["CREDENTIAL", "Flow", "Provider", "Unreachable", "flow_of"]

CREDENTIAL = "provider-secret"
"""The client secret as systemd hands it over (`LoadCredential=`)."""

KEPT_S = 60 * 60
AGAIN_S = 60
MOST_BYTES = 256 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=10)


class Unreachable(Exception):
    """The provider did not answer, or not as a provider does. The text says what, for the log of the process."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in under way. All of it comes from one secret in the browser's cookie, so nothing is kept here for strangers."""

    state: str
    nonce: str
    verifier: str

    @property
    def challenge(self) -> str:
        return _base64url(hashlib.sha256(self.verifier.encode()).digest())


def flow_of(secret: str) -> Flow:
    """`secret`: 256 random bits as text."""

    def derived(purpose: str) -> str:
        key = secret.encode("utf-8", "surrogatepass")
        return _base64url(hmac.new(key, b"liuhen sign-in " + purpose.encode(), hashlib.sha256).digest())

    return Flow(derived("state"), derived("nonce"), derived("verifier"))


@dataclass(frozen=True, slots=True)
class _Metadata:
    """Of the discovery document (OpenID Connect Discovery 1.0), what is used. Endpoints are https addresses."""

    authorization: str
    token: str
    keys: str
    secret_in_body: bool
    names_itself: bool  # every answer carries `iss` (RFC 9207)


class Provider:
    """One per process."""

    def __init__(self, settings: SignInProvider, session: aiohttp.ClientSession, now: Callable[[], int]) -> None:
        self.settings, self._session, self._now = settings, session, now
        self._lock = asyncio.Lock()
        self._metadata: tuple[int, _Metadata] | None = None
        self._keys: tuple[int, KeySet] | None = None

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def issuer(self) -> str:
        return self.settings.issuer

    async def address(self, flow: Flow) -> str:
        """Where the browser is sent. The person proves himself anew there (`prompt=login`): the provider's own session at a
        shared computer opens nothing here. Raises Unreachable.
        """
        metadata = await self._known()
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.settings.return_to,
            "scope": "openid",
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
            "prompt": "login",
        }
        joined = "&" if urlsplit(metadata.authorization).query else "?"
        return metadata.authorization + joined + urlencode(asked)

    async def subject(self, flow: Flow, code: str, issuer: str | None) -> str:
        """Whom the provider names for a code that came back; `issuer` as the answer gave it, None without. Raises Unreachable,
        NotBelieved.
        """
        metadata = await self._known()
        if (issuer is None and metadata.names_itself) or (issuer is not None and issuer != self.issuer):
            raise NotBelieved("issuer")  # before the code goes anywhere: it may be another provider's (RFC 9207)
        token = await self._exchange(metadata, flow, code)
        asked = Asked(self.issuer, self.settings.client_id, flow.nonce)
        try:
            return subject_of(token, await self._key_set(metadata, KEPT_S), asked, self._now())
        except UnknownKey:
            return subject_of(token, await self._key_set(metadata, AGAIN_S), asked, self._now())

    async def _exchange(self, metadata: _Metadata, flow: Flow, code: str) -> str:
        secret, client = self._secret(), self.settings.client_id
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.return_to,
            "code_verifier": flow.verifier,
        }
        headers = {"Accept": "application/json"}
        if metadata.secret_in_body:
            form |= {"client_id": client, "client_secret": secret}
        else:
            pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = "Basic " + b64encode(pair.encode()).decode()
        status, answer = await self._ask("POST", metadata.token, form, headers)
        if 400 <= status < 500 and isinstance(answer, dict) and answer.get("error") == "invalid_grant":
            raise NotBelieved("code")  # used, expired, another client's, or not of this browser
        token = answer.get("id_token") if status == 200 and isinstance(answer, dict) else None
        if not isinstance(token, str):
            raise Unreachable(f"{metadata.token} answered {status} without an ID token")
        return token

    async def _known(self) -> _Metadata:
        async with self._lock:
            now = self._now()
            if self._metadata is None or not 0 <= now - self._metadata[0] < KEPT_S:
                address = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
                self._metadata = now, _metadata(await self._document(address), self.issuer)
            return self._metadata[1]

    async def _key_set(self, metadata: _Metadata, at_most_s: int) -> KeySet:
        async with self._lock:
            now = self._now()
            if self._keys is None or not 0 <= now - self._keys[0] < at_most_s:
                self._keys = now, keys_of(await self._document(metadata.keys))
            return self._keys[1]

    async def _document(self, address: str) -> Mapping[str, object]:
        status, answer = await self._ask("GET", address, None, {"Accept": "application/json"})
        if status != 200 or not isinstance(answer, dict):
            raise Unreachable(f"{address} answered {status}")
        return answer

    async def _ask(
        self, method: str, address: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> tuple[int, object]:
        try:
            asked = self._session.request(
                method, address, data=form, headers=headers, ssl=self._tls(), timeout=_TIMEOUT, allow_redirects=False
            )
            async with asked as answer:
                body = await _limited(answer)
                return answer.status, json.loads(body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"{address}: {type(error).__name__} {error}") from error
        except ValueError as error:
            raise Unreachable(f"{address}: not JSON") from error

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.settings.ca_file) if self.settings.ca_file else None)

    def _secret(self) -> str:
        """Read at each use, so that a new one needs no restart. Raises Unreachable: without it nobody answers us."""
        handed_over = os.environ.get("CREDENTIALS_DIRECTORY")
        files = [Path(handed_over) / CREDENTIAL] if handed_over else []
        files += [self.settings.secret_file] if self.settings.secret_file else []
        for path in files:
            try:
                if secret := path.read_text("utf-8").strip():
                    return secret
            except (OSError, ValueError):
                continue
        raise Unreachable("there is no client secret: give it as the credential provider-secret, or as secret_file")


async def _limited(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > MOST_BYTES:
            raise ValueError("too long")
    return bytes(body)


def _metadata(document: Mapping[str, object], issuer: str) -> _Metadata:
    """Raises Unreachable for a document that is another's, or that names no https endpoints."""
    if document.get("issuer") != issuer:
        raise Unreachable(f"the discovery document is of {str(document.get('issuer'))[:200]!r}, not of {issuer!r}")

    def endpoint(name: str) -> str:
        value = document.get(name)
        if not isinstance(value, str) or urlsplit(value).scheme != "https" or "#" in value:
            raise Unreachable(f"{name} of the discovery document is no https address")
        return value

    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return _Metadata(
        endpoint("authorization_endpoint"),
        endpoint("token_endpoint"),
        endpoint("jwks_uri"),
        isinstance(methods, list) and "client_secret_basic" not in methods and "client_secret_post" in methods,
        document.get("authorization_response_iss_parameter_supported") is True,
    )


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
