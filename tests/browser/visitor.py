"""A person with a browser of their own, and what they can do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, expect

from tests.browser.scene import Scene
from tests.servers import chromium_program

ELENI: Final = "eleni.markou@aegeanfoods.example"
DESKTOP: Final = (1280, 800)
PHONE: Final = (390, 844)

# Chromium says on the console that a page came with a status of 4xx, which is no complaint about the page.
_ONLY_A_STATUS: Final = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")

# Nothing of it may leave the machine, and a container has neither a sandbox nor a graphics card.
_ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launch(playwright: Playwright, scene: Scene) -> Browser:
    """Debian's Chromium, which knows the way to this scene."""
    return playwright.chromium.launch(
        executable_path=str(chromium_program()), args=[*_ARGUMENTS, *scene.chromium_arguments]
    )


@dataclass(slots=True)
class Visitor:
    """One browser profile; ``page`` is its first tab."""

    scene: Scene
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    """What the browser had to say against our pages: script errors, refused content, cookies that were not taken."""
    requests: list[Request] = field(default_factory=list)
    """Every page that was asked for, redirects too, in their order."""

    def watch(self, page: Page) -> None:
        """Collects what happens in a tab."""
        page.on("console", lambda said: self._complain(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self._complain(str(error)))
        page.on("request", lambda asked: self.requests.append(asked) if asked.is_navigation_request() else None)

    def _complain(self, text: str) -> None:
        if not _ONLY_A_STATUS.match(text):
            self.complaints.append(text)

    def new_tab(self) -> Page:
        """Another tab of the same browser."""
        page = self.context.new_page()
        self.watch(page)
        return page

    def visited(self, url: str) -> list[str]:
        """The paths that were asked for at the server of this address."""
        origin = urlsplit(url).netloc
        return [parts.path for asked in self.requests if (parts := urlsplit(asked.url)).netloc == origin]

    # -- steps ------------------------------------------------------------------------------------------------

    def to_sign_in_page(self, page: Page | None = None) -> None:
        """From the application's start page to the broker's sign-in page."""
        page = page or self.page
        page.goto(self.scene.application_url)
        page.click("#sign-in")
        expect(page.locator("#sign-in-with-microsoft")).to_be_visible()

    def give_email(self, email: str, page: Page | None = None) -> None:
        page = page or self.page
        page.fill("#email", email)
        page.click("#continue-with-email")

    def at_microsoft(self, username: str | None = None, page: Page | None = None) -> None:
        """The person signs in at the simulator; ``username`` is typed if it is asked for."""
        page = page or self.page
        expect(page.locator("body[data-page]")).to_be_visible()
        kind = page.locator("body").get_attribute("data-page")
        if kind == "picker":
            page.click("#another")
            expect(page.locator("body[data-page=username]")).to_be_visible()
            kind = "username"
        if kind == "username":
            page.fill("#username", username or ELENI)
            page.click("#next")
        expect(page.locator("body[data-page=password]")).to_be_visible()
        page.click("#sign-in")

    def be_refused(self, username: str) -> None:
        """From the sign-in page to the broker's refusal. Consents on the way, which is asked only the first time."""
        self.page.click("#sign-in-with-microsoft")
        self.at_microsoft(username)
        accept = self.page.locator("#accept")
        refused = self.page.locator("#error #retry")
        expect(accept.or_(refused)).to_be_visible()
        if accept.is_visible():
            accept.click()
        expect(refused).to_be_visible()

    def expect_signed_in(self, name: str = "Eleni Markou", page: Page | None = None) -> None:
        """The application's signed-in page is there, for this person."""
        expect((page or self.page).locator("#signed-in #name")).to_have_text(name)

    def sign_in(self, username: str = ELENI, name: str = "Eleni Markou") -> None:
        """All of it."""
        self.to_sign_in_page()
        self.give_email(username)
        self.at_microsoft(username)
        self.expect_signed_in(name)

    def claims(self) -> dict[str, Any]:
        """The ID token's claims, as the application has them."""
        tab = self.new_tab()
        answer = tab.goto(f"{self.scene.application_url}/signed-in.json")
        if answer is None:
            raise AssertionError("no answer")
        claims: dict[str, Any] = answer.json()["id_token_claims"]
        tab.close()
        return claims

    def tab_to(self, element_id: str) -> None:
        """Presses Tab until this element has the focus, which must be seen."""
        for _ in range(40):
            self.page.keyboard.press("Tab")
            focus = self.page.evaluate(
                "() => [document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle]"
            )
            if focus[0] == element_id:
                assert focus[1] != "none", f"the focus on {element_id} cannot be seen"
                return
        raise AssertionError(f"Tab never came to {element_id}")

    def is_scrolling_sideways(self) -> bool:
        """Whether the page is wider than its window."""
        return bool(self.page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth"))


@contextmanager
def visiting(scene: Scene, browser: Browser, *, size: tuple[int, int] = DESKTOP, **settings: Any) -> Iterator[Visitor]:
    """A new browser profile; ``settings`` are Playwright's of ``new_context``."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **{"locale": "en-GB", **settings})
    context.set_default_timeout(20_000)
    try:
        visitor = Visitor(scene, context, context.new_page())
        visitor.watch(visitor.page)
        yield visitor
    finally:
        context.close()
