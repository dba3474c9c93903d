"""What files name: certificates that end, keys that do not belong to them, secrets that others may read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from broker.clock import ManualClock
from broker.federation.findings import Finding
from broker.federation.load import ConfigurationRejected, load
from tests.support import pem
from tests.support.configurations import ENVIRON, good_configuration

NOW = datetime(2026, 11, 21, 22, 26, 40, tzinfo=UTC)
YEAR = timedelta(days=365)
PROXY = '  behind_proxy:\n    trusted_addresses: [127.0.0.1, "10.20.0.0/16"]\n'
TLS = "  tls:\n    certificate: tls/c.pem\n    key: tls/k.pem\n"
SECRET = "    kind: client_secret\n    secret: env:ENTRA_CLIENT_SECRET\n    expires_on: \"2099-12-31\"\n"
CERTIFICATE = "    kind: certificate\n    certificate: entra/c.pem\n    key: file:entra/k.pem\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return good_configuration(tmp_path / "config")


def change(directory: Path, old: str, new: str) -> None:
    text = (directory / "broker.yaml").read_text()
    assert old in text
    (directory / "broker.yaml").write_text(text.replace(old, new))


def problems(directory: Path) -> list[tuple[int, int, str, str]]:
    """Line, column, severity and sentence of every finding, all of them in broker.yaml."""

    def of(findings: tuple[Finding, ...]) -> list[tuple[int, int, str, str]]:
        assert all(finding.file == str(directory / "broker.yaml") for finding in findings)
        return [(f.line, f.column, f.severity, f.sentence) for f in findings]

    try:
        return of(load(directory, environ=ENVIRON, clock=ManualClock(NOW)).warnings)
    except ConfigurationRejected as rejection:
        return of(rejection.findings)


@pytest.fixture
def with_tls(directory: Path) -> Callable[..., list[tuple[int, int, str, str]]]:
    """Gives the problems with a certificate and key of the broker's own TLS, which stand in lines 6 and 7."""

    def give(certificate: bytes, key: bytes, mode: int = 0o600) -> list[tuple[int, int, str, str]]:
        change(directory, PROXY, TLS)
        pem.write(directory / "tls/c.pem", certificate, 0o644)
        pem.write(directory / "tls/k.pem", key, mode)
        return problems(directory)

    return give


Given = Callable[..., list[tuple[int, int, str, str]]]


def test_a_certificate_in_force_with_its_key_is_right(with_tls: Given) -> None:
    key = pem.ec_key()
    assert with_tls(pem.certificate(key, NOW - YEAR, 2 * YEAR), pem.private_key(key)) == []


def test_a_certificate_near_its_end_is_a_warning(with_tls: Given) -> None:
    key = pem.ec_key()
    found = with_tls(pem.certificate(key, NOW - YEAR, YEAR + timedelta(days=20, hours=1)), pem.private_key(key))
    assert found == [(6, 18, "warning", "the certificate tls/c.pem ends in 20 days, on 2026-12-11")]


def test_sixty_days_are_no_warning_yet(with_tls: Given) -> None:
    key = pem.ec_key()
    assert with_tls(pem.certificate(key, NOW - YEAR, YEAR + timedelta(days=60)), pem.private_key(key)) == []


@pytest.mark.parametrize(
    ("start", "life", "sentence"),
    [
        (NOW - YEAR, YEAR - timedelta(days=1), "the certificate tls/c.pem ended on 2026-11-20"),
        (NOW + timedelta(hours=1), YEAR, "the certificate tls/c.pem is not valid before 2026-11-21 23:26 UTC"),
    ],
)
def test_a_certificate_out_of_force_stops_the_start(
    with_tls: Given, start: datetime, life: timedelta, sentence: str
) -> None:
    key = pem.ec_key()
    assert with_tls(pem.certificate(key, start, life), pem.private_key(key)) == [(6, 18, "error", sentence)]


def test_a_key_of_another_certificate_stops_the_start(with_tls: Given) -> None:
    found = with_tls(pem.certificate(pem.ec_key(), NOW, YEAR), pem.private_key(pem.ec_key()))
    assert found == [(7, 10, "error", "key: the private key file is not the key of the certificate")]


def test_a_key_under_a_passphrase_stops_the_start(with_tls: Given) -> None:
    key = pem.ec_key()
    found = with_tls(pem.certificate(key, NOW, YEAR), pem.private_key(key, b"passphrase"))
    assert [(line, "passphrase" in sentence) for line, _, _, sentence in found] == [(7, True)]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_key_that_others_may_read_stops_the_start(with_tls: Given, mode: int) -> None:
    key = pem.ec_key()
    found = with_tls(pem.certificate(key, NOW, YEAR), pem.private_key(key), mode)
    assert [(line, severity) for line, _, severity, _ in found] == [(7, "error")]
    assert f"mode {mode:04o}" in found[0][3]


def test_what_is_no_pem_is_told_for_both_files(with_tls: Given) -> None:
    found = with_tls(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"nothing")
    assert [(line, sentence) for line, _, _, sentence in found] == [
        (6, "the certificate tls/c.pem holds no certificate in PEM"),
        (7, "key: the private key file holds no private key in PEM"),
    ]


def test_a_certificate_for_another_host_is_a_warning(with_tls: Given) -> None:
    key = pem.ec_key()
    found = with_tls(pem.certificate(key, NOW, YEAR, "other.example"), pem.private_key(key))
    assert found == [(6, 18, "warning", "the certificate is not for login.pobuca.example, the host of public_url")]


def test_a_wildcard_certificate_is_for_one_level(with_tls: Given) -> None:
    key = pem.ec_key()
    assert with_tls(pem.certificate(key, NOW, YEAR, "*.pobuca.example"), pem.private_key(key)) == []


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def test_the_certificate_of_the_app_registration_is_right_with_its_rsa_key(
    directory: Path, rsa_key: rsa.RSAPrivateKey
) -> None:
    change(directory, SECRET, CERTIFICATE)
    pem.write(directory / "entra/c.pem", pem.certificate(rsa_key, NOW, YEAR))
    pem.write(directory / "entra/k.pem", pem.private_key(rsa_key))
    assert problems(directory) == []


def test_the_key_of_the_app_registration_must_be_rsa(directory: Path) -> None:
    change(directory, SECRET, CERTIFICATE)
    key = pem.ec_key()
    pem.write(directory / "entra/c.pem", pem.certificate(key, NOW, YEAR))
    pem.write(directory / "entra/k.pem", pem.private_key(key))
    assert [sentence for *_, sentence in problems(directory)] == [
        "key: the private key file is not an RSA key of at least 2048 bits"
    ]


def test_missing_files_are_told_where_they_are_named(directory: Path) -> None:
    change(directory, SECRET, CERTIFICATE)
    change(directory, "outbound:\n", "outbound:\n  ca_bundle: more.pem\n")
    lines = (directory / "broker.yaml").read_text().splitlines()
    assert [(lines[line - 1].strip(), sentence) for line, _, _, sentence in problems(directory)] == [
        ("certificate: entra/c.pem", "the file entra/c.pem does not exist"),
        ("key: file:entra/k.pem", "key: the secret file entra/k.pem cannot be read: no such file or directory"),
        ("ca_bundle: more.pem", "the file more.pem does not exist"),
    ]


def test_a_file_of_authorities_must_hold_one(directory: Path) -> None:
    change(directory, "outbound:\n", "outbound:\n  ca_bundle: more.pem\n")
    (directory / "more.pem").write_text("no certificate")
    assert [sentence for *_, sentence in problems(directory)] == ["more.pem holds no certificate in PEM"]


@pytest.mark.parametrize(
    ("path", "severity", "fragment"),
    [
        ("missing/state.sqlite", "warning", "the folder of missing/state.sqlite does not exist here"),
        ("organizations", "error", "is a folder and must be a file"),
    ],
)
def test_a_database_needs_a_folder(directory: Path, path: str, severity: str, fragment: str) -> None:
    text = (directory / "broker.yaml").read_text()
    start, end = text.index("    kind: redis"), text.index("  directory:")
    (directory / "broker.yaml").write_text(f"{text[:start]}    kind: sqlite\n    path: {path}\n{text[end:]}")
    found = problems(directory)
    assert [(line, word) for line, _, word, _ in found] == [(15, severity)]
    assert fragment in found[0][3]


def test_two_stores_in_one_file_are_refused(directory: Path) -> None:
    text = (directory / "broker.yaml").read_text()
    start, end = text.index("  state:"), text.index("sealing_key:")
    both = "  state: {kind: sqlite, path: x.sqlite}\n  directory: {kind: sqlite, path: x.sqlite}\n"
    (directory / "broker.yaml").write_text(text[:start] + both + text[end:])
    assert [sentence for *_, sentence in problems(directory)] == ["the two stores need a file each"]


def test_a_short_client_secret_is_a_warning_and_one_with_line_breaks_an_error(directory: Path) -> None:
    for value, severity in (("a" * 21, "warning"), ("line\nbreak" * 4, "error")):
        try:
            found = load(directory, environ={**ENVIRON, "CONNECT_CLIENT_SECRET": value}).warnings
        except ConfigurationRejected as rejection:
            found = rejection.findings
        assert [(f.file, f.line, f.severity) for f in found] == [
            (str(directory / "relying_parties/connect.yaml"), 6, severity)
        ]
