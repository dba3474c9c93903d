"""The main road on both pairs of stores with two worker processes, and what is left when processes are killed."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
import requests

from broker.demo.stage import Stage, StageOptions
from tests.servers import PostgresqlServer, RedisServer, postgres_server, redis_server
from tests.support.person import ELENI, go_through
from tests.support.workers import started_workers, workers
from tests.support.world import VERIFIER, challenge

pytestmark = pytest.mark.served

WORKERS: Final = 2
_CLIENT: Final = "crash-test"
_SECRET: Final = "the-secret-of-the-crash-test"
_REDIRECT: Final = "https://crash.pobuca.example/callback"
_PATIENCE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Served:
    """A stage and, for the big pair, its store servers."""

    stage: Stage
    stores: tuple[RedisServer | PostgresqlServer, ...] = ()

    # -- a bare application, which can stop between any two steps -----------------------------------------------

    @property
    def authorize_url(self) -> str:
        return f"{self.stage.broker_url}/authorize?" + urlencode(
            {
                "response_type": "code",
                "client_id": _CLIENT,
                "redirect_uri": _REDIRECT,
                "scope": "openid email",
                "state": "st-1",
                "nonce": "n-1",
                "code_challenge": challenge(),
                "code_challenge_method": "S256",
            }
        )

    def redeem(self, location: str) -> requests.Response:
        """The token request for the code that this address brings."""
        form = {
            "grant_type": "authorization_code",
            "code": dict(parse_qsl(urlsplit(location).query))["code"],
            "redirect_uri": _REDIRECT,
            "code_verifier": VERIFIER,
        }
        return self.stage.session().post(f"{self.stage.broker_url}/token", data=form, auth=(_CLIENT, _SECRET))

    def userinfo(self, tokens: requests.Response) -> Any:
        """What the access token of a token response shows."""
        headers = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
        return self.stage.session().get(f"{self.stage.broker_url}/userinfo", headers=headers).json()

    # -- processes -------------------------------------------------------------------------------------------

    def workers(self) -> set[int]:
        """The process ids of the broker's workers."""
        return workers(self.stage)

    def kill_broker(self) -> None:
        """Ends every process of the broker as a power cut would, and starts it again."""
        self.stage.broker.kill()
        self.stage.restart(self.stage.broker)


@pytest.fixture(scope="module", params=["sqlite", "redis and postgresql"])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    party = {
        "client_id": _CLIENT,
        "display_name": "Crash test",
        "redirect_uris": [_REDIRECT],
        "client_secret": "file:../secrets/crash-test",
        "scopes": ["openid", "email"],
    }
    settings: dict[str, Any] = {"relying_parties": (party,), "secret_files": {"crash-test": _SECRET}}
    with ExitStack() as exits:
        stores: tuple[RedisServer | PostgresqlServer, ...] = ()
        if request.param != "sqlite":
            redis = exits.enter_context(redis_server(durable=True))
            postgres = exits.enter_context(postgres_server())
            stores = (redis, postgres)
            settings["state_store"] = {"kind": "redis", "url": redis.url}
            settings["directory_store"] = {"kind": "postgresql", "url": postgres.url}
        folder = exits.enter_context(tempfile.TemporaryDirectory())
        options = StageOptions(directory=Path(folder), workers=WORKERS, **settings)
        yield Served(exits.enter_context(Stage(options)), stores)


def _facts(served: Served, browser: requests.Session) -> Any:
    return browser.get(f"{served.stage.application_url}/signed-in.json").json()


def test_a_person_signs_in_to_the_application_and_again_silently(served: Served) -> None:
    stage, browser = served.stage, served.stage.session()
    start = browser.get(f"{stage.application_url}/sign-in", allow_redirects=False).headers["Location"]
    assert browser.get(go_through(stage, browser, start)).url == f"{stage.application_url}/"
    first = _facts(served, browser)
    assert first["userinfo"]["email"] == ELENI
    again = browser.get(f"{stage.application_url}/sign-in")
    assert [urlsplit(hop.url).path for hop in again.history] == ["/sign-in", "/authorize", "/callback"]
    second = _facts(served, browser)["id_token_claims"]
    assert second["sub"] == first["id_token_claims"]["sub"]
    assert second["auth_time"] == first["id_token_claims"]["auth_time"]
    assert second["nonce"] != first["id_token_claims"]["nonce"]


def test_first_sign_ins_of_one_person_side_by_side_make_one_account(served: Served) -> None:
    person = "giorgos.papadopoulos@aegeanfoods.example"
    before = len(served.stage.broker_log())

    def sign_in(_: int) -> str:
        tokens = served.redeem(go_through(served.stage, served.stage.session(), served.authorize_url, person))
        return str(served.userinfo(tokens)["sub"])

    with ThreadPoolExecutor(12) as pool:
        subjects = set(pool.map(sign_in, range(12)))
    assert len(subjects) == 1
    events = [event for event in served.stage.broker_log()[before:] if event["event"] == "signed_in"]
    assert [event["created"] for event in events].count(True) == 1
    assert len(events) == 12


def test_one_worker_is_killed_in_the_middle_and_the_next_request_works(served: Served) -> None:
    browser = served.stage.session()
    page = browser.get(served.authorize_url)
    old = served.workers()
    assert len(old) == WORKERS
    victim = min(old)
    with _edited_wrongly(served.stage.directory / "config" / "broker.yaml"):
        os.kill(victim, signal.SIGKILL)
        _until(lambda: victim not in served.workers())
        sent = browser.post(page.url, data={"action": "microsoft"}, allow_redirects=False)
        tokens = served.redeem(go_through(served.stage, browser, urljoin(page.url, sent.headers["Location"])))
        assert served.userinfo(tokens)["email"] == ELENI
        # Another one takes its place, with the configuration of the start and not what has become of the file.
        _until(lambda: started_workers(served.stage) == WORKERS + 1)
    assert len(served.workers()) == WORKERS


@contextmanager
def _edited_wrongly(file: Path) -> Iterator[None]:
    before = file.read_bytes()
    file.write_bytes(before + b"no_such_key: 1\n")
    yield
    file.write_bytes(before)


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_broker_is_killed_between_any_two_steps_and_the_sign_in_goes_on(served: Served) -> None:
    browser = served.stage.session()
    page = browser.get(served.authorize_url)
    assert urlsplit(page.url).path.startswith("/sign-in/")
    served.kill_broker()
    sent = browser.post(page.url, data={"action": "email", "email": ELENI}, allow_redirects=False)
    served.kill_broker()
    location = go_through(served.stage, browser, sent.headers["Location"])
    served.kill_broker()
    tokens = served.redeem(location)
    assert tokens.status_code == 200
    served.kill_broker()
    assert served.userinfo(tokens)["email"] == ELENI
    assert served.redeem(location).json()["error"] == "invalid_grant"  # What was taken stays taken.
    silent = browser.get(served.authorize_url + "&prompt=none", allow_redirects=False)
    assert "code=" in silent.headers["Location"]


def test_the_stores_are_killed_as_well_and_nothing_that_was_acknowledged_is_lost(served: Served) -> None:
    browser = served.stage.session()
    location = go_through(served.stage, browser, served.authorize_url)
    for server in served.stores:  # SQLite has none: its files are left as the broker's death leaves them.
        server.kill()
        server.start()
    served.kill_broker()
    tokens = served.redeem(location)
    assert tokens.status_code == 200, tokens.text
    silent = browser.get(served.authorize_url + "&prompt=none", allow_redirects=False)
    assert "code=" in silent.headers["Location"]
    again = served.redeem(silent.headers["Location"])
    assert served.userinfo(again)["sub"] == served.userinfo(tokens)["sub"]


def test_stores_that_come_back_are_used_again_without_a_restart_of_the_broker(served: Served) -> None:
    browser = served.stage.session()
    location = go_through(served.stage, browser, served.authorize_url)
    for server in served.stores:
        server.kill()
        server.start()
    assert served.redeem(location).status_code == 200
    silent = browser.get(served.authorize_url + "&prompt=none", allow_redirects=False)
    assert "code=" in silent.headers["Location"]
