"""The person of a sign-in: goes through the broker's page and the simulator's, and stops before the application."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import requests

from broker.demo.entra.browser import sign_in
from broker.demo.pages import read_page
from broker.demo.stage import Stage

ELENI = "eleni.markou@aegeanfoods.example"


def go_through(stage: Stage, browser: requests.Session, address: str, person: str = ELENI) -> str:
    """From here to the address at the application that the broker names at the end.

    ``address`` is the application's authorization request, or where the broker sent the browser meanwhile.
    """
    location = address
    if urlsplit(address).path == "/authorize":
        location = _redirected(browser.get(address, allow_redirects=False))
    if urlsplit(location).path.startswith("/sign-in/"):
        page = browser.get(location)
        form = read_page(page.text, page.url).form_of("sign-in-with-microsoft")
        pressed = form.fields | form.buttons["sign-in-with-microsoft"]
        location = _redirected(browser.post(form.action, data=pressed, allow_redirects=False))
    if location.startswith(stage.simulator_url):
        location = _redirected(sign_in(browser, location, person).deliver(browser))
    return location


def _redirected(answer: requests.Response) -> str:
    if not answer.is_redirect:
        raise AssertionError(f"no redirect but {answer.status_code}: {answer.text[:800]}")
    return urljoin(answer.url, answer.headers["Location"])
