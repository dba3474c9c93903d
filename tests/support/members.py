"""People of organisations that are not federated: how a test makes them, and what they do in a browser."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from email import policy
from html import unescape
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

from broker.identity import Account, Subject
from broker.membership.hashing import Cost, PasswordHashing
from broker.organizations import ADMINISTRATOR
from broker.store.credentials import PasswordRecord
from broker.store.directory import NewAccount
from broker.store.federations import DomainRecord, OrganizationRecord
from tests.support.world import World, answered

OLIVE_GROVE: Final[dict[str, Any]] = {
    "organization": "olive-grove",
    "display_name": "Olive Grove",
    "plan": "standard",
    "domains": ["olivegrove.example"],
    "language": "en",
}
"""An organisation of a file that is not federated."""

FREE_TENANT: Final = "e0e7c1a5-8d0b-4a53-9f0e-6a1f6a3f5d11"
"""A tenant of the simulator that is bound to no organisation here."""

PASSWORD: Final = "nine tired donkeys walk home"
ANNA: Final = "anna@olivegrove.example"
BASIL: Final = "basil@olivegrove.example"
# A hash at no cost: what it costs is the hashing test's business.
CHEAP: Final = PasswordHashing(Cost(passes=1, memory_kib=8, lanes=1))


def member(
    world: World,
    address: str,
    *,
    organization: str = "olive-grove",
    role: str = "editor",
    password: str | None = PASSWORD,
    first_name: str = "Anna",
    last_name: str = "Ladas",
) -> Account:
    """An account with a password, as accepting an invitation makes it."""
    account_id = world.around.entropy.uuid()
    now = world.clock.now()
    draft = NewAccount(
        id=account_id,
        organization=organization,
        subject=Subject.own(account_id),
        email=address,
        email_domain=address.rpartition("@")[2],
        email_verified=True,
        first_name=first_name,
        last_name=last_name,
        display_name=f"{first_name} {last_name}",
        role=role,
        created_at=now,
        attributes={},
        attribute_sources={"email": "invitation"},
    )
    hashed = CHEAP.hash(password) if password is not None else None
    record = PasswordRecord(address, account_id, hashed, now)
    return world.around.records.credentials.create_password_account(draft, record)


def administrator(world: World, address: str = ANNA, **changes: Any) -> Account:
    """An administrator of the organisation."""
    return member(world, address, role=ADMINISTRATOR, **changes)


def record_organization(world: World, name: str = "thyme-hill", domain: str | None = "thymehill.example") -> None:
    """An organisation of records alone, as ``broker org create`` makes it."""
    federations, now = world.around.records.federations, world.clock.now()
    federations.create_organization(OrganizationRecord(name, name.replace("-", " ").title(), "enterprise", "el", now))
    if domain is not None:
        federations.verify_domain(DomainRecord(domain, name, "operator", now, now))


def enforce(world: World, organization: str = "olive-grove") -> None:
    """Closes every other way into an organisation, as a file that declares its connection does."""
    world.around.records.federations.declare(organization, FREE_TENANT, world.clock.now())


# -- the browser ------------------------------------------------------------------------------------------------------


def to_password_page(
    world: World, browser: requests.Session, address: str = ANNA, **request: str | None
) -> requests.Response:
    """From the authorization request to the password page, over the sign-in page if it comes."""
    page = world.go(browser, world.authorize_url(**request))
    location = urljoin(world.broker_url, page.headers["Location"])
    if urlsplit(location).path != "/sign-in/password":
        form = {"action": "email", "email": address}
        answer = browser.post(location, data=form, allow_redirects=False, timeout=30)
        location = urljoin(world.broker_url, answer.headers["Location"])
    return browser.get(location, timeout=30)


def prove(
    world: World,
    browser: requests.Session,
    page: requests.Response,
    address: str = ANNA,
    password: str = PASSWORD,
    **headers: str,
) -> requests.Response:
    """Posts the form of the password page; redirects are not followed."""
    (state,) = parse_qs(urlsplit(page.url).query)["state"]
    form = {"state": state, "email": address, "password": password, "action": "sign-in"}
    url = f"{world.broker_url}/sign-in/password"
    return browser.post(url, data=form, headers=headers, allow_redirects=False, timeout=30)


def code_by_password(
    world: World,
    browser: requests.Session,
    address: str = ANNA,
    password: str = PASSWORD,
    **request: str | None,
) -> str:
    """The authorization code that a complete sign-in with a password gives to the application."""
    answer = prove(world, browser, to_password_page(world, browser, address, **request), address, password)
    if answer.status_code != 303:
        raise AssertionError(f"not let in: {answer.status_code} {answer.text[:1500]}")
    return answered(answer)["code"]


def signed_in(world: World, address: str = ANNA, password: str = PASSWORD) -> requests.Session:
    """A browser whose person has just signed in with their password."""
    browser = world.browser()
    code_by_password(world, browser, address, password)
    return browser


def form_token(page: requests.Response) -> str:
    """The hidden token of a page's forms."""
    found = re.search(r'name="token" value="([^"]+)"', page.text)
    if found is None:
        raise AssertionError(f"no token: {page.status_code} {page.text[:1500]}")
    return unescape(found[1])


def submit(
    world: World, browser: requests.Session, page: str, path: str, **fields: str
) -> requests.Response:
    """Opens a page and posts a form of it to ``path``; redirects are not followed."""
    token = form_token(browser.get(f"{world.broker_url}{page}", timeout=30))
    return browser.post(
        f"{world.broker_url}{path}", data={"token": token, **fields}, allow_redirects=False, timeout=30
    )


# -- the mail ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Received:
    """A letter as it lies in the folder."""

    to: str
    subject: str
    text: str
    path: Path

    @property
    def link(self) -> str:
        """The one link in it, as a path."""
        found = re.findall(r"https://\S+", self.text)
        if len(found) != 1:
            raise AssertionError(f"not one link but {found}")
        return str(urlsplit(found[0]).path)


def letters(folder: Path, to: str | None = None) -> list[Received]:
    """The letters that were sent, oldest first; ``folder`` is the world's."""
    received = []
    for path in sorted((folder / "mail").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns):
        message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        body = message.get_body()
        text = body.get_content() if body is not None else ""
        received.append(Received(str(message["To"]), str(message["Subject"]), text, path))
    return [letter for letter in received if to is None or letter.to == to]
