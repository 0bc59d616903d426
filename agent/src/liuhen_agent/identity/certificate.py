"""The dock's TLS certificate: an ECDSA P-256 key, a signing request, and what an issued certificate must be to be taken.

The TLS key is not the signing key: certificates are renewed often and each renewal brings a new key, while the signing key is
bound into the log by `dock.enrolled` and changes only with a `key.rotated` entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from liuhen_agent.identity.code import EnrolmentFailed
from liuhen_files import durable


def load_or_create_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The P-256 key in `path`, created durably (mode 0600) when missing. Kept until its certificate is: a retry sends the same key."""
    if not path.exists():
        durable.mkdirs(path.parent)
        durable.write_new(path, key_pem(ec.generate_private_key(ec.SECP256R1())), mode=0o600)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise EnrolmentFailed("damaged-key", f"{path} is not a PEM key; remove it and try again ({error})") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise EnrolmentFailed("damaged-key", f"{path} is not an elliptic-curve key; remove it and try again")
    return key


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def signing_request(key: ec.EllipticCurvePrivateKey) -> str:
    """A CSR (PEM). The name in it is a placeholder: the archive alone decides a dock's name."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dock")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode("ascii")


@dataclass(frozen=True)
class Lifetime:
    """Both ends of a certificate's life, in UTC."""

    begins: datetime
    ends: datetime

    def renewal_due(self, now: datetime) -> bool:
        """From two thirds of the life on. A clock before the beginning is no reason to renew (a dock's clock may stand at 1970)."""
        return now >= self.begins + (self.ends - self.begins) * 2 / 3


def lifetime(certificate: x509.Certificate) -> Lifetime:
    return Lifetime(certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def read_certificate(client_pem: bytes) -> x509.Certificate:
    """The first certificate of a PEM file. Raises EnrolmentFailed("bad-certificate")."""
    try:
        return x509.load_pem_x509_certificates(client_pem)[0]
    except (ValueError, IndexError) as error:
        raise EnrolmentFailed("bad-certificate", f"no certificate in the file ({error})") from error


def check_issued(certificate_pem: str, authority_der: bytes, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """The issued certificate, when it is for our key and signed by the authority we know. Raises EnrolmentFailed("bad-certificate")."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode("ascii"))
        certificate.verify_directly_issued_by(x509.load_der_x509_certificate(authority_der))
    except (ValueError, TypeError, InvalidSignature) as error:
        raise EnrolmentFailed(
            "bad-certificate", f"the archive's certificate for this dock is not signed by its authority ({error!r})"
        ) from error
    if certificate.public_key() != key.public_key():
        raise EnrolmentFailed("bad-certificate", "the archive answered with a certificate for another key")
    return certificate
