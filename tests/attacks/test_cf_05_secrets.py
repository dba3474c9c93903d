"""CF-05: a secret that stands in a file is found with its place, and shown nowhere: not by its own finding, nor by
another one, in words or in JSON.
"""

from __future__ import annotations

import base64
import json
import random
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from broker.cli import main
from broker.federation.leaks import find_leaks
from tests.support.configurations import ENVIRON, good_configuration

_RANDOM = random.Random(5)  # noqa: S311 - reproducible canaries, no secrets
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def letters(count: int) -> str:
    return "".join(_RANDOM.choices(_LETTERS, k=count))


BODY = base64.b64encode(_RANDOM.randbytes(96)).decode()
SECRETS = {
    "a private key": f"-----BEGIN PRIVATE KEY-----\n{BODY[:64]}\n{BODY[64:]}\n-----END PRIVATE KEY-----",
    "a signed token": f"eyJhbGciOiJSUzI1NiJ9.{letters(40)}.{letters(40)}",
    "a password in an address": f"https://broker:{letters(12)}@host.example/",
    "a client secret of Microsoft Entra": f"{letters(3)}8Q~{letters(34)}",
    "a key of Azure Storage": f"AccountKey={letters(60)}==",
    "a webhook secret": f"whsec_{letters(44)}",
    "a token of GitHub": f"ghp_{letters(36)}",
    "an access key of AWS": "AKIA" + letters(16).upper(),
    "a long random text": base64.urlsafe_b64encode(_RANDOM.randbytes(32)).decode().rstrip("="),
}
FILES = ("broker.yaml", "organizations/aegean-foods.yaml", "relying_parties/connect.yaml", "claim_rules/corporate.yaml")


def pieces(secret: str) -> list[str]:
    lines = [line for line in secret.splitlines() if not line.startswith("-----")]
    return [line[start : start + 10] for line in lines for start in range(0, max(len(line) - 10, 1), 5)]


def check(directory: Path, *arguments: str) -> str:
    return CliRunner().invoke(main, ["check", "--config", str(directory), *arguments], env=ENVIRON).output


@pytest.mark.parametrize("kind", SECRETS)
def test_cf_05_a_secret_is_found_wherever_it_stands_and_shown_nowhere(tmp_path: Path, kind: str) -> None:
    secret = SECRETS[kind]
    directory = good_configuration(tmp_path / "config")
    expected = []
    for name in FILES:
        file = directory / name
        text = file.read_text()
        # In a comment, as the value of a key that is refused as well, and in a block.
        added = f"# old: {secret}" if "\n" not in secret else textwrap.indent(secret, "# ")
        block = f"unheard_of: |\n{textwrap.indent(secret, '  ')}\n"
        file.write_text(f"{text}{added}\n{block}")
        start = text.count("\n") + 1
        expected += [(str(file), start), (str(file), start + added.count("\n") + 2)]
    said = json.loads(check(directory, "--json"))
    found = [(f["file"], f["line"]) for f in said["findings"] if f["code"] == "secret" and kind in f["sentence"]]
    assert sorted(found) == sorted(expected)
    for output in (check(directory), check(directory, "--json")):
        shown = [piece for piece in pieces(secret) if piece in output and piece not in "https://broker:@host.example/"]
        assert shown == []


@pytest.mark.parametrize(
    ("name", "written", "instead"),
    [
        ("organizations/aegean-foods.yaml", "guests: refuse", "guests: {}"),
        ("organizations/aegean-foods.yaml", "claim_rules: [corporate]", "claim_rules: [{}]"),
        ("organizations/aegean-foods.yaml", "\"claims.method == 'mfa'\"", "\"'{}' == upstream.{}\""),
        ("relying_parties/connect.yaml", "scopes: [openid,", "scopes: [openid, {},"),
        ("claim_rules/corporate.yaml", "claim_rules: corporate", "{}: corporate"),
        ("broker.yaml", "host: smtp.pobuca.example", "host: {}"),
    ],
)
def test_cf_05_what_is_refused_is_not_quoted_if_it_is_a_secret(
    tmp_path: Path, name: str, written: str, instead: str
) -> None:
    secret = SECRETS["a long random text"]
    directory = good_configuration(tmp_path / "config")
    text = (directory / name).read_text()
    assert written in text
    (directory / name).write_text(text.replace(written, instead.replace("{}", secret), 1))
    output = check(directory)
    assert "Not usable" in output
    assert [piece for piece in pieces(secret) if piece in output] == []


def test_cf_05_what_configuration_is_made_of_looks_like_no_secret() -> None:
    folder = Path(__file__).parents[2]
    files = [*folder.glob("config/**/*.yaml"), *folder.glob("docker/config/**/*.yaml")]
    files += [folder / "docs" / name for name in ("configuration.md", "federation.md", "architecture.md")]
    assert len(files) > 8
    assert [(file.name, leak.line, leak.kind) for file in files for leak in find_leaks(file.read_text())] == []
