"""From the name of a secret to its value, and never the other way."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from broker.federation.secrets import SecretUnresolved, resolve, sealing_key_bytes
from broker.identity import Secret
from tests.support.configurations import SEALING_KEY
from tests.support.pem import write


def test_an_environment_variable_gives_its_value(tmp_path: Path) -> None:
    assert resolve("env:NAME", tmp_path, {"NAME": "canary"}).reveal() == "canary"


@pytest.mark.parametrize(
    ("content", "value"), [(b"canary", "canary"), (b"canary\n", "canary"), (b"canary\r\n", "canary"), (b"c\n\n", "c\n")]
)
def test_a_file_gives_its_content_without_one_line_break(tmp_path: Path, content: bytes, value: str) -> None:
    write(tmp_path / "secrets/one", content)
    assert resolve("file:secrets/one", tmp_path, {}).reveal() == value
    assert resolve(f"file:{tmp_path}/secrets/one", Path("/nowhere"), {}).reveal() == value


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_the_owner_alone_is_read(tmp_path: Path, mode: int) -> None:
    write(tmp_path / "one", b"canary", mode)
    assert resolve("file:one", tmp_path, {}).reveal() == "canary"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o601])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    write(tmp_path / "one", b"canary", mode)
    with pytest.raises(SecretUnresolved, match=f"mode {mode:04o}.*chmod 0600") as refusal:
        resolve("file:one", tmp_path, {})
    assert "canary" not in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"\n"])
def test_an_empty_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "one", content)
    with pytest.raises(SecretUnresolved, match="is empty"):
        resolve("file:one", tmp_path, {})
    with pytest.raises(SecretUnresolved, match="is empty"):
        resolve("env:NAME", tmp_path, {"NAME": ""})


def test_what_is_no_file_or_too_large_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    write(tmp_path / "large", b"x" * 70_000)
    write(tmp_path / "binary", b"\xff\xfe\xfd")
    for name, fragment in (("folder", "regular file"), ("large", "64 KiB"), ("binary", "not text"), ("no", "no such")):
        with pytest.raises(SecretUnresolved, match=fragment):
            resolve(f"file:{name}", tmp_path, {})


def test_a_missing_variable_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(SecretUnresolved, match="BROKR_SECRET is not set, did you mean BROKER_SECRET") as refusal:
        resolve("env:BROKR_SECRET", tmp_path, {"BROKER_SECRET": "canary"})
    assert "canary" not in str(refusal.value)


@pytest.mark.parametrize("text", [SEALING_KEY, SEALING_KEY + "=", SEALING_KEY + "\n"])
def test_a_sealing_key_is_32_bytes_in_base64url(text: str) -> None:
    assert sealing_key_bytes(Secret(text)) == base64.urlsafe_b64decode(SEALING_KEY + "=")


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        (SEALING_KEY[:-3], "has 30 bytes"),
        (SEALING_KEY + "A", "has 33 bytes"),
        ("x", "not base64url"),
        (SEALING_KEY[:-1] + "/", "not base64url"),
        ("A" * 43, "not random"),
        ("", "has 0 bytes"),
    ],
)
def test_anything_else_is_no_sealing_key_and_is_not_shown(text: str, fragment: str) -> None:
    with pytest.raises(SecretUnresolved, match=fragment) as refusal:
        sealing_key_bytes(Secret(text))
    assert SEALING_KEY[:-3] not in str(refusal.value)
