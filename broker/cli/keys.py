"""``broker keys``: the sealing key, and the keys with which tokens are signed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from broker.cli.loading import config_option, load_or_leave, opened_records
from broker.clock import SystemClock
from broker.entropy import SystemEntropy
from broker.store.audit import Entry

if TYPE_CHECKING:
    from broker.federation.load import Configuration
    from broker.jose.key_ring import KeyRing
    from broker.store.directory import Directory, StoredKey

# RFC 7518 section 3.1 and RFC 8037; what relying parties may ask for by id_token_signed_response_alg.
_ALGORITHMS: Final = ("RS256", "ES256", "PS256", "EdDSA")


@click.group("keys")
def command() -> None:
    """Make, list and rotate the broker's keys."""


@command.command("sealing-key")
def sealing_key() -> None:
    """Print a fresh sealing key.

    It belongs into the secret that `sealing_key` in broker.yaml names, and a copy of it into a safe place: whoever has
    it and the directory has the signing keys, and without it they cannot be opened.
    """
    click.echo(SystemEntropy().token(32))


@command.command("list")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object and nothing else.")
def list_keys(directory: Path, as_json: bool) -> None:
    """List the signing keys, oldest first, and what each is doing now."""
    with opened_records(load_or_leave(directory)) as records:
        keys = records.directory.signing_keys()
    now = SystemClock().now()
    rows = [
        {
            "kid": key.kid,
            "alg": key.alg,
            "state": state,
            "created_at": _time(key.created_at),
            "signs_from": _time(key.activates_at),
            "published_until": _time(key.retires_at) if key.retires_at else None,
        }
        for key, state in ((key, _state(key, keys, now)) for key in keys)
    ]
    if as_json:
        click.echo(json.dumps({"keys": rows}, indent=2))
        return
    for row in rows:
        until = f", published until {row['published_until']}" if row["published_until"] else ""
        click.echo(f"{row['alg']:<6} {row['kid']}  {row['state']:<10} signs from {row['signs_from']}{until}")
    if not rows:
        click.echo("There are no keys yet; the first start of `broker serve` makes them.")


@command.command("rotate")
@config_option
@click.option(
    "--alg", "algorithms", type=click.Choice(_ALGORITHMS), multiple=True, help="Only this algorithm; may be repeated."
)
@click.option("--now", "emergency", is_flag=True, help="A key has leaked: withdraw the old ones at once.")
def rotate(directory: Path, algorithms: tuple[str, ...], emergency: bool) -> None:
    """Make a new signing key for each algorithm and see the old ones out.

    The new key is published now and signs after a day, when every application has seen it; the old one stays published
    until the last token that it signed is over. With --now the new key signs at once and what the old ones signed is
    believed no longer: applications may refuse sign-ins until they have fetched the new key set. Running processes
    follow within half a minute.
    """
    configuration = load_or_leave(directory)
    with opened_records(configuration) as records:
        store = records.directory
        ring = _key_ring(store, configuration)
        for algorithm in algorithms or _ALGORITHMS:
            kid = ring.rotate(algorithm, emergency=emergency)
            since = next(key.activates_at for key in store.signing_keys() if key.kid == kid)
            click.echo(f"{algorithm:<6} {kid}  signs from {_time(since)}")
            event = "signing_key_replaced" if emergency else "signing_key_rotated"
            detail = {"alg": algorithm, "kid": kid}
            records.audit.add(Entry(event, None, "operator", SystemClock().now(), detail=detail))


def _key_ring(store: Directory, configuration: Configuration) -> KeyRing:
    from broker.jose.key_ring import KeyRing
    from broker.jose.signing import KeyBroken

    try:
        return KeyRing.open(store, configuration.sealing_key(), SystemClock())
    except KeyBroken as error:
        raise click.ClickException(f"the signing keys cannot be opened with this sealing key: {error}") from error


def _state(key: StoredKey, keys: Sequence[StoredKey], now: datetime) -> str:
    if key.retires_at is not None and key.retires_at <= now:
        return "retired"
    if key.activates_at > now:
        return "announced"
    able = [other for other in keys if other.alg == key.alg and other.activates_at <= now]
    live = [other for other in able if other.retires_at is None or other.retires_at > now]
    latest = max(live, key=lambda other: (other.activates_at, other.kid))
    return "signing" if latest.kid == key.kid else "verifying"


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
