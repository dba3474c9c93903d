"""The pages of people who sign in with a password of Pobuca: sign-in, reset, account, invitations, co-workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from playwright.sync_api import expect

from tests.browser.customers import federate, new_customer, to_password_page, with_microsoft, with_password
from tests.browser.visitor import ELENI, Visitor
from tests.support.members import PASSWORD, letters

_INVITED: Final = "konstantinos.papadimitriou@{domain}"
_EXTERNAL: Final = "margarita.theodoropoulou@accountants.example"


def password_page(visitor: Visitor) -> None:
    to_password_page(visitor, new_customer(visitor).address)


def password_page_with_a_wrong_password(visitor: Visitor) -> None:
    password_page(visitor)
    visitor.page.fill("#password", "not the one")
    visitor.page.click("#sign-in")
    expect(visitor.page.locator("#sign-in-error")).to_be_visible()


def password_of_somebody_who_signs_in_with_microsoft(visitor: Visitor) -> None:
    password_page(visitor)
    visitor.page.fill("#email", ELENI)
    visitor.page.fill("#password", PASSWORD)
    visitor.page.click("#sign-in")
    expect(visitor.page.locator("#error[data-code=sso_required] #sign-in-with-microsoft")).to_be_visible()


# -- a forgotten password ---------------------------------------------------------------------------------------------


def reset(visitor: Visitor) -> None:
    visitor.page.goto(visitor.scene.broker_url + "/reset")
    expect(visitor.page.locator("#reset")).to_be_visible()


def reset_with_a_wrong_address(visitor: Visitor) -> None:
    reset(visitor)
    visitor.page.fill("#email", "anna at olives")
    visitor.page.click("#send")
    expect(visitor.page.locator("#email-error")).to_be_visible()


def _ask_for_a_link(visitor: Visitor) -> str:
    address = new_customer(visitor).address
    reset(visitor)
    visitor.page.fill("#email", address)
    visitor.page.click("#send")
    expect(visitor.page.locator("#reset-sent")).to_be_visible()
    return address


def reset_sent(visitor: Visitor) -> None:
    _ask_for_a_link(visitor)


def reset_link(visitor: Visitor) -> None:
    visitor.page.goto(_link(visitor, _ask_for_a_link(visitor)))
    expect(visitor.page.locator("#reset-link")).to_be_visible()


def reset_link_with_an_easy_password(visitor: Visitor) -> None:
    reset_link(visitor)
    _choose(visitor, "passwordpassword")
    visitor.page.click("#save")
    expect(visitor.page.locator("#new-password-error")).to_be_visible()


def password_set(visitor: Visitor) -> None:
    reset_link(visitor)
    _choose(visitor, "seven grey goats on the roof")
    visitor.page.click("#save")
    expect(visitor.page.locator("#password-set")).to_be_visible()


def used_link(visitor: Visitor) -> None:
    visitor.page.goto(visitor.scene.broker_url + "/reset/" + "A" * 43)
    expect(visitor.page.locator("#error[data-code=link_used]")).to_be_visible()


# -- the account ------------------------------------------------------------------------------------------------------


def account(visitor: Visitor) -> None:
    with_password(visitor, new_customer(visitor))


def account_with_a_wrong_password(visitor: Visitor) -> None:
    account(visitor)
    visitor.page.fill("#current", "not the one")
    _choose(visitor, "seven grey goats on the roof")
    visitor.page.click("#change-password")
    expect(visitor.page.locator("#current-error")).to_be_visible()


def account_with_app_passwords(visitor: Visitor) -> None:
    account(visitor)
    for label in ("Phone", "The address book of the laptop in the harbour office, first floor"):
        visitor.page.fill("#label", label)
        visitor.page.click("#add-app-password")
        expect(visitor.page.locator("#new-app-password")).to_contain_text(label[:30])


def account_with_microsoft(visitor: Visitor) -> None:
    customer = new_customer(visitor)
    federate(visitor, customer)
    with_microsoft(visitor, customer, "/account")


# -- invitations and co-workers ---------------------------------------------------------------------------------------


def _invite(visitor: Visitor) -> str:
    customer = new_customer(visitor)
    with_password(visitor, customer, "/co-workers/invitations")
    invited = _INVITED.format(domain=customer.domain)
    for address in (_EXTERNAL, invited):
        visitor.page.fill("#email", address)
        visitor.page.click("#invite")
        expect(visitor.page.locator("#open-invitations li").filter(has_text=address)).to_be_visible()
    return invited


def invitations(visitor: Visitor) -> None:
    with_password(visitor, new_customer(visitor), "/co-workers/invitations")
    expect(visitor.page.locator("#open-invitations")).to_be_visible()


def invitations_with_two_open(visitor: Visitor) -> None:
    _invite(visitor)


def invitations_with_a_wrong_address(visitor: Visitor) -> None:
    invitations(visitor)
    visitor.page.fill("#email", "konstantinos at home")
    visitor.page.click("#invite")
    expect(visitor.page.locator("#email-error")).to_be_visible()


def invitations_with_microsoft(visitor: Visitor) -> None:
    customer = new_customer(visitor)
    federate(visitor, customer)
    with_microsoft(visitor, customer, "/co-workers/invitations")
    expect(visitor.page.locator("#no-invitations")).to_be_visible()


def invitation_link(visitor: Visitor) -> None:
    link = _link(visitor, _invite(visitor))
    visitor.context.clear_cookies()
    visitor.page.goto(link)
    expect(visitor.page.locator("#invitation")).to_be_visible()


def invitation_link_without_names(visitor: Visitor) -> None:
    invitation_link(visitor)
    visitor.page.fill("#first_name", "")
    visitor.page.fill("#last_name", "")
    _choose(visitor, "seven grey goats on the roof")
    visitor.page.click("#accept")
    expect(visitor.page.locator("#first_name-error")).to_be_visible()


def account_made(visitor: Visitor) -> None:
    invitation_link(visitor)
    visitor.page.fill("#first_name", "Konstantinos")
    visitor.page.fill("#last_name", "Papadimitriou")
    _choose(visitor, "seven grey goats on the roof")
    visitor.page.click("#accept")
    expect(visitor.page.locator("#account-made")).to_be_visible()


def co_workers_to_edit(visitor: Visitor) -> None:
    with_password(visitor, new_customer(visitor), "/co-workers")
    expect(visitor.page.locator("#invitations")).to_be_visible()


def co_worker(visitor: Visitor) -> None:
    co_workers_to_edit(visitor)
    visitor.page.click("#co-workers a.sub[href*='co-workers']")
    expect(visitor.page.locator("#co-worker")).to_be_visible()


def co_workers_with_microsoft(visitor: Visitor) -> None:
    customer = new_customer(visitor)
    federate(visitor, customer)
    with_microsoft(visitor, customer, "/co-workers")
    expect(visitor.page.locator("#limits")).to_be_visible()


def _link(visitor: Visitor, address: str) -> str:
    """That of the last letter to this address."""
    return visitor.scene.broker_url + letters(visitor.scene.stage.directory / "data", address)[-1].link


def _choose(visitor: Visitor, password: str) -> None:
    visitor.page.fill("#new-password", password)
    visitor.page.fill("#new-password-again", password)


PAGES: Final[Sequence[Callable[[Visitor], None]]] = (
    password_page,
    password_page_with_a_wrong_password,
    password_of_somebody_who_signs_in_with_microsoft,
    reset,
    reset_with_a_wrong_address,
    reset_sent,
    reset_link,
    reset_link_with_an_easy_password,
    password_set,
    used_link,
    account,
    account_with_a_wrong_password,
    account_with_app_passwords,
    account_with_microsoft,
    invitations,
    invitations_with_two_open,
    invitations_with_a_wrong_address,
    invitations_with_microsoft,
    invitation_link,
    invitation_link_without_names,
    account_made,
    co_workers_to_edit,
    co_worker,
    co_workers_with_microsoft,
)
