"""What cannot change while the broker runs: its address, its listener, its stores and the key that seals them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from broker.federation.configuration import Configuration
from broker.federation.documents import Path as KeyPath
from broker.federation.findings import Finding

_FIXED: Final[tuple[KeyPath, ...]] = (
    ("public_url",),
    ("listen", "host"),
    ("listen", "port"),
    ("listen", "tls"),
    ("listen", "workers"),
    ("listen", "blocking_threads"),
    ("listen", "metrics"),
    ("stores", "state"),
    ("stores", "directory"),
    ("sealing_key",),
)
_SECRETS: Final[tuple[KeyPath, ...]] = (
    ("stores", "state", "password"),
    ("stores", "directory", "password"),
    ("sealing_key",),
)


def needs_restart(running: Configuration, found: Configuration) -> Iterator[Finding]:
    """A finding for each difference that takes effect only at a start."""
    for path in _FIXED:
        if _value(running, path) != _value(found, path):
            yield _finding(found, path, f"{_name(path)} needs a restart to change")
    if (running.broker.listen.behind_proxy is None) != (found.broker.listen.behind_proxy is None):
        yield _finding(found, ("listen", "behind_proxy"), "listen.behind_proxy needs a restart to come or go")
    for path in _SECRETS:
        reference = _value(found, path)
        same = reference == _value(running, path)  # Otherwise it was told above.
        if isinstance(reference, str) and same and _revealed(running, reference) != _revealed(found, reference):
            yield _finding(found, path, f"the secret of {_name(path)} needs a restart to change")


def waits_for_restart(running: Configuration, found: Configuration) -> str | None:
    """A sentence about what is good and takes effect later, while everything else does at once."""
    tls = found.broker.listen.tls
    if tls is None:
        return None
    files = [found.path(tls.certificate), found.path(tls.key)]
    if all(running.marks.get(file) == found.marks.get(file) for file in files):
        return None
    return "the new certificate of listen.tls is shown after a SIGHUP or a restart"


def _value(configuration: Configuration, path: KeyPath) -> object:
    value: object = configuration.broker
    for name in path:
        value = getattr(value, str(name), None)
    return value


def _revealed(configuration: Configuration, reference: str) -> str | None:
    secret = configuration.secrets.get(reference)  # None where only the files were read.
    return secret.reveal() if secret is not None else None


def _name(path: KeyPath) -> str:
    return ".".join(str(part) for part in path)


def _finding(configuration: Configuration, path: KeyPath, sentence: str) -> Finding:
    place = configuration.location("broker", "", path)
    return Finding(place.file, place.line, place.column, "restart", sentence)
