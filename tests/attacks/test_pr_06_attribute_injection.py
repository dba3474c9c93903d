"""PR-06: the upstream, or a form, says what only we may say."""

from __future__ import annotations

import unicodedata

from broker.provisioning.mapping import LIMITS
from tests.support.world import ELENI, World, answered

INJECTED = {
    "role": "owner",
    "roles": ["owner", "admin"],
    "is_admin": True,
    "isAdmin": "true",
    "organization": "helios-shipping",
    "org_id": "helios-shipping",
    "account_id": "00000000-0000-4000-8000-000000000001",
    "id": "1",
    "active": False,
    "email_verified": True,
    "acr": "urn:example:gold",
    "sid_": "x",
    "__class__": "x",
    "attributes": {"role": "owner"},
    "attribute_sources": {"role": "x"},
    "created_at": "1970-01-01",
}


def test_pr_06_claims_of_the_upstream_set_nothing_but_what_the_mapping_names(world: World) -> None:
    _, plain = world.signed_in("petra.lang@helios-shipping.example")
    world.control.post("token-mutations", {"claims": INJECTED})
    _, tokens = world.signed_in(scope="openid profile email organization")
    (account,) = world.around.directory.accounts("aegean-foods")
    (petra,) = world.around.directory.accounts("helios-shipping")
    assert account.role == petra.role
    assert account.organization == "aegean-foods"
    assert account.active
    assert set(account.attributes) <= LIMITS.keys()
    said = world.userinfo(tokens.access_token).json()
    assert said["organization"]["id"] == "aegean-foods"
    assert said["organization"]["role"] == petra.role
    assert said["sub"] == account.id == tokens.claims["sub"]
    assert tokens.claims.keys() == plain.claims.keys()
    assert tokens.claims["acr"] == plain.claims["acr"]


def test_pr_06_fields_of_a_form_set_nothing(world: World) -> None:
    browser = world.browser()
    choice = world.broker_url + world.go(browser, world.authorize_url(role="owner")).headers["Location"]
    form = {"action": "email", "email": ELENI, "role": "owner", "organization": "helios-shipping", "sub": "x"}
    left = browser.post(choice, data=form, allow_redirects=False, timeout=30)
    answer = world.at_upstream(browser, left.headers["Location"])
    answer.fields.update({"role": "owner", "organization": "helios-shipping", "user": '{"role":"owner"}'})
    assert "code" in answered(answer.deliver(browser))
    (account,) = world.around.directory.accounts("aegean-foods")
    assert account.role == "editor"
    assert world.accounts("helios-shipping") == 0


def test_pr_06_control_bidi_and_endless_text_is_cleaned(world: World) -> None:
    odd = "\u202eEvil\u202c \x00\x1b[2J\r\nSet-Cookie: x=y\u200b\u2066\ufeff\U000e0041 \u2028 end"
    changes = {
        "displayName": odd,
        "givenName": "\u202e\u200f",
        "surname": "\x00",
        "jobTitle": odd * 200,
        "department": "D" * 5000,
        "city": "\x85\u2029City",
        "businessPhones": ["+30 \u202e1"],
    }
    world.control.patch(f"users/{ELENI}", changes)
    _, tokens = world.signed_in(scope="openid profile email phone address organization")
    (account,) = world.around.directory.accounts("aegean-foods")
    values = {
        **account.attributes,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "display_name": account.display_name,
    }
    for name, value in values.items():
        assert value
        assert len(value) <= LIMITS[name], name
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in value), name
    assert account.attributes["department"] == "D" * 64
    assert account.display_name.startswith("Evil")
    assert world.userinfo(tokens.access_token).json()["name"] == account.display_name
