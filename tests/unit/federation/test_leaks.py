"""What looks like a secret is found, what does not is left alone, and no sentence keeps a piece of one."""

from __future__ import annotations

import base64
import random

import pytest

from broker.federation.findings import Finding
from broker.federation.leaks import find_leaks, findings_of, without

RANDOM = random.Random(7)  # noqa: S311 - reproducible canaries, no secrets


def test_random_texts_of_every_usual_alphabet_are_found() -> None:
    for _ in range(200):
        raw = RANDOM.randbytes(32)
        encoded = (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode())
        for text in (raw.hex(), raw.hex().upper(), *encoded):
            found = find_leaks(f"key: value\nother: {text}  # a comment\n")
            assert [(leak.line, leak.column) for leak in found] == [(2, 8)], text


@pytest.mark.parametrize(
    "text",
    [
        "tenant_id: 5b5e363c-6ca9-4f41-8070-9565fe497145",
        "TENANT: 5B5E363C-6CA9-4F41-8070-9565FE497145",
        "secret: env:A_VERY_LONG_NAME_OF_A_VARIABLE_WITH_2_DIGITS_31",
        "key: file:/var/lib/pobuca-broker/secrets/entra-client-key-2027.pem",
        "url: https://login.microsoftonline.com/5b5e363c-6ca9-4f41-8070-9565fe497145/v2.0",
        "url: https://user@host.example/path:with@odd/things",
        "url: postgresql://broker@db.internal:5432/broker",
        "that: claims.extensionAttributeOnPremisesNumber15.startsWith('x')",
        "value: lookup_all('application-roles-of-the-organisation', identity.groups)",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: '00000000000000000000000000000000000000'",
        "# -----BEGIN CERTIFICATE----- and so on",
        "name: eyJ is how a token begins",
    ],
)
def test_names_addresses_and_identifiers_are_no_secrets(text: str) -> None:
    assert find_leaks(text) == []


def test_a_private_key_is_one_finding_however_many_lines_it_has() -> None:
    body = base64.b64encode(RANDOM.randbytes(192)).decode()
    lines = "\n".join(f"  {body[start : start + 64]}" for start in range(0, len(body), 64))
    text = f"a: |\n  -----BEGIN RSA PRIVATE KEY-----\n{lines}\n  -----END RSA PRIVATE KEY-----\nb: c\n"
    (leak,) = find_leaks(text)
    assert (leak.line, leak.column, leak.kind, len(leak.texts)) == (2, 3, "a private key", 4)
    (unfinished,) = find_leaks(text.partition("  -----END")[0])
    assert len(unfinished.texts) == 4


def test_a_line_that_is_told_already_where_secrets_belong_is_not_told_again() -> None:
    text = f"a: b\nclient_secret: {RANDOM.randbytes(32).hex()}\n"
    leaks = find_leaks(text)
    told = [Finding("f.yaml", 2, 16, "secret", "must name a secret")]
    assert list(findings_of("f.yaml", leaks, told)) == []
    assert [finding.line for finding in findings_of("f.yaml", leaks, [])] == [2]
    assert [finding.line for finding in findings_of("g.yaml", leaks, told)] == [2]


def test_every_piece_is_taken_out_of_a_sentence_cut_or_not() -> None:
    secret = RANDOM.randbytes(32).hex()
    leaks = find_leaks(f"a: {secret}")
    sentence = f"found '{secret[:20]}…', and '{secret}' again"
    cleaned = without(Finding("f.yaml", 1, 1, "value", sentence), leaks)
    assert cleaned.sentence == "found '……', and '…' again"
    plain = Finding("f.yaml", 1, 1, "value", "nothing")
    assert without(plain, leaks) is plain
