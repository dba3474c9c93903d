"""SS-06: secrets in answers, logs, traces, files or the list of processes."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from broker.app import create_app
from broker.demo.entra.seed import CLIENT_SECRET
from broker.demo.stage import Stage
from broker.federation.load import load
from broker.store.state import StateStore
from tests.attacks.answers import ALWAYS_SECRET, NONCE, STATE
from tests.attacks.refusals import require_no_secret
from tests.attacks.test_do_16_framing import pages
from tests.support.configurations import SEALING_KEY
from tests.support.world import ENVIRON, World, answered

PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "k", "oth")
CANARIES = (*ENVIRON.values(), CLIENT_SECRET, SEALING_KEY, "PRIVATE KEY")


@dataclass
class _Recording:
    """Every answer that a browser got."""

    bodies: list[str] = field(default_factory=list)

    def of(self, browser: requests.Session) -> requests.Session:
        browser.hooks["response"].append(self._keep)
        return browser

    def _keep(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        self.bodies.append(answer.text + json.dumps(dict(answer.headers)))


def test_ss_06_a_whole_sign_in_shows_no_secret_of_ours_and_logs_none_of_anybodys(world: World) -> None:
    recording = _Recording()
    browser = recording.of(world.browser())
    url = world.to_upstream(browser, state=STATE, nonce=NONCE)
    upstream = world.at_upstream(browser, url)
    code = answered(upstream.deliver(browser))["code"]
    tokens = world.tokens(code)
    for path in ("/", "/co-workers", "/jwks", "/.well-known/openid-configuration", "/health/ready", "/nowhere"):
        world.go(browser, path)
    answers = (world.redeem(code), world.userinfo(tokens.access_token), world.userinfo("x"))
    for answer in (*answers, *pages(world).values()):
        recording.bodies.append(answer.text + json.dumps(dict(answer.headers)))
    assert len(recording.bodies) > 20
    for body in recording.bodies:
        for canary in CANARIES:
            assert canary not in body
    cookies = [str(cookie.value) for cookie in browser.cookies if cookie.value]
    sent = [code, tokens.access_token, tokens.id_token, *upstream.fields.values(), *cookies]
    sent += [str(token["claims"]["nonce"]) for token in world.control.get("tokens")["tokens"]]
    secrets = [text for text in sent if len(text) > 12 and "://" not in text]
    require_no_secret(world.log_text(), (*secrets, *ALWAYS_SECRET))
    require_no_secret(world.log_text(), CANARIES)


def test_ss_06_the_key_set_has_public_members_only(world: World) -> None:
    keys = world.go(world.browser(), "/jwks").json()["keys"]
    assert {key["alg"] for key in keys} == {"RS256", "ES256", "PS256", "EdDSA"}
    for key in keys:
        assert not set(PRIVATE_MEMBERS) & key.keys()
        assert key["use"] == "sig"


def test_ss_06_files_are_the_brokers_alone_and_hold_keys_sealed(world: World, tmp_path: Path) -> None:
    world.signed_in()
    files = sorted((tmp_path / "world").glob("*.sqlite*"))
    assert len(files) >= 4
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    stored = b"".join(path.read_bytes() for path in files)
    for key in world.around.directory.signing_keys():
        assert not set(PRIVATE_MEMBERS) & json.loads(key.public_jwk).keys()
        assert key.sealed.count(".") == 4  # A JWE: encrypted and authenticated.
    for canary in (b'"d":', b'"d": ', b"PRIVATE", SEALING_KEY.encode(), CLIENT_SECRET.encode()):
        assert canary not in stored


class _Broken:
    """A state store with a mistake in it, whose variables and message hold what it was asked for."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def get(self, kind: str, key: str) -> bytes | None:
        canary_of_the_variables = self._store.get(kind, key)
        said = f"canary-of-the-message {kind} {canary_of_the_variables!r}"
        raise RuntimeError(said) from KeyError("canary-of-the-cause")


@contextmanager
def _broken(world: World, folder: Path) -> Iterator[None]:
    configuration = load(folder / "config", environ=ENVIRON, clock=world.clock)
    around = replace(world.around, state=_Broken(world.around.state))
    world.foundation.broker.serve(create_app(configuration, around))
    yield
    world.foundation.broker.serve(create_app(configuration, world.around))


def test_ss_06_a_mistake_of_ours_is_logged_by_its_place_and_not_by_what_it_held(world: World, tmp_path: Path) -> None:
    browser, tokens = world.signed_in()
    attacks: tuple[Callable[[], requests.Response], ...] = (
        lambda: world.go(browser, "/"),
        lambda: world.go(browser, world.authorize_url(prompt="none", state=STATE)),
        lambda: world.userinfo(tokens.access_token),
        lambda: world.go(browser, "/sign-in/" + "h" * 43),
    )
    with _broken(world, tmp_path / "world"):
        for attack in attacks:
            answer = attack()
            assert answer.status_code == 400
            assert "canary" not in answer.text
            assert "Traceback" not in answer.text
            assert ".py" not in answer.text
    text = world.log_text()
    assert "canary" not in text
    assert tokens.claims["sid"] not in text
    told = world.events("unforeseen_error", "oauth_rejected")
    assert len(told) == len(attacks)
    assert all("RuntimeError" in json.dumps(line) and "test_ss_06" in json.dumps(line) for line in told[:1])
    require_no_secret(text, (tokens.access_token, *ALWAYS_SECRET))
    assert world.go(browser, "/").status_code == 200


@pytest.mark.served
def test_ss_06_a_served_broker_has_no_secret_in_arguments_logs_or_readable_files(served: Stage) -> None:
    secrets = {path.name: path.read_text() for path in (served.directory / "secrets").iterdir()}
    assert len(secrets) >= 3
    session = served.session()
    session.get(f"{served.broker_url}/sign-in", timeout=30)
    session.get(f"{served.broker_url}/jwks", timeout=30)
    for pid in served.broker.members():
        for part in ("cmdline", "environ"):
            text = Path(f"/proc/{pid}/{part}").read_bytes().decode(errors="replace")
            assert not [name for name, secret in secrets.items() if secret in text], part
    log = served.broker.log.read_text()
    assert not [name for name, secret in secrets.items() if secret in log]
    data = list((served.directory / "data").iterdir())
    assert data
    for path in (*data, *(served.directory / "secrets").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    for path in data:
        assert not [name for name, secret in secrets.items() if secret.encode() in path.read_bytes()], path
