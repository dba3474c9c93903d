"""What files name and do not hold: secrets, certificates, keys, databases. Is it there, and is it what it should be?"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509

from broker.federation.certificates import (
    CertificateRefused,
    covers,
    days_left,
    parse_certificates,
    parse_private_key,
    require_in_force,
    require_match,
    require_rsa,
)
from broker.federation.documents import Path as KeyPath
from broker.federation.findings import printable
from broker.federation.items import Item
from broker.federation.marks import Mark, mark_of
from broker.federation.schema import ROOTS, Key, keys_of, kinds_of
from broker.federation.secrets import SecretUnresolved, read_private, resolve, sealing_key_bytes
from broker.federation.shapes import Section
from broker.federation.values import host_of
from broker.identity import Secret

# RFC 6749 section 10.10: guessed with a probability of 2^-128 at most, which takes 22 characters of base64url.
_SHORT_SECRET: Final = 22
_PLACEHOLDERS: Final = ("changeme", "change-me", "change_me", "secret", "password", "example", "todo", "xxx")
# RFC 6750 section 2.1, ``b64token``, of at least 192 bits.
_SCIM_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{32,512}=*", re.ASCII)
# Standard Webhooks 1.0.0, "Signature scheme".
_HOOK_SECRET_BYTES: Final = range(24, 65)
_MAX_PEM_BYTES: Final = 1024 * 1024


@dataclass(slots=True)
class References:
    """Resolves and examines what items name. ``used`` collects the paths that are named, ``marks`` the files among them
    that are read, each as it was before it was read.
    """

    directory: Path
    environ: Mapping[str, str]
    now: datetime
    secrets: dict[str, Secret] = field(default_factory=dict)
    used: set[Path] = field(default_factory=set)
    marks: dict[Path, Mark] = field(default_factory=dict)

    def examine(self, items: Sequence[Item]) -> None:
        """Adds what is found to the items."""
        for item in items:
            for path, reference in _secret_references(item):
                self._resolve(item, path, reference)
        for item in items:
            if item.kind == "broker":
                self._sealing_key(item)
                self._tls(item)
                self._client_certificate(item)
                self._certificate_authorities(item)
                self._databases(item)
                self._mail(item)

    def _resolve(self, item: Item, path: KeyPath, reference: str) -> None:
        scheme, _, rest = reference.partition(":")
        if scheme == "file":
            self._read_named(rest)
        try:
            secret = resolve(reference, self.directory, self.environ)
        except SecretUnresolved as failure:
            item.refuse(path, "secret", f"{path[-1]}: {failure}")
            return
        self.secrets[reference] = secret
        text = secret.reveal()
        if item.kind == "broker" and path[-1] in ("key", "sealing_key"):
            return
        if not text.isprintable() or text != text.strip():
            sentence = f"{path[-1]}: the secret has spaces or line breaks around it, or control characters"
            item.refuse(path, "secret", sentence)
        elif text.lower() in _PLACEHOLDERS:
            item.report(path, "secret", f"{path[-1]}: the secret is a placeholder that everybody knows")
        elif path == ("client_secret",) and len(text) < _SHORT_SECRET:
            sentence = f"{path[-1]}: the secret has fewer than {_SHORT_SECRET} characters and can be guessed"
            item.report(path, "secret", sentence, severity="warning")
        elif _is_of_webhook(path) and not _signs(text):
            sentence = "the secret is not whsec_ and 24 to 64 random bytes in base64 (openssl rand -base64 32)"
            item.report(path, "secret", f"{path[-1]}: {sentence}")
        elif path[0] == "scim" and not _SCIM_TOKEN.fullmatch(text):
            sentence = "the token is not 32 or more characters that a header can carry (openssl rand -base64 32)"
            item.report(path, "secret", f"{path[-1]}: {sentence}")

    def _sealing_key(self, item: Item) -> None:
        reference = item.get("sealing_key")
        if not isinstance(reference, str) or reference not in self.secrets:
            return
        try:
            sealing_key_bytes(self.secrets[reference])
        except SecretUnresolved as failure:
            item.report(("sealing_key",), "secret", str(failure))

    def _tls(self, item: Item) -> None:
        base = ("listen", "tls")
        chain = self._certificates(item, (*base, "certificate"))
        key_path = item.get(*base, "key")
        if isinstance(key_path, str):
            try:
                pem = read_private(key_path, self._read_named(key_path))
            except SecretUnresolved as failure:
                item.report((*base, "key"), "secret", str(failure))
            else:
                self._private_key(item, (*base, "key"), pem, chain)
        if chain and isinstance(url := item.get("public_url"), str) and not covers(chain[0], host_of(url)):
            sentence = f"the certificate is not for {host_of(url)}, the host of public_url"
            item.report((*base, "certificate"), "certificate", sentence, severity="warning")

    def _client_certificate(self, item: Item) -> None:
        base = ("entra", "credential")
        if item.get(*base, "kind") != "certificate":
            return
        chain = self._certificates(item, (*base, "certificate"))
        reference = item.get(*base, "key")
        if isinstance(reference, str) and reference in self.secrets:
            pem = self.secrets[reference].reveal().encode()
            self._private_key(item, (*base, "key"), pem, chain, rsa_only=True)

    def _certificate_authorities(self, item: Item) -> None:
        path = ("outbound", "ca_bundle")
        if (pem := self._read(item, path)) is None:
            return
        try:
            parse_certificates(pem)
        except CertificateRefused as refusal:
            item.report(path, "certificate", f"{printable(item.get(*path))} {refusal}")

    def _databases(self, item: Item) -> None:
        for store in ("state", "directory"):
            path = ("stores", store, "path")
            written = item.get(*path)
            if not isinstance(written, str):
                continue
            file = self._named(written)
            if file.is_dir():
                item.report(path, "file", f"{printable(written)} is a folder and must be a file")
            elif not file.parent.is_dir():
                sentence = f"the folder of {printable(written)} does not exist here; create it where the broker runs"
                item.report(path, "file", sentence, severity="warning")
        paths = [item.get("stores", store, "path") for store in ("state", "directory")]
        if isinstance(paths[0], str) and paths[0] == paths[1]:
            item.report(("stores", "directory", "path"), "conflict", "the two stores need a file each")

    def _mail(self, item: Item) -> None:
        path = ("mail", "path")
        written, database = item.get(*path), item.get("stores", "directory", "path")
        if isinstance(written, str):
            folder = self._named(written)
            if folder.exists() and not folder.is_dir():
                item.report(path, "file", f"{printable(written)} is a file and must be a folder")
            elif not folder.parent.is_dir():
                sentence = f"the folder above {printable(written)} does not exist here; create it where the broker runs"
                item.report(path, "file", sentence, severity="warning")
        elif item.get("mail") is None and isinstance(database, str):
            self._named(str(Path(database).parent / "mail"))

    def _certificates(self, item: Item, path: KeyPath) -> list[x509.Certificate]:
        pem = self._read(item, path)
        if pem is None:
            return []
        name = printable(item.get(*path))
        try:
            chain = parse_certificates(pem)
            require_in_force(chain[0], self.now)
        except CertificateRefused as refusal:
            item.report(path, "certificate", f"the certificate {name} {refusal}")
            return []
        if (days := days_left(chain[0], self.now)) is not None:
            end = f"{chain[0].not_valid_after_utc:%Y-%m-%d}"
            sentence = f"the certificate {name} ends in {days} days, on {end}"
            item.report(path, "certificate", sentence, severity="warning")
        return chain

    def _private_key(
        self, item: Item, path: KeyPath, pem: bytes, chain: Sequence[x509.Certificate], *, rsa_only: bool = False
    ) -> None:
        try:
            key = parse_private_key(pem)
            if rsa_only:
                require_rsa(key)
            if chain:
                require_match(chain[0], key)
        except CertificateRefused as refusal:
            item.report(path, "certificate", f"{path[-1]}: the private key file {refusal}")

    def _read(self, item: Item, path: KeyPath) -> bytes | None:
        written = item.get(*path)
        if not isinstance(written, str):
            return None
        file = self._read_named(written)
        try:
            if not file.is_file():
                item.report(path, "file", f"the file {printable(written)} does not exist")
                return None
            with file.open("rb") as stream:
                return stream.read(_MAX_PEM_BYTES)
        except OSError as error:
            reason = printable((error.strerror or "unknown reason").lower())
            item.report(path, "file", f"the file {printable(written)} cannot be read: {reason}")
            return None

    def _read_named(self, written: str) -> Path:
        path = self._named(written)
        self.marks.setdefault(path, mark_of(path))
        return path

    def _named(self, written: str) -> Path:
        path = self.directory / written
        self.used.add(path)
        return path


def _is_of_webhook(path: KeyPath) -> bool:
    return path[:2] == ("provisioning", "hooks") and path[-1] in ("secret", "previous_secret")


def _signs(secret: str) -> bool:
    try:
        return len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) in _HOOK_SECRET_BYTES
    except ValueError:
        return False


def _secret_references(item: Item) -> Iterator[tuple[KeyPath, str]]:
    """Every good secret reference of a file with its path."""
    yield from _in_section(item, ROOTS[item.kind], item.document.data, ())


def _in_section(item: Item, section: type[Section], data: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if not isinstance(data, dict):
        return
    for key in keys_of(section).values():
        inner, value = (*path, key.name), data.get(key.name)
        if key.secret:
            named = value if isinstance(value, dict) else {}
            places = [inner, *((*inner, name) for name in named)]
            yield from ((where, found) for where in places if isinstance(found := item.get(*where), str))
        for where, entry in _entries(key, value, inner):
            for section_there in _chosen(key, entry):
                yield from _in_section(item, section_there, entry, where)


def _entries(key: Key, value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    match value:
        case dict() if key.container == "mapping":
            yield from (((*path, name), entry) for name, entry in value.items())
        case list() if key.container == "list":
            yield from (((*path, index), entry) for index, entry in enumerate(value))
        case dict() if not key.container:
            yield path, value


def _chosen(key: Key, value: Any) -> tuple[type[Section], ...]:
    if len(key.sections) < 2:
        return key.sections
    kind, kinds = value.get("kind") if isinstance(value, dict) else None, kinds_of(key)
    return (kinds[kind],) if isinstance(kind, str) and kind in kinds else ()
