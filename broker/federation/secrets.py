"""From the name of a secret to its value: ``env:NAME`` or ``file:PATH`` (threats CF-05).

Sentences name the secret and never show it.
"""

from __future__ import annotations

import base64
import binascii
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from broker.federation.findings import did_you_mean, printable
from broker.identity import Secret

# A private key of 16,384 bits in PEM has 13 KB; what is larger is the wrong file.
_MAX_BYTES: Final = 64 * 1024

SEALING_KEY_BYTES: Final = 32  # A256GCM (RFC 7518 section 5.1)


class SecretUnresolved(Exception):
    """The secret cannot be had; the message is a sentence for an administrator."""


def resolve(reference: str, directory: Path, environ: Mapping[str, str]) -> Secret:
    """The secret of a valid reference; one newline at the end of a file is not part of it.

    A relative path starts at ``directory``. A file that others than its owner may read is refused.
    """
    scheme, _, rest = reference.partition(":")
    value = _from_environment(rest, environ) if scheme == "env" else _from_file(rest, directory / rest)
    if not value:
        raise SecretUnresolved(f"the secret {printable(reference)} is empty")
    return Secret(value)


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        raise SecretUnresolved(f"the environment variable {printable(name)} is not set{did_you_mean(name, environ)}")
    return environ[name]


def _from_file(written: str, path: Path) -> str:
    content = read_private(written, path)
    try:
        return content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise SecretUnresolved(f"the secret file {printable(written)} is not text") from error


def read_private(written: str, path: Path) -> bytes:
    """The content of a file that only its owner may read; ``written`` is how the configuration names it."""
    name = printable(written)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise SecretUnresolved(f"the secret file {name} is not a regular file")
        if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            mode = stat.S_IMODE(status.st_mode)
            raise SecretUnresolved(f"the secret file {name} has mode {mode:04o}: others may use it; chmod 0600 it")
        if status.st_size > _MAX_BYTES:
            raise SecretUnresolved(f"the secret file {name} is larger than 64 KiB")
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "not readable").lower()
        raise SecretUnresolved(f"the secret file {name} cannot be read: {reason}") from error


def sealing_key_bytes(secret: Secret) -> bytes:
    """The 32 bytes of a sealing key written in base64url; raises ``SecretUnresolved`` for anything else."""
    text = secret.reveal().strip().rstrip("=")
    try:
        if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
            raise SecretUnresolved("the sealing key is not base64url; make one with: broker keys sealing-key")
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise SecretUnresolved("the sealing key is not base64url; make one with: broker keys sealing-key") from error
    if len(raw) != SEALING_KEY_BYTES:
        raise SecretUnresolved(
            f"the sealing key has {len(raw)} bytes and needs 32; make one with: broker keys sealing-key"
        )
    if len(set(raw)) < 8:  # C(256, 7) (7/256)^32: once in 10^37 times
        raise SecretUnresolved("the sealing key is not random; make one with: broker keys sealing-key")
    return raw
