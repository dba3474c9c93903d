"""broker.demo.certificates"""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from broker.clock import ManualClock
from broker.demo.certificates import LIFETIME, Certificates, local_certificates

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def _serial(found: Certificates) -> int:
    return x509.load_pem_x509_certificate(found.certificate.read_bytes()).serial_number


def test_the_certificate_is_for_this_machine_and_signed_by_the_authority(tmp_path: Path) -> None:
    found = local_certificates(tmp_path / "tls", ManualClock(NOW))
    authority = x509.load_pem_x509_certificate(found.authority.read_bytes())
    certificate = x509.load_pem_x509_certificate(found.certificate.read_bytes())
    certificate.verify_directly_issued_by(authority)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert {str(address) for address in names.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "::1"}


def test_openssl_accepts_the_pair_and_the_authority(tmp_path: Path) -> None:
    found = local_certificates(tmp_path, ManualClock(NOW))
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(found.certificate, found.key)
    trusting = ssl.create_default_context(cafile=str(found.authority))
    assert len(trusting.get_ca_certs()) == 1


def test_only_the_owner_can_read_the_files_and_the_authoritys_key_is_not_among_them(tmp_path: Path) -> None:
    local_certificates(tmp_path / "tls", ManualClock(NOW))
    files = sorted((tmp_path / "tls").iterdir())
    assert [file.name for file in files] == ["authority.pem", "localhost-key.pem", "localhost.pem"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_good_certificates_are_used_again(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    first = _serial(local_certificates(tmp_path, clock))
    clock.advance(LIFETIME - timedelta(days=8))
    assert _serial(local_certificates(tmp_path, clock)) == first


def test_certificates_near_their_end_are_made_anew(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    first = _serial(local_certificates(tmp_path, clock))
    clock.advance(LIFETIME - timedelta(days=6))
    assert _serial(local_certificates(tmp_path, clock)) != first


def test_a_damaged_or_foreign_file_is_replaced(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    found = local_certificates(tmp_path / "one", clock)
    other = local_certificates(tmp_path / "other", clock)
    first = _serial(found)
    found.key.write_bytes(other.key.read_bytes())
    second = _serial(local_certificates(tmp_path / "one", clock))
    assert second != first
    found.authority.write_text("nonsense")
    assert _serial(local_certificates(tmp_path / "one", clock)) not in (first, second)
