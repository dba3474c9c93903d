"""What holds for every page: it can be used by everybody, and fits on a telephone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.tour import PAGES
from tests.browser.visitor import PHONE, Visitor

pytestmark = pytest.mark.browser


# Those that most people see, and those with the longest sentences.
# The others are looked at by the soak, since each takes a whole walk through two services to come to.
CORE_IN_GREEK: Final = ("sign_in_page", "refusal", "home", "security_switch")
CORE: Final = frozenset(
    {
        "welcome",
        "page_not_found",
        "account_with_app_passwords",
        "invitation_link",
        "doors_tried",
        "security_on",
        "sign_in_refused",
    }
)
IN_GREEK: Final = (
    "sign_in_page",
    "refusal",
    "home",
    "co_workers",
    "password_page_with_a_wrong_password",
    "reset_sent",
    "reset_link_with_an_easy_password",
    "account_with_app_passwords",
    "invitations_with_two_open",
    "invitation_link",
    "co_workers_to_edit",
    "co_worker",
    "co_workers_with_microsoft",
    "connecting_a_directory_without_the_domain",
    "security_off",
    "security_tested",
    "security_switch",
    "security_disconnection_scheduled",
    "security_disconnect",
    "doors_tried",
    "sign_ins",
    "sign_in_refused",
    "tested_by_link",
    "break_glass_passkeys_rehearsed",
    "home_through_the_break_glass",
)


def _violations(visitor: Visitor) -> str:
    found = Axe().run(visitor.page)
    return str(found.generate_report()) if found.violations_count else ""


# A page that is looked at in Greek is looked at in English by the soak: what axe can find in it is the same.
IN_ENGLISH: Final = [name if name in CORE else pytest.param(name, marks=pytest.mark.soak) for name in PAGES]


@pytest.mark.parametrize("name", IN_ENGLISH)
def test_axe_finds_nothing_in_light_and_dark_and_it_fits_a_phone(visit: Callable[..., Visitor], name: str) -> None:
    visitor = visit(size=PHONE, color_scheme="light")
    PAGES[name](visitor)
    assert not visitor.is_scrolling_sideways()
    assert _violations(visitor) == ""
    visitor.page.emulate_media(color_scheme="dark")
    assert _violations(visitor) == ""


@pytest.mark.parametrize(
    "name", [name if name in CORE_IN_GREEK else pytest.param(name, marks=pytest.mark.soak) for name in IN_GREEK]
)
def test_greek_fits_a_phone_and_is_marked_as_greek(visit: Callable[..., Visitor], name: str) -> None:
    visitor = visit(size=PHONE, locale="el-GR")
    PAGES[name](visitor)
    assert visitor.page.locator("html").get_attribute("lang") == "el"
    assert not visitor.is_scrolling_sideways()
    assert _violations(visitor) == ""
    visitor.page.emulate_media(color_scheme="dark")
    assert _violations(visitor) == ""
    # A box is ticked by its label, too, which is the larger target.
    touched = "main :is(button, a, select, input:not([type=hidden], [type=checkbox]), .choice label), nav a"
    targets = visitor.page.locator(touched).all()
    boxes = [target.bounding_box() for target in targets]
    assert [box for box in boxes if box is None or box["height"] < 44] == []
