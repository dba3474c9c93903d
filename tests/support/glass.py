"""People of a world who are named for the break-glass, with a device of their own."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from datetime import timedelta

import requests

from broker.glass.reminding import Reminders
from broker.glass.windows import Windows
from broker.identity import Account
from broker.store.federations import BreakGlassWindow
from tests.support.authenticator import STRAIGHT, Authenticator, Bent
from tests.support.world import ELENI, World

GIORGOS = "giorgos.papadopoulos@aegeanfoods.example"


@dataclass(slots=True)
class Form:
    """A page's form with a passkey: what it would post, and what its script would ask the device for."""

    fields: dict[str, str]
    options: str


@dataclass(slots=True)
class Glass:
    """The operator's side, and what a person does with browser and device."""

    world: World
    devices: dict[str, Authenticator] = field(default_factory=dict)

    @property
    def windows(self) -> Windows:
        found: Windows = self.world.foundation.broker.application.extensions[Windows.NAME]
        return found

    @property
    def reminders(self) -> Reminders:
        found: Reminders = self.world.foundation.broker.application.extensions[Reminders.NAME]
        return found

    def device(self, person: str = ELENI) -> Authenticator:
        if person not in self.devices:
            self.devices[person] = Authenticator(self.world.broker_url, "localhost")
        return self.devices[person]

    def account(self, person: str = ELENI, organization: str = "aegean-foods") -> Account:
        accounts = self.world.around.directory.accounts(organization, limit=100)
        return next(account for account in accounts if account.email == person)

    # -- steps ------------------------------------------------------------------------------------------------

    def named(self, person: str = ELENI, organization: str = "aegean-foods") -> requests.Session:
        """The browser of a person who has just signed in with Microsoft and is named."""
        browser, _ = self.world.signed_in(person)
        self.windows.name(organization, self.account(person, organization).id, "operator")
        return browser

    def ready(self, person: str = ELENI, organization: str = "aegean-foods") -> requests.Session:
        """The same, with a passkey that was rehearsed."""
        browser = self.named(person, organization)
        assert self.register(browser, person).status_code == 303
        assert self.rehearse(browser, person).status_code == 303
        return browser

    def open(self, organization: str = "aegean-foods", minutes: int = 60) -> BreakGlassWindow:
        return self.windows.open(organization, timedelta(minutes=minutes), "drill", "operator")

    def form(self, browser: requests.Session, url: str) -> Form:
        """The passkey form of a page."""
        page = self.world.go(browser, url)
        if page.status_code != 200:
            raise AssertionError(f"no page but {page.status_code}: {page.headers.get('Location')} {page.text[:800]}")
        form = next(part for part in re.findall(r"<form.*?</form>", page.text, re.DOTALL) if "data-options" in part)
        fields = dict(re.findall(r'name="([a-z]+)" value="([^"]*)"', form))
        options = re.search(r'data-options="([^"]*)"', form)
        assert options
        return Form({name: html.unescape(value) for name, value in fields.items()}, html.unescape(options[1]))

    def post(self, browser: requests.Session, path: str, fields: dict[str, str]) -> requests.Response:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}  # As a browser does for an empty form, too.
        url = self.world.broker_url + path
        return browser.post(url, data=fields, headers=headers, allow_redirects=False, timeout=30)

    def register(
        self, browser: requests.Session, person: str = ELENI, bent: Bent = STRAIGHT, name: str = "Blue key"
    ) -> requests.Response:
        form = self.form(browser, "/break-glass/passkeys")
        answer = self.device(person).create(form.options, bent)
        return self.post(browser, "/break-glass/passkeys", {**form.fields, "answer": answer, "name": name})

    def rehearse(self, browser: requests.Session, person: str = ELENI, bent: Bent = STRAIGHT) -> requests.Response:
        form = self.form(browser, "/break-glass/rehearse")
        answer = self.device(person).get(form.options, bent)
        return self.post(browser, "/break-glass/rehearse", {**form.fields, "answer": answer})

    def to_passkey_page(self, browser: requests.Session) -> Form:
        """From the address that the operator gave to the page that asks for the passkey."""
        begun = self.post(browser, "/break-glass", {})
        assert begun.status_code == 303, begun.text[:800]
        return self.form(browser, begun.headers["Location"])

    def come_in(self, browser: requests.Session, person: str = ELENI, bent: Bent = STRAIGHT) -> requests.Response:
        """The answer to the passkey: a 303 to our start page, or a refusal."""
        form = self.to_passkey_page(browser)
        answer = self.device(person).get(form.options, bent)
        return self.post(browser, "/break-glass/passkey", {**form.fields, "answer": answer})

    def events(self, organization: str = "aegean-foods") -> list[str]:
        """What the audit trail says of the break-glass."""
        entries = self.world.around.records.audit.entries(organization, limit=1000)
        return [each.entry.event for each in entries if "glass" in each.entry.event or "passkey" in each.entry.event]


def is_in(world: World, browser: requests.Session) -> bool:
    """Whether this browser sees somebody's own page."""
    return 'id="sign-out"' in world.go(browser, "/").text
