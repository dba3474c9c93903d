"""The switch against the clock: sign-ins and refreshes in a tight loop through two workers, again and again.

Nothing that was begun after the switch had returned succeeds, and nothing that was given out before it is good
afterwards (threats FE-06, FE-07, FE-17).
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import pytest
import requests

from broker.clock import SystemClock
from broker.demo.stage import Stage, StageOptions
from broker.identity import Subject
from broker.store.credentials import PasswordRecord
from broker.store.directory import NewAccount
from broker.store.federations import Consent, DomainRecord, Enforcement, OrganizationRecord
from broker.store.federations import TestSignIn as SignInTested
from broker.store.opening import open_records
from broker.store.records import Records
from tests.support.members import CHEAP, PASSWORD
from tests.support.world import VERIFIER, challenge

pytestmark = pytest.mark.served

# ``./run soak`` has the fifty of them.
FEW, MANY = 10, 50
_CLIENT: Final = "racer"
_SECRET: Final = "the-secret-of-the-racer"
_REDIRECT: Final = "https://racer.pobuca.example/callback"
_PATIENCE_SECONDS: Final = 60
# So high that a loop meets the switch and nothing else.
_UNLIMITED: Final = {
    "attempts_by_client_for_person": 10_000,
    "attempts_for_person": 100_000,
    "attempts_by_client": 1_000_000,
    "attempts": 1_000_000,
}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    racer = {
        "client_id": _CLIENT,
        "display_name": "Racer",
        "redirect_uris": [_REDIRECT],
        "client_secret": "file:../secrets/racer",
        "scopes": ["openid", "offline_access"],
    }
    options = StageOptions(
        workers=2,
        relying_parties=(racer,),
        secret_files={"racer": _SECRET},
        settings={"rate_limits": _UNLIMITED},
        with_application=False,
        with_simulator=False,
    )
    with Stage(options) as started:
        yield started


@pytest.fixture
def records(stage: Stage) -> Iterator[Records]:
    with closing(open_records(stage.directory / "data/directory.sqlite")) as opened:
        yield opened


class Ticks:
    """A common order of what happens in several threads, finer than any clock."""

    def __init__(self) -> None:
        self._count = itertools.count(1)

    def next(self) -> int:
        return next(self._count)


@dataclass(slots=True)
class Runner:
    """One loop: what it got, each with the tick at which the attempt was begun."""

    attempt: Callable[[], Any]
    ticks: Ticks
    stop: threading.Event
    successes: list[tuple[int, Any]] = field(default_factory=list)
    begun: int = 0
    error: BaseException | None = None
    thread: threading.Thread = field(init=False)

    def start(self) -> None:
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            while not self.stop.is_set():
                self.begun = self.ticks.next()
                got = self.attempt()
                if got is not None:
                    self.successes.append((self.begun, got))
        except BaseException as error:
            self.error = error


def until(condition: Callable[[], bool], runners: list[Runner]) -> None:
    """Waits for what the loops do; a loop that broke ends the wait with its error."""
    pause = threading.Event()
    for _ in range(_PATIENCE_SECONDS * 100):
        for runner in runners:
            if runner.error is not None:
                raise runner.error
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("the loops stand still")


@dataclass(frozen=True, slots=True)
class Racing:
    """One organisation of one round, with the requests of its people and applications."""

    stage: Stage
    name: str
    address: str

    def page(self, browser: requests.Session) -> str:
        """The ``state`` of a password form that is opened in this browser."""
        query = {
            "response_type": "code",
            "client_id": _CLIENT,
            "redirect_uri": _REDIRECT,
            "scope": "openid offline_access",
            "prompt": "consent",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
        }
        answer = self._go(browser, f"{self.stage.broker_url}/authorize?{urlencode(query)}")
        if "/sign-in/password" not in answer:
            form = {"action": "email", "email": "somebody@nobody.invalid"}
            answer = browser.post(answer, data=form, allow_redirects=False).headers["Location"]
        return parse_qs(urlsplit(answer).query)["state"][0]

    def _go(self, browser: requests.Session, url: str) -> str:
        answer = browser.get(url, allow_redirects=False)
        return urljoin(self.stage.broker_url, answer.headers["Location"])

    def sign_in(self) -> requests.Session | None:
        """A whole sign-in with the password; the browser, if it was given a session."""
        browser = self.stage.session()
        self.submit(browser, self.page(browser))
        return browser if browser.cookies.get("__Host-session") else None

    def submit(self, browser: requests.Session, state: str) -> requests.Response:
        form = {"state": state, "email": self.address, "password": PASSWORD, "action": "sign-in"}
        return browser.post(f"{self.stage.broker_url}/sign-in/password", data=form, allow_redirects=False)

    def tokens(self) -> dict[str, Any]:
        """What an application gets at a sign-in."""
        browser = self.stage.session()
        answer = self.submit(browser, self.page(browser))
        code = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["code"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": _REDIRECT,
            "code_verifier": VERIFIER,
        }
        return dict(self.token(form).json())

    def token(self, form: dict[str, str]) -> requests.Response:
        return self.stage.session().post(f"{self.stage.broker_url}/token", data=form, auth=(_CLIENT, _SECRET))

    def is_good(self, tokens: dict[str, Any]) -> bool:
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        answer = self.stage.session().get(f"{self.stage.broker_url}/userinfo", headers=headers)
        return answer.status_code == 200

    def is_in(self, browser: requests.Session) -> bool:
        return browser.get(f"{self.stage.broker_url}/account", allow_redirects=False).status_code == 200


class Refresher:
    """An application that refreshes as fast as it can; each token once."""

    def __init__(self, racing: Racing) -> None:
        self._racing = racing
        self.tokens = racing.tokens()

    def attempt(self) -> dict[str, Any] | None:
        form = {"grant_type": "refresh_token", "refresh_token": self.tokens["refresh_token"]}
        answer = self._racing.token(form)
        if answer.status_code != 200:
            return None
        self.tokens = dict(answer.json())
        return self.tokens


def organization(records: Records, number: int) -> str:
    """An organisation that is connected and tested, with one person who has a password."""
    clock, name, domain = SystemClock(), f"race-{number}", f"race-{number}.example"
    now, tenant = clock.now(), f"aaaaaaaa-0000-4000-8000-{number:012d}"
    federations = records.federations
    federations.create_organization(OrganizationRecord(name, f"Race {number}", "enterprise", None, now))
    federations.verify_domain(DomainRecord(domain, name, "operator", now, now))
    account_id, address = f"racer-{number}", f"runner@{domain}"
    draft = NewAccount(
        id=account_id,
        organization=name,
        subject=Subject.own(account_id),
        email=address,
        email_domain=domain,
        email_verified=True,
        first_name="Runner",
        last_name=str(number),
        display_name=f"Runner {number}",
        role="editor",
        created_at=now,
        attributes={},
        attribute_sources={},
    )
    records.credentials.create_password_account(draft, PasswordRecord(address, account_id, CHEAP.hash(PASSWORD), now))
    federations.connect(name, Consent(tenant, name, (domain,), tenant, "operator", (), now))
    federations.record_test(name, tenant, SignInTested(tenant, None, None, now))
    return name


def switch(records: Records, name: str) -> None:
    recorded = records.federations.recorded(name).federation
    assert recorded is not None
    assert recorded.tenant_id is not None
    order = Enforcement(name, recorded.epoch, recorded.tenant_id, "operator", SystemClock().now())
    records.federations.enforce(order)


@pytest.mark.parametrize("rounds", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
def test_nothing_begun_after_the_switch_succeeds_and_nothing_from_before_is_good_afterwards(
    stage: Stage, records: Records, rounds: int
) -> None:
    seen = 0
    for number in range(1000 * rounds, 1000 * rounds + rounds):
        name = organization(records, number)
        racing = Racing(stage, name, f"runner@race-{number}.example")
        ticks, stop = Ticks(), threading.Event()
        refresher = Refresher(racing)
        runners = [Runner(racing.sign_in, ticks, stop), Runner(refresher.attempt, ticks, stop)]
        waiting = stage.session()
        half_finished = racing.page(waiting)
        for runner in runners:
            runner.start()
        until(lambda runners=runners: all(runner.successes for runner in runners), runners)  # type: ignore[misc]  # bound in this round
        switch(records, name)
        switched = ticks.next()
        # Each loop makes one whole attempt more that was begun after the switch had returned.
        marks = {id(runner): runner.begun for runner in runners}
        until(
            lambda runners=runners, marks=marks, switched=switched: all(  # type: ignore[misc]  # bound in this round
                runner.begun > max(marks[id(runner)], switched) + 2 for runner in runners
            ),
            runners,
        )
        stop.set()
        for runner in runners:
            runner.thread.join()
            assert runner.error is None
        late = [begun for runner in runners for begun, _ in runner.successes if begun > switched]
        assert late == [], f"round {number}: begun after the switch, and let in"
        signing_in, refreshing = runners
        assert not any(racing.is_in(browser) for _, browser in signing_in.successes), f"round {number}: a session"
        assert not any(racing.is_good(tokens) for _, tokens in refreshing.successes[-3:]), f"round {number}: a token"
        assert refresher.attempt() is None
        assert racing.submit(waiting, half_finished).status_code == 403
        seen += sum(len(runner.successes) for runner in runners)
    assert seen >= 2 * rounds, "each loop was let in before"
