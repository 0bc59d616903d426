"""Who may write: a code works once, a key is proven and serves one dock, an end is an end, and the log says so."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.moment import format_time
from liuhen_protocol.signer import Ed25519Signer
from liuhen_server.operations.opening import Archive, found, opened
from liuhen_server.operations.verify import verify_archive
from liuhen_server.registry import docks
from liuhen_server.registry.enrolment import PROOF_PREFIX, AttemptLimit, Enrolled, EnrolmentRequest
from support.archive import Dock, append, config_for


@dataclass
class Clock:
    moment: datetime = datetime(2026, 11, 22, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def archive(tmp_path: Path, database_url: str, clock: Clock) -> AsyncIterator[Archive]:
    config = config_for(tmp_path / "archive", database_url)
    await found(config, clock)
    async with opened(config, clock) as opened_archive:
        yield opened_archive


TLS_KEY = ec.generate_private_key(ec.SECP256R1())


def request_for(code: str, signer: Ed25519Signer, key: object = TLS_KEY) -> EnrolmentRequest:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    csr = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)  # type: ignore[arg-type]
    return EnrolmentRequest(code, csr, signer.public, signer.sign(PROOF_PREFIX + code.encode() + b"\n" + csr))


async def code_for(archive: Archive, dock: str = "dock-03") -> str:
    async with archive.database.write() as conn:
        return await archive.registry.new_code(conn, dock, "市监局")


async def enroll(archive: Archive, request: EnrolmentRequest) -> Enrolled:
    async with archive.database.write() as conn:
        return await archive.registry.enroll(conn, request)


async def dock_of(archive: Archive, certificate: bytes) -> docks.Dock:
    der = x509.load_pem_x509_certificate(certificate).public_bytes(serialization.Encoding.DER)
    async with archive.database.read() as conn:
        return await docks.by_certificate(conn, der, format_time(archive.chain.now()))


async def refused(archive: Archive, request: EnrolmentRequest) -> str:
    with pytest.raises(Refused) as caught:
        await enroll(archive, request)
    return caught.value.code


KEY = Ed25519Signer.from_seed(b"k" * 32)
NEW_KEY = Ed25519Signer.from_seed(b"n" * 32)


async def test_an_enrolled_dock_speaks_with_its_certificate_and_the_log_names_its_key(archive: Archive) -> None:
    code = await code_for(archive)
    enrolled = await enroll(archive, request_for(code, KEY))
    assert code.partition(".")[2] == archive.authority.fingerprint[:32], "the dock checks the CA before it speaks"
    assert enrolled.response().keys() == {
        "dock", "agency", "certificate", "ca", "log_key", "archive_key", "policy", "head"
    }  # fmt: skip
    assert enrolled.head is None
    dock = await dock_of(archive, enrolled.certificate)
    assert (dock.name, dock.agency, dock.public_key) == ("dock-03", "市监局", KEY.public)
    await append(archive, Dock("dock-03", KEY).heads(2))
    assert (await verify_archive(archive)).holds


async def test_a_code_works_for_one_key_only(archive: Archive) -> None:
    code = await code_for(archive)
    first = await enroll(archive, request_for(code, KEY))
    assert await refused(archive, request_for(code, NEW_KEY)) == "code-used"
    again = await enroll(archive, request_for(code, KEY))  # the first answer may have been lost
    assert again.certificate != first.certificate
    assert (await dock_of(archive, again.certificate)).enrolled_index == 1, "and says nothing new"


async def test_a_code_ends_after_a_day(archive: Archive, clock: Clock) -> None:
    code = await code_for(archive)
    clock.moment += timedelta(hours=24, seconds=1)
    assert await refused(archive, request_for(code, KEY)) == "code-expired"


async def test_a_guessed_code_is_refused_and_guessing_ends(archive: Archive, clock: Clock) -> None:
    assert await refused(archive, request_for("ab" * 20 + ".00", KEY)) == "bad-code"
    limit = AttemptLimit(failures=3)
    for _ in range(3):
        limit.check("10.0.0.9", clock())
        limit.failed("10.0.0.9", clock())
    with pytest.raises(Refused, match="too-many-attempts"):
        limit.check("10.0.0.9", clock())
    limit.check("10.0.0.8", clock())
    clock.moment += timedelta(minutes=11)
    limit.check("10.0.0.9", clock())


async def test_a_key_that_the_dock_does_not_hold_is_refused(archive: Archive) -> None:
    good = request_for(await code_for(archive), KEY)
    stolen = EnrolmentRequest(good.code, good.csr, NEW_KEY.public, good.proof)
    assert await refused(archive, stolen) == "bad-proof"


async def test_one_key_serves_one_dock(archive: Archive) -> None:
    await enroll(archive, request_for(await code_for(archive), KEY))
    assert await refused(archive, request_for(await code_for(archive, "dock-04"), KEY)) == "key-in-use"


async def test_only_the_key_types_of_the_design_get_a_certificate(archive: Archive) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(Malformed, match="neither P-256 nor Ed25519"):
        await enroll(archive, request_for(await code_for(archive), KEY, weak))
    with pytest.raises(Malformed, match="not a PKCS"):
        good = request_for(await code_for(archive), KEY)
        csr = b"-----BEGIN NONSENSE-----"
        proof = KEY.sign(PROOF_PREFIX + good.code.encode() + b"\n" + csr)
        await enroll(archive, EnrolmentRequest(good.code, csr, KEY.public, proof))


@pytest.mark.parametrize("name", ["archive", "../x", "dock 3", "", "采集站", "a" * 64])
async def test_a_name_no_source_can_have_gets_no_code(archive: Archive, name: str) -> None:
    with pytest.raises(Malformed):
        await code_for(archive, name)


async def test_a_dock_that_lost_its_card_continues_its_chain_with_a_new_key(archive: Archive) -> None:
    old = await enroll(archive, request_for(await code_for(archive), KEY))
    dock = Dock("dock-03", KEY)
    await append(archive, dock.heads(3))
    new = await enroll(archive, request_for(await code_for(archive), NEW_KEY))
    assert new.head == dock.head
    dock.signer = NEW_KEY
    await append(archive, dock.heads(2))
    assert (await verify_archive(archive)).holds, "key.rotated and dock.enrolled explain the change"
    with pytest.raises(Refused, match="key-ended"):
        await dock_of(archive, old.certificate)
    assert await refused(archive, request_for(await code_for(archive), KEY)) == "key-ended"


async def test_a_revoked_dock_is_refused_at_its_next_request(archive: Archive) -> None:
    enrolled = await enroll(archive, request_for(await code_for(archive), KEY))
    async with archive.database.write() as conn:
        await archive.registry.revoke(conn, "dock-03", "stolen")
    with pytest.raises(Refused, match="revoked"):
        await dock_of(archive, enrolled.certificate)
    assert await refused(archive, request_for(await code_for(archive), KEY)) == "key-ended"
    back = await enroll(archive, request_for(await code_for(archive), NEW_KEY))
    assert (await dock_of(archive, back.certificate)).state == docks.ENROLLED
    assert (await verify_archive(archive)).holds


async def test_a_certificate_ends_and_is_renewed_before(archive: Archive, clock: Clock) -> None:
    enrolled = await enroll(archive, request_for(await code_for(archive), KEY))
    clock.moment += timedelta(days=80)
    dock = await dock_of(archive, enrolled.certificate)
    async with archive.database.write() as conn:
        renewed = await archive.registry.renew(conn, dock, request_for("", KEY).csr)
    clock.moment += timedelta(days=11)
    with pytest.raises(Refused, match="certificate-expired"):
        await dock_of(archive, enrolled.certificate)
    assert (await dock_of(archive, renewed.pem)).name == "dock-03"


async def test_a_certificate_of_another_authority_is_unknown(archive: Archive, tmp_path: Path, clock: Clock) -> None:
    from liuhen_server.registry.authority import Authority

    await enroll(archive, request_for(await code_for(archive), KEY))
    other = Authority.create(tmp_path / "other", "other.example/log", ["localhost"], clock())
    forged = other.issue_client(request_for("", KEY).csr, "dock-03", clock())
    with pytest.raises(Refused, match="unknown-certificate"):
        await dock_of(archive, forged.pem)


def test_openssl_accepts_what_the_authority_issues_and_nothing_outside_its_constraints(tmp_path: Path) -> None:
    from liuhen_server.registry.authority import Authority

    now = datetime.now(UTC)
    authority = Authority.create(tmp_path / "ca", "archive.example/log", ["archive.county.example", "10.1.2.3"], now)
    assert (tmp_path / "ca" / "ca.key").stat().st_mode & 0o777 == 0o600
    client = tmp_path / "client.pem"
    client.write_bytes(authority.issue_client(request_for("", KEY).csr, "dock.03", now).pem)
    chain, key = authority.server_files(["archive.county.example", "10.1.2.3", "localhost"], now)
    assert key.stat().st_mode & 0o777 == 0o600

    def verdict(path: Path, purpose: str) -> int:
        command = ["openssl", "verify", "-CAfile", str(tmp_path / "ca" / "ca.pem"), "-purpose", purpose, str(path)]
        return subprocess.run(command, capture_output=True).returncode

    assert verdict(client, "sslclient") == 0
    assert verdict(chain, "sslserver") != 0, "localhost was not among the names it was made for"
    chain, key = authority.server_files(["archive.county.example", "10.1.2.3"], now)
    assert verdict(chain, "sslserver") == 0
    assert verdict(client, "sslserver") != 0
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key)
    before = chain.read_bytes()
    authority.server_files(["archive.county.example", "10.1.2.3"], now + timedelta(days=30))
    assert chain.read_bytes() == before
    authority.server_files(["archive.county.example", "10.1.2.3"], now + timedelta(days=70))
    assert chain.read_bytes() != before, "renewed when a month is left"
    bank = tmp_path / "bank.pem"
    bank.write_bytes(authority.server_files(["bank.example"], now)[0].read_bytes())
    assert verdict(bank, "sslserver") != 0


async def test_revoking_a_dock_ends_the_codes_that_were_given_out_for_it(archive: Archive) -> None:
    await enroll(archive, request_for(await code_for(archive), Ed25519Signer.from_seed(b"1" * 32)))
    overheard = await code_for(archive)
    async with archive.database.write() as conn:
        await archive.registry.revoke(conn, "dock-03", "stolen")
    with pytest.raises(Refused) as refused:
        await enroll(archive, request_for(overheard, Ed25519Signer.from_seed(b"2" * 32)))
    assert refused.value.code == "code-expired"
    await enroll(archive, request_for(await code_for(archive), Ed25519Signer.from_seed(b"3" * 32)))


def test_a_server_certificate_made_by_a_clock_that_ran_ahead_is_made_anew(tmp_path: Path) -> None:
    from liuhen_server.registry.authority import Authority

    now = datetime(2026, 11, 22, tzinfo=UTC)
    authority = Authority.create(tmp_path / "ca", "archive.example/log", ["localhost"], now)
    authority.server_files(["localhost"], now + timedelta(days=2000))
    chain, _ = authority.server_files(["localhost"], now)
    assert x509.load_pem_x509_certificate(chain.read_bytes()).not_valid_before_utc <= now


@pytest.mark.parametrize("curve", ["sm2", "secp112r1"])
def test_a_request_with_a_key_that_the_library_does_not_know_is_malformed(tmp_path: Path, curve: str) -> None:
    from liuhen_server.registry.authority import Authority

    now = datetime(2026, 11, 22, tzinfo=UTC)
    made = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-nodes"]
    made += ["-keyout", str(tmp_path / "key"), "-subj", "/CN=dock"]
    csr = subprocess.run(made, capture_output=True, check=True).stdout
    authority = Authority.create(tmp_path / "ca", "archive.example/log", ["localhost"], now)
    with pytest.raises(Malformed, match="neither P-256 nor Ed25519"):
        authority.issue_client(csr, "dock-03", now)
