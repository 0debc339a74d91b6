"""What the client agrees to in TLS, shown against servers that offer less."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from agent.destinations.outcomes import classify_failure
from agent.destinations.transport import build_client, on_our_terms, trusted_by_the_system
from agent.model import Blocked
from tests.support.wire import SERVICE, Connection, serving

pytestmark = pytest.mark.filterwarnings("ignore:.*TLS:DeprecationWarning")

WEAKEST = "ALL:@SECLEVEL=0"
TLS10, TLS11, TLS12, TLS13 = (
    *(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1),
    *(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3),
)
GOOD = [
    *(("EC", "ECDHE-ECDSA-AES256-GCM-SHA384"), ("EC", "ECDHE-ECDSA-AES128-GCM-SHA256")),
    *(("RSA", "ECDHE-RSA-AES256-GCM-SHA384"), ("RSA", "ECDHE-RSA-AES128-GCM-SHA256")),
    *(("EC", "ECDHE-ECDSA-CHACHA20-POLY1305"), ("RSA", "ECDHE-RSA-CHACHA20-POLY1305")),
]
LESS = [
    ("EC", "ECDHE-ECDSA-AES256-SHA384", "block chaining"),
    ("EC", "ECDHE-ECDSA-AES128-SHA", "block chaining, SHA-1"),
    ("RSA", "ECDHE-RSA-AES256-SHA384", "block chaining"),
    ("RSA", "AES256-GCM-SHA384", "the certificate's key opens every recording"),
    ("RSA", "AES128-SHA", "all of these"),
    ("RSA", "ECDHE-RSA-NULL-SHA", "not encrypted"),
    ("RSA", "AECDH-AES256-SHA", "nobody's certificate"),
]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def offering(
    authority: trustme.CA, *, key: str = "EC", versions: tuple[ssl.TLSVersion, ssl.TLSVersion], ciphers: str = WEAKEST
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    kind = {"EC": trustme.KeyType.ECDSA, "RSA": trustme.KeyType.RSA}[key]
    authority.issue_cert("127.0.0.1", key_type=kind).configure_cert(context)
    context.set_ciphers(ciphers)
    context.minimum_version, context.maximum_version = versions
    return context


def ours(authority: trustme.CA) -> ssl.SSLContext:
    context = trusted_by_the_system()
    authority.configure_trust(context)
    return context


def spoken(context: ssl.SSLContext, client_side: ssl.SSLContext) -> str:
    """Return the suite that was agreed on with such a server. Raises what the client raises."""
    agreed = []

    def answer(connection: Connection) -> None:
        connection.read_headers()
        agreed.append(connection.socket.cipher()[0])
        connection.reply(200, b"{}")

    with serving(answer, context) as url, build_client(ssl_context=client_side) as client:
        client.get(url)
    return agreed[0]


def refusal(context: ssl.SSLContext, client_side: ssl.SSLContext) -> str:
    """Return how the client's refusal of such a server is told."""
    with pytest.raises(httpx.TransportError) as raised:
        spoken(context, client_side)
    outcome = classify_failure(raised.value, SERVICE)
    assert isinstance(outcome, Blocked)
    return outcome.problem.code


@pytest.mark.parametrize("version", [TLS10, TLS11])
@pytest.mark.parametrize("key", ["EC", "RSA"])
def test_older_than_tls_1_2_is_refused(authority: trustme.CA, version: ssl.TLSVersion, key: str) -> None:
    offered = offering(authority, key=key, versions=(version, version))
    assert refusal(offered, ours(authority)) == "no-secure-connection"


@pytest.mark.parametrize(("key", "suite", "why"), LESS)
def test_a_weaker_suite_is_refused(authority: trustme.CA, key: str, suite: str, why: str) -> None:
    offered = offering(authority, key=key, versions=(TLS12, TLS12), ciphers=f"{suite}:@SECLEVEL=0")
    assert refusal(offered, ours(authority)) == "no-secure-connection", why


@pytest.mark.parametrize(("key", "suite"), GOOD)
def test_every_suite_that_is_good_is_spoken(authority: trustme.CA, key: str, suite: str) -> None:
    offered = offering(authority, key=key, versions=(TLS12, TLS12), ciphers=suite)
    assert spoken(offered, ours(authority)) == suite


def test_the_newest_is_spoken_where_a_server_offers_everything(authority: trustme.CA) -> None:
    offered = offering(authority, versions=(TLS10, TLS13))
    assert spoken(offered, ours(authority)) in {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
    )
    (tmp_path / "cert.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(*form))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_ciphers(WEAKEST)
    server.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    client_side = trusted_by_the_system()
    client_side.load_verify_locations(tmp_path / "cert.pem")
    assert refusal(server, client_side) == "certificate-not-trusted"


def test_a_context_from_elsewhere_is_brought_to_the_same_terms(authority: trustme.CA) -> None:
    lax = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(lax)
    lax.set_ciphers(WEAKEST)
    lax.minimum_version, lax.maximum_version = TLS10, TLS11
    assert refusal(offering(authority, versions=(TLS10, TLS11)), lax) == "no-secure-connection"
    assert lax.minimum_version is TLS12
    assert {one["name"] for one in lax.get_ciphers()} == {one["name"] for one in trusted_by_the_system().get_ciphers()}


@pytest.mark.parametrize("without", ["names", "certificates"])
def test_verifying_cannot_be_turned_off(without: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if without == "certificates":
        context.verify_mode = ssl.CERT_NONE
    with pytest.raises(ValueError, match="always verified"):
        on_our_terms(context)
    with pytest.raises(ValueError, match="always verified"):
        build_client(ssl_context=context)
