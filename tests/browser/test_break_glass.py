"""A named person in Chromium, with a passkey in a virtual authenticator: registering, rehearsing and coming in."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.passkeys import with_a_device
from tests.browser.scene import Scene
from tests.browser.visitor import PHONE, Visitor

pytestmark = pytest.mark.browser

MARIA = "maria.kosta@aegeanfoods.example"
ORGANIZATION = "aegean-foods"


def operate(scene: Scene, *arguments: str) -> str:
    """An operator's command beside the running broker."""
    config = str(scene.stage.directory / "config")
    command = [sys.executable, "-m", "broker", *arguments, "--config", config]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def name_maria(scene: Scene) -> Iterator[Callable[[], None]]:
    """Names her for the break-glass; at the end she is named no more, since the scene is every test's."""
    named: list[str] = []

    def name() -> None:
        accounts = json.loads(operate(scene, "accounts", "list", ORGANIZATION, "--json"))["accounts"]
        named.append(next(account["id"] for account in accounts if account["email"] == MARIA))
        operate(scene, "org", "glass", "name", ORGANIZATION, named[0])

    yield name
    operate(scene, "org", "glass", "close", ORGANIZATION)
    operate(scene, "org", "glass", "unname", ORGANIZATION, *named)


def good(visitor: Visitor) -> None:
    """What holds for every page."""
    assert not visitor.is_scrolling_sideways()
    found = Axe().run(visitor.page)
    assert found.violations_count == 0, found.generate_report()


def test_a_passkey_is_registered_rehearsed_and_lets_its_person_in(
    visit: Callable[..., Visitor], scene: Scene, name_maria: Callable[[], None]
) -> None:
    visitor = visit(size=PHONE)
    page, broker = visitor.page, scene.broker_url
    page.goto(f"{broker}/break-glass")
    expect(page.locator("#error")).to_have_attribute("data-code", "page_not_found")

    visitor.sign_in(MARIA, "Maria Kosta")
    name_maria()

    with_a_device(visitor)
    page.goto(f"{broker}/break-glass/passkeys")
    expect(page.locator("#register")).to_be_visible()
    good(visitor)
    page.fill("#name", "Phone in the safe")
    page.click("#register")
    expect(page.locator(".passkeys")).to_contain_text("Phone in the safe")
    expect(page.locator("#due")).to_be_visible()
    good(visitor)
    page.click("#rehearse")
    good(visitor)
    page.click("#use-passkey")
    expect(page.locator("#rehearsed")).to_be_visible()
    expect(page.locator("#due")).to_have_count(0)

    address = operate(scene, "org", "glass", "open", ORGANIZATION, "--why", "drill").split()[-1]
    visitor.context.clear_cookies()
    page.goto(address)
    good(visitor)
    visitor.requests.clear()
    page.click("#begin")
    good(visitor)
    page.click("#use-passkey")
    expect(page.locator("#signed-in")).to_contain_text("Maria Kosta")
    expect(page.locator("#break-glass-banner")).to_be_visible()
    good(visitor)
    assert visitor.visited(scene.simulator_url) == []

    page.goto(scene.application_url)
    page.click("#sign-in")
    visitor.expect_signed_in("Maria Kosta")
    assert visitor.claims()["acr"] == "urn:pobuca:acr:break-glass"

    operate(scene, "org", "glass", "close", ORGANIZATION)
    page.goto(broker)
    expect(page.locator("a#sign-in")).to_be_visible()
    page.goto(address)
    expect(page.locator("#error")).to_have_attribute("data-code", "page_not_found")


@pytest.mark.soak
def test_a_device_that_says_no_is_told_and_can_be_asked_again(
    visit: Callable[..., Visitor], scene: Scene, name_maria: Callable[[], None]
) -> None:
    visitor = visit()
    page = visitor.page
    visitor.sign_in(MARIA, "Maria Kosta")
    name_maria()
    page.goto(f"{scene.broker_url}/break-glass/passkeys")
    page.evaluate("() => { navigator.credentials.create = () => Promise.reject(new Error('no')); }")
    page.fill("#name", "x")
    page.click("#register")
    expect(page.locator("#passkey-failed")).to_be_visible()
    expect(page.locator("#register")).to_be_enabled()


@pytest.mark.soak
def test_without_script_the_page_says_that_passkeys_need_it(
    visit: Callable[..., Visitor], scene: Scene, name_maria: Callable[[], None]
) -> None:
    visitor = visit(java_script_enabled=False)
    page = visitor.page
    page.goto(scene.application_url)
    page.click("#sign-in")
    visitor.give_email(MARIA)
    page.click("#sign-in")
    page.click("#continue")
    visitor.expect_signed_in("Maria Kosta")
    name_maria()
    page.goto(f"{scene.broker_url}/break-glass/passkeys")
    expect(page.locator("#passkey-no-script")).to_be_visible()
    expect(page.locator("#register")).to_be_hidden()
