"""The archive's own certificate authority: P-256, for this archive's server and its docks alone.

Its certificate says so: no further authority below it, and no server outside the names it was made for and private
networks, so that a stolen CA key cannot speak for any public site in a browser that trusts it. Client certificates
name the dock; whether the dock may still speak is asked of the registry at each request, never of the certificate
alone.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from liuhen_files import durable
from liuhen_protocol.errors import Malformed
from liuhen_protocol.moment import format_time

CA_DAYS = 20 * 365
CLIENT_DAYS = 90
SERVER_DAYS = 90
RENEW_SERVER_BEFORE = timedelta(days=30)
BACKDATE = timedelta(hours=1)  # a dock's clock may be a little behind
PRIVATE_NETWORKS = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
MAX_CSR = 16_384


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate: PEM, hex serial, SHA-256 of its DER, and the time from which it is worth nothing."""

    pem: bytes
    serial: str
    sha256: str
    not_after: str


class Authority:
    """The CA in a folder: `ca.pem` and `ca.key` (mode 0600), `server.pem` and `server.key`."""

    def __init__(self, folder: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.folder, self.certificate, self._key = folder, certificate, key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate's DER, lower-case hex. Its first 32 digits stand in every enrolment code."""
        return hashlib.sha256(self.certificate.public_bytes(serialization.Encoding.DER)).hexdigest()

    @classmethod
    def create(cls, folder: Path, origin: str, server_names: Iterable[str], now: datetime) -> Authority:
        """Makes the CA. Raises FileExistsError when the folder holds one."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Liuhen"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"Liuhen archive {origin}"[:64]),
            ]
        )
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        names = [_general_name(each) for each in server_names]
        permitted: list[x509.GeneralName] = [each for each in names if isinstance(each, x509.DNSName)]
        permitted += [x509.IPAddress(ipaddress.ip_network(each)) for each in PRIVATE_NETWORKS]
        permitted += [
            x509.IPAddress(ipaddress.ip_network(each.value)) for each in names if isinstance(each, x509.IPAddress)
        ]
        certificate = (
            _builder(name, name, key.public_key(), now, CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.NameConstraints(permitted, None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        durable.mkdirs(folder)
        durable.write_new(folder / "ca.key", _key_pem(key))
        durable.write_new(folder / "ca.pem", certificate.public_bytes(serialization.Encoding.PEM), 0o644)
        return cls(folder, certificate, key)

    @classmethod
    def load(cls, folder: Path) -> Authority:
        """Raises FileNotFoundError, Malformed (not ours, or a key that others can read)."""
        key_file = folder / "ca.key"
        if key_file.stat().st_mode & 0o077:
            raise Malformed(f"{key_file}: a key that others can read; set its mode to 0600")
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Malformed(f"{key_file}: not a P-256 key")
        return cls(folder, x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()), key)

    def issue_client(self, csr_pem: bytes, dock: str, now: datetime) -> Issued:
        """A client certificate for `dock` and the key in the request; what else the request asks for is ignored.

        Raises Malformed: not a PEM request, not signed by its own key, or a key that is neither P-256 nor Ed25519.
        """
        if len(csr_pem) > MAX_CSR:
            raise Malformed(f"certificate request: {len(csr_pem)} bytes; at most {MAX_CSR} are read")
        try:
            request = x509.load_pem_x509_csr(csr_pem)
            good, public = request.is_signature_valid, request.public_key()
        except UnsupportedAlgorithm as error:  # SM2, for one
            raise Malformed("certificate request: the key is neither P-256 nor Ed25519") from error
        except (ValueError, InvalidSignature, TypeError, x509.InvalidVersion) as error:
            raise Malformed("certificate request: not a PKCS#10 request in PEM") from error
        if not good:
            raise Malformed("certificate request: not signed by the key in it")
        match public:
            case ed25519.Ed25519PublicKey():
                pass
            case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
                pass
            case _:
                raise Malformed("certificate request: the key is neither P-256 nor Ed25519")
        # "dock " keeps OpenSSL from taking a name with dots for a DNS name and holding the name constraints against it
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"dock {dock}"[:64])])
        names = [x509.UniformResourceIdentifier(f"urn:liuhen:dock:{dock}")]
        return self._leaf(subject, public, names, ExtendedKeyUsageOID.CLIENT_AUTH, now, CLIENT_DAYS)

    def server_files(self, server_names: Iterable[str], now: datetime) -> tuple[Path, Path]:
        """The server's certificate chain and key, made anew when a month is left or the names have changed."""
        names = [_general_name(each) for each in server_names]
        chain, key_file = self.folder / "server.pem", self.folder / "server.key"
        if not (chain.exists() and key_file.exists() and _still_good(chain, key_file, names, now)):
            key = ec.generate_private_key(ec.SECP256R1())
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Liuhen archive")])
            issued = self._leaf(subject, key.public_key(), names, ExtendedKeyUsageOID.SERVER_AUTH, now, SERVER_DAYS)
            durable.replace(key_file, _key_pem(key))
            durable.replace(chain, issued.pem + self.pem, 0o644)
        return chain, key_file

    def _leaf(
        self,
        subject: x509.Name,
        public: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey,
        names: Iterable[x509.GeneralName],
        purpose: x509.ObjectIdentifier,
        now: datetime,
        days: int,
    ) -> Issued:
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        certificate = (
            _builder(subject, self.certificate.subject, public, now, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Issued(
            certificate.public_bytes(serialization.Encoding.PEM),
            format(certificate.serial_number, "x"),
            hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest(),
            format_time(certificate.not_valid_after_utc),
        )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    begin = now.astimezone(UTC) - BACKDATE
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
    )


def _general_name(text: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _still_good(chain: Path, key_file: Path, names: list[x509.DNSName | x509.IPAddress], now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(chain.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        stated = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    pair = (
        key.public_key() == certificate.public_key()
    )  # a crash between the two files leaves an old chain beside a new key
    begun = certificate.not_valid_before_utc <= now  # else a clock that ran ahead made it
    return pair and begun and list(stated) == names and certificate.not_valid_after_utc - now > RENEW_SERVER_BEFORE


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
