"""A stand-in for a county's identity provider: a small OpenID Connect provider over TLS, written for these tests.

It answers as the standard has it (discovery, keys, authorization code with PKCE, client_secret_basic), on real sockets, and can be
told to answer as an attacker would. It is no product and says nothing about how any product behaves.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

from liuhen_server.config import SignInProvider

CLIENT = "liuhen"
RETURN_TO = "https://archive.chaoxian.example/sign-in/provider/return"


@dataclass
class StandIn:
    """`subject` is who is signed in there. `change` alters the claims before they are signed, `forge` makes the token itself,
    `document` alters the discovery document, `answer` the query that leads back.
    """

    folder: Path
    secret: str = "一个 secret & more"
    subject: str = "u-1001"
    key: Key = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "first"}))
    change: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    forge: Callable[[dict[str, Any]], str] | None = None
    document: Callable[[dict[str, Any]], dict[str, Any]] = lambda document: document
    answer: Callable[[dict[str, str]], dict[str, str]] = lambda query: query
    away: bool = False
    back: str = RETURN_TO
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    address: str = ""

    @property
    def settings(self) -> SignInProvider:
        secret_file = self.folder / "provider-secret"
        secret_file.write_text(self.secret + "\n", "utf-8")
        return SignInProvider(
            "朝县统一身份认证", self.address, CLIENT, RETURN_TO, secret_file, self.folder / "provider.pem"
        )

    def as_new(self) -> None:
        """Honest again, with nobody's code left."""
        fresh = replace(StandIn(self.folder), key=self.key, back=self.back)
        for name in ("subject", "change", "forge", "document", "answer", "away", "codes", "asked"):
            setattr(self, name, getattr(fresh, name))

    def sign(self, claims: dict[str, Any], key: Key | None = None, algorithm: str | None = None) -> str:
        key = key or self.key
        return jwt.encode({"alg": algorithm or _algorithm_of(key), "kid": key.kid or ""}, claims, key)

    async def discovery(self, _: web.Request) -> web.Response:
        self._look("discovery")
        document = {
            "issuer": self.address,
            "authorization_endpoint": self.address + "/authorize",
            "token_endpoint": self.address + "/token",
            "jwks_uri": self.address + "/keys",
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
            "authorization_response_iss_parameter_supported": True,
        }
        return web.json_response(self.document(document))

    async def keys(self, _: web.Request) -> web.Response:
        self._look("keys")
        shared = {"kty": "oct", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0", "kid": "shared"}
        return web.json_response({"keys": [self.key.as_dict(private=False), shared]})

    async def authorize(self, request: web.Request) -> web.Response:
        self._look("authorize")
        query = dict(request.query)
        assert query["client_id"] == CLIENT and query["redirect_uri"] == RETURN_TO and query["scope"] == "openid"
        assert (
            query["response_type"] == "code" and query["code_challenge_method"] == "S256" and query["prompt"] == "login"
        )
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        answer = self.answer({"code": code, "state": query["state"], "iss": self.address})
        raise web.HTTPSeeOther(self.back + "?" + urlencode(answer))

    async def token(self, request: web.Request) -> web.Response:
        self._look("token")
        form = dict(parse_qsl(await request.text()))
        pair = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        assert pair == urlencode({CLIENT: self.secret}).replace("=", ":", 1).replace("+", "%20"), pair
        asked = self.codes.pop(form["code"], None)  # a code is good once
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if asked is None or challenge.decode() != asked["code_challenge"] or form["redirect_uri"] != RETURN_TO:
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT, "sub": self.subject, "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"], "auth_time": now}
        claims = self.change(claims)
        token = self.forge(claims) if self.forge else self.sign(claims)
        return web.json_response({"access_token": "x", "token_type": "Bearer", "id_token": token})

    def _look(self, what: str) -> None:
        self.asked.append(what)
        if self.away:
            raise web.HTTPServiceUnavailable


def _algorithm_of(key: Key) -> str:
    return {"RSA": "RS256", "EC": "ES256", "OKP": "Ed25519"}[key.key_type]


def unsigned(claims: dict[str, Any]) -> str:
    """`alg: none`, as RFC 7519 section 6 writes it."""
    return ".".join([_part({"alg": "none", "typ": "JWT"}), _part(claims), ""])


def by_public_key(claims: dict[str, Any], key: Key) -> str:
    """HS256 with the provider's public key as the shared secret: what a verifier takes that believes the token's own header."""
    public = key.as_pem(private=False) if isinstance(key, RSAKey | ECKey) else b""
    signed = ".".join([_part({"alg": "HS256", "typ": "JWT", "kid": key.kid}), _part(claims)])
    mac = hmac.new(public, signed.encode(), hashlib.sha256).digest()
    return signed + "." + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@asynccontextmanager
async def standing_in(folder: Path, host: str = "127.0.0.1") -> AsyncIterator[StandIn]:
    """`host` is the name in its address; it listens on this machine alone."""
    folder.mkdir(parents=True, exist_ok=True)
    provider = StandIn(folder)
    application = web.Application()
    application.add_routes(
        [
            web.get("/.well-known/openid-configuration", provider.discovery),
            web.get("/keys", provider.keys),
            web.get("/authorize", provider.authorize),
            web.post("/token", provider.token),
        ]
    )
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=_tls(folder)).start()
    provider.address = f"https://{host}:{runner.addresses[0][1]}"
    try:
        yield provider
    finally:
        await runner.cleanup()


def _tls(folder: Path) -> ssl.SSLContext:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sso")])
    now, names = datetime.now(UTC), [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "provider.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "provider.key").write_bytes(key.private_bytes(*plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "provider.pem", folder / "provider.key")
    return context
