"""Every page that a person can see, and how to get there: for the tests of all pages, and for pictures of them.

``python -m tests.browser.tour DIRECTORY`` takes the pictures, at a desk and on a phone, in light, dark and Greek.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import expect, sync_playwright

from tests.browser import tour_break_glass, tour_federation, tour_membership
from tests.browser.scene import scene
from tests.browser.visitor import DESKTOP, ELENI, PHONE, Visitor, launch, visiting

LONG: Final = "petros.makris@aegeanfoods.example"
GREEK: Final = "giorgos.papadopoulos@aegeanfoods.example"
MALLORY: Final = "mallory@evil-olives.example"


def welcome(visitor: Visitor) -> None:
    visitor.page.goto(visitor.scene.broker_url)
    expect(visitor.page.locator("a#sign-in")).to_be_visible()


def sign_in_page(visitor: Visitor) -> None:
    visitor.to_sign_in_page()


def sign_in_page_with_a_wrong_address(visitor: Visitor) -> None:
    visitor.to_sign_in_page()
    visitor.give_email("eleni at aegean")
    expect(visitor.page.locator("#email-error")).to_be_visible()


def refusal(visitor: Visitor) -> None:
    visitor.to_sign_in_page()
    visitor.be_refused(MALLORY)


def page_not_found(visitor: Visitor) -> None:
    visitor.page.goto(visitor.scene.broker_url + "/no-such-page")
    expect(visitor.page.locator("#error")).to_be_visible()


def home(visitor: Visitor) -> None:
    welcome(visitor)
    visitor.page.click("a#sign-in")
    visitor.give_email(ELENI)
    visitor.at_microsoft()
    expect(visitor.page.locator("#signed-in")).to_be_visible()


def home_with_a_long_job_title(visitor: Visitor) -> None:
    welcome(visitor)
    visitor.page.click("a#sign-in")
    visitor.give_email(LONG)
    visitor.at_microsoft()
    expect(visitor.page.locator("#signed-in")).to_be_visible()


def co_workers(visitor: Visitor) -> None:
    """With a photo, Greek letters, and the longest job title there is."""
    for username in (LONG, GREEK, ELENI):
        visitor.context.clear_cookies()
        visitor.page.goto(visitor.scene.broker_url + "/co-workers")
        visitor.give_email(username)
        visitor.at_microsoft()
        expect(visitor.page.locator("#co-workers")).to_be_visible()


def form_post(visitor: Visitor) -> None:
    """The page that submits itself, held fast: the application answers 204, so the browser stays where it is."""
    visitor.sign_in()
    url = visitor.scene.application_url
    request = next(asked.url for asked in visitor.requests if "/authorize" in asked.url)
    visitor.page.route(f"{url}/callback*", lambda route: route.fulfill(status=204))
    visitor.page.goto(request + "&response_mode=form_post", wait_until="commit")
    expect(visitor.page.locator("#form-post #continue")).to_be_visible()


def application_start(visitor: Visitor) -> None:
    visitor.page.goto(visitor.scene.application_url)
    expect(visitor.page.locator("#sign-in")).to_be_visible()


def application_signed_in(visitor: Visitor) -> None:
    visitor.sign_in()


def application_refusal(visitor: Visitor) -> None:
    visitor.to_sign_in_page()
    visitor.page.click("#cancel")
    expect(visitor.page.locator("#error-code")).to_be_visible()


PAGES: Final[Mapping[str, Callable[[Visitor], None]]] = {
    way.__name__: way
    for way in (
        welcome,
        sign_in_page,
        sign_in_page_with_a_wrong_address,
        refusal,
        page_not_found,
        home,
        home_with_a_long_job_title,
        co_workers,
        form_post,
        application_start,
        application_signed_in,
        application_refusal,
        *tour_membership.PAGES,
        *tour_federation.PAGES,
        *tour_break_glass.PAGES,
    )
}

_LOOKS: Final[Mapping[str, Mapping[str, Any]]] = {
    "desk": {"size": DESKTOP},
    "phone": {"size": PHONE, "device_scale_factor": 2, "has_touch": True},
    "phone-dark": {"size": PHONE, "device_scale_factor": 2, "color_scheme": "dark"},
    "phone-greek": {"size": PHONE, "device_scale_factor": 2, "locale": "el-GR"},
    "desk-dark": {"size": DESKTOP, "color_scheme": "dark"},
}


def main(directory: Path, *names: str) -> None:
    """A picture of every page, or of the named ones, in every look."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder)) as made, sync_playwright() as playwright:
        browser = launch(playwright, made)
        expect.set_options(timeout=20_000)
        for name, way in PAGES.items():
            for look, settings in _LOOKS.items() if not names or name in names else ():
                with visiting(made, browser, **settings) as visitor:
                    way(visitor)
                    visitor.page.screenshot(path=directory / f"{name}-{look}.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
