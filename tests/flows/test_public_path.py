"""A broker whose public address has a path: everything of it is below that path, and nothing beside it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin

from broker.demo.entra.browser import sign_in
from broker.demo.entra.seed import CLIENT_ID
from tests.support.world import ELENI, Foundation, answered, world_on


def test_a_person_signs_in_below_the_path(foundation: Foundation, tmp_path: Path) -> None:
    base = f"{foundation.broker.url}/sign-in-service"
    with world_on(foundation, tmp_path / "world", settings={"public_url": base}) as world:
        # The simulator is shared with other tests, and a reset leaves its registrations' addresses as they are.
        callbacks = [f"{url}/upstream/entra/callback" for url in (world.broker_url, base)]
        world.control.patch(f"registrations/{CLIENT_ID}", {"redirectUris": callbacks})
        browser = world.browser()
        document = browser.get(f"{base}/.well-known/openid-configuration", timeout=30).json()
        assert document["issuer"] == base
        assert all(value.startswith(base) for name, value in document.items() if name.endswith(("_endpoint", "_uri")))
        asked = world.authorize_url().replace(f"{world.broker_url}/authorize", document["authorization_endpoint"])
        page = browser.get(asked, timeout=30)
        assert page.url.startswith(f"{base}/sign-in/")
        style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
        assert browser.get(urljoin(page.url, style), timeout=30).status_code == 200
        sent = browser.post(page.url, data={"action": "email", "email": ELENI}, allow_redirects=False, timeout=30)
        answer = answered(sign_in(browser, sent.headers["Location"], ELENI).deliver(browser))
        assert answer["iss"] == base
        assert "code" in answer
        assert browser.get(f"{base}/co-workers", timeout=30).status_code == 200
        assert browser.get(f"{world.broker_url}/co-workers", timeout=30).status_code == 404
