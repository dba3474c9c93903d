"""An administrator who connects an organisation: the page, the legs at the simulator, and the ways back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Final
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from broker.demo.entra.browser import AuthorizationAnswer, sign_in
from broker.demo.entra.seed_users import CYCLADES
from broker.identity import Account
from broker.store.federations import Federation
from tests.support.members import PASSWORD, administrator, record_organization, signed_in
from tests.support.world import World

NAME: Final = "cyclades-ferries"
DOMAIN: Final = "cyclades-ferries.example"
TENANT: Final = CYCLADES
DESPINA: Final = f"despina@{DOMAIN}"
GALINI: Final = f"global.admin@{DOMAIN}"
NEFELI: Final = f"nefeli.drakou@{DOMAIN}"
PAGE: Final = "/settings/security"


@dataclass(slots=True)
class Connecting:
    """An organisation of records that is not connected yet, and the browser of an administrator who has just signed in
    with a password.
    """

    world: World
    account: Account
    browser: requests.Session
    name: str = NAME

    @classmethod
    def begin(
        cls, world: World, *, name: str = NAME, domain: str | None = DOMAIN, address: str = DESPINA
    ) -> Connecting:
        record_organization(world, name, domain)
        account = administrator(world, address, organization=name, first_name="Despina", last_name="Rota")
        return cls(world, account, signed_in(world, address), name)

    # -- the page ---------------------------------------------------------------------------------------------

    def page(self, path: str = PAGE) -> requests.Response:
        return self.browser.get(self.world.broker_url + path, allow_redirects=False, timeout=30)

    def press(self, action: str, page: str = PAGE, **fields: str) -> requests.Response:
        """Posts a form of a page; redirects are not followed."""
        shown = self.page(page)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown.text))
        form = {name: unescape(value) for name, value in hidden.items()} | fields
        return self.browser.post(
            f"{self.world.broker_url}{PAGE}/{action}", data=form, allow_redirects=False, timeout=30
        )

    def state(self) -> str:
        """What the page says: off, connected, tested or on."""
        page = self.page()
        found = re.search(r'id="state" data-state="([a-z]+)"', page.text)
        assert found, (page.status_code, page.text[:1500])
        return found[1]

    # -- the legs ---------------------------------------------------------------------------------------------

    def to_directory(self, action: str = "connect") -> str:
        """Presses a button of the page; the address at the directory."""
        answer = self.press(action)
        return location(answer)

    def at_directory(self, url: str, person: str = GALINI, *, consent: bool = True) -> AuthorizationAnswer:
        """The person goes through the directory's pages; the answer is not delivered yet."""
        return sign_in(self.browser, url, person, consent=consent)

    def to_consent(self, person: str = GALINI) -> str:
        """Up to the address of the consent leg."""
        return location(self.at_directory(self.to_directory(), person).deliver(self.browser))

    def consent(self, person: str = GALINI, *, accept: bool = True) -> AuthorizationAnswer:
        """Up to the answer of the consent leg, which is not delivered yet."""
        return self.at_directory(self.to_consent(person), person, consent=accept)

    def connect(self, person: str = GALINI) -> requests.Response:
        """All legs; the broker's answer to the last one."""
        answer = self.consent(person).deliver(self.browser)
        if answer.status_code != 303:
            return answer
        return self.at_directory(location(answer), person).deliver(self.browser)

    def test(self, person: str = NEFELI) -> requests.Response:
        """The test sign-in; the broker's answer."""
        return self.at_directory(self.to_directory("test"), person).deliver(self.browser)

    def tested(self, person: str = GALINI) -> Connecting:
        """Connected and tested."""
        for answer in (self.connect(), self.test(person)):
            assert location(answer).endswith(PAGE), answer.text[:1500]
        return self

    def switch_on(self) -> requests.Response:
        return self.press("switch-on", f"{PAGE}/switch-on", sure="yes")

    # -- what is recorded -------------------------------------------------------------------------------------

    def federation(self) -> Federation | None:
        return self.world.around.records.federations.recorded(self.name).federation

    def stage(self) -> str | None:
        federation = self.federation()
        return federation.stage if federation is not None else None


def location(answer: requests.Response) -> str:
    """Where a redirect leads."""
    if not answer.is_redirect:
        raise AssertionError(f"no redirect but {answer.status_code}: {answer.text[:1500]}")
    return urljoin(answer.url, answer.headers["Location"])


def fields_of(url: str) -> dict[str, str]:
    """The query of an address."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


__all__ = ["DESPINA", "GALINI", "NAME", "NEFELI", "PAGE", "PASSWORD", "TENANT", "Connecting", "fields_of", "location"]
