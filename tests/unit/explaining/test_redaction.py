"""What is recorded of a sign-in names nobody, and rules can still be applied to it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.explaining.pseudonyms import Pseudonyms
from broker.explaining.redaction import LEFT_OUT, Redaction
from broker.location import Location
from broker.tracing import Record, Step
from tests.support.properties import steady

PSEUDONYMS = Pseudonyms(b"k" * 32)
TENANT = "e0e7c1a5-8d0b-4a53-9f0e-6a1f6a3f5d11"
OBJECT_ID = "7c9e2f5a-51a4-4d0a-9a07-0d3b5b1c0a01"
GROUP = "0d6c0f7e-58d3-4d26-8d0e-1a2b3c4d5e6f"


def sample(**given: Any) -> dict[str, Any]:
    """What is kept of a sample."""
    return Redaction(PSEUDONYMS).of(Record("7K2M-Q4XD", [], given))[1]


def step(source: str = "", **given: Any) -> dict[str, Any]:
    """What is kept of one rule's step."""
    given = {"kind": "rule", "group": "admit", "name": "staff", "outcome": "passed", **given}
    location = Location("organizations/aegean-foods.yaml", 12, 7)
    record = Record("7K2M-Q4XD", [Step(**given, location=location, source=source)], {})
    return Redaction(PSEUDONYMS).of(record)[0][0]


NAMES = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzαβγδεζηθικλμνξοπρστυφχψωšéü"), min_size=9, max_size=20)


@settings(steady, max_examples=30)
@given(
    first=NAMES, last=NAMES, local=NAMES, nick=NAMES, street=NAMES, digits=st.text("123456789", min_size=9, max_size=9)
)
def test_nothing_that_says_who_somebody_is_survives_anywhere(
    first: str, last: str, local: str, nick: str, street: str, digits: str
) -> None:
    first, last = first.capitalize(), last.capitalize()
    claims = {
        "oid": OBJECT_ID,
        "name": f"{first} {last}",
        "preferred_username": f"{local}@aegeanfoods.example",
        "upn": f"{local}_home.example#EXT#@aegeanfoods.example",
        "nickname": nick,
        "tel": f"+30 {digits}",
        "badge": int(digits),
        "verified_secondary_email": [f"{local}@other.example"],
        "tid": TENANT,
    }
    profile = {"graph.givenName": first, "graph.surname": last, "graph.streetAddress": f"{street} {digits}"}
    rule = Step(
        "rule",
        "require",
        "members",
        "failed",
        source="claims.acct == 0",
        inputs={"claims": claims, "graph.mobilePhone": digits, "account": {"first_name": first}},
        value=f"{first}.{last}",
        detail=f"cannot convert '{first}' of {local}@aegeanfoods.example ({nick}, {OBJECT_ID}) to a number",
    )
    release = Step("claim", "sample", "greeting", "released", value=f"Kalimera, {first.upper()}!")
    hop = Step("hop", "upstream", "profile", "done", inputs={"email": f"{local}@x.example", "said": f"for {last}"})
    fields = {"display_name": f"{last} {first}", "work_phone": f"210 {digits}", "email": f"{local}@aegeanfoods.example"}
    record = Record(
        "7K2M-Q4XD", [rule, release, hop], {"facts": {"claims": claims}, "profile": profile, "fields": fields}
    )

    kept = json.dumps(Redaction(PSEUDONYMS).of(record), ensure_ascii=False).casefold()

    for personal in (first, last, local, nick, street, digits, OBJECT_ID):
        assert personal.casefold() not in kept
    assert kept.count(TENANT) == 2
    assert "@aegeanfoods.example" in kept


def test_the_same_word_is_the_same_pseudonym_wherever_it_stands_and_in_whatever_case() -> None:
    kept = sample(
        profile={"graph.displayName": "Eleni Markou", "graph.givenName": "ELENI", "graph.mail": "eleni@x.example"}
    )["profile"]
    first = kept["graph.displayName"].split()[0]
    assert first != "Eleni"
    assert kept["graph.givenName"] == first.upper()
    assert kept["graph.mail"] == f"{first.lower()}@x.example"
    assert Pseudonyms(b"l" * 32).text("Eleni") != first


@pytest.mark.parametrize(
    ("written", "shape"),
    [
        ("Eleni", r"[A-Z][a-z]{3,7}"),
        ("Ελένη", r"[Α-Ω][α-ω]{3,7}"),
        ("+30 210 1234567", r"\+\d\d \d{3} \d{7}"),
        ("a.b_home.example#EXT#@t.example", r"[a-z]+\.[a-z]+_[a-z]+\.[a-z]+#EXT#@t\.example"),
        ("EMP-00471", r"[A-Z]+-\d{5}"),
    ],
)
def test_a_pseudonym_has_the_shape_of_what_it_stands_for(written: str, shape: str) -> None:
    assert re.fullmatch(shape, PSEUDONYMS.text(written))
    assert PSEUDONYMS.text(written) != written


def test_what_rules_decide_on_stays() -> None:
    facts = {
        "tenant_id": TENANT,
        "acr": "urn:x",
        "amr": ["pwd", "mfa"],
        "groups": [GROUP],
        "app_roles": ["Olives.Admin"],
        "email_verified": True,
        "claims": {
            "acct": 0,
            "department": "Sales",
            "roles": ["Olives.Admin"],
            "extn.costCenter": "CC 12",
            "iat": 1764540000,
        },
    }
    fields = {"job_title": "Head of Sales", "department": "Sales", "role": "editor", "work_country": "GR"}
    kept = sample(facts=facts, fields=fields, organization="aegean-foods", application="connect")
    assert kept == {"facts": facts, "fields": fields, "organization": "aegean-foods", "application": "connect"}


def test_a_claim_that_nobody_has_heard_of_stays_where_the_rule_says_that_very_text_or_the_operator_named_it() -> None:
    source = 'claims.chapter == "olives" && claims.name == "Eleni Markou"'
    kept = step(source, inputs={"claims.chapter": "olives", "claims.name": "Eleni Markou"})["inputs"]
    assert kept["claims.chapter"] == "olives"
    assert kept["claims.name"] != "Eleni Markou"  # What says who somebody is never stays.
    assert step(source, inputs={"claims.chapter": "grapes"})["inputs"]["claims.chapter"] != "grapes"
    claims = {"chapter": "grapes", "Name": "Eleni"}
    named = Redaction(PSEUDONYMS, ["chapter", "name"]).of(Record("", [], {"facts": {"claims": claims}}))[1]
    assert named["facts"]["claims"]["chapter"] == "grapes"
    assert named["facts"]["claims"]["Name"] != "Eleni"


def test_secrets_pictures_and_what_looks_like_a_token_are_not_kept_in_any_form() -> None:
    token = "eyJhbGciOiJSUzI1NiIsI.eyJzdWIiOiIxMjM0NTY3.c2lnbmF0dXJlLW9mLWl0"
    kept = sample(
        access_token="x", photo=b"\x89PNG", facts={"claims": {"odd": token, "long": "x" * 2000, "nonce": "n"}}
    )
    assert kept == {
        "access_token": LEFT_OUT,
        "photo": LEFT_OUT,
        "facts": {"claims": dict.fromkeys(("odd", "long", "nonce"), LEFT_OUT)},
    }


def test_a_step_shows_the_beginning_of_a_long_list() -> None:
    kept = step(inputs={"identity.groups": [GROUP] * 200})["inputs"]["identity.groups"]
    assert kept == [GROUP] * 20 + ["…"]


def test_whatever_a_value_is_json_can_hold_what_is_kept_of_it() -> None:
    odd = {
        "a": float("inf"),
        "b": object(),
        "c": {"d": {"e": {"f": {"g": {"h": {"i": {"j": 1}}}}}}},
        "k": {"x", "y"},
        "l": (1, 2),
    }
    json.dumps(sample(facts={"claims": odd}), allow_nan=False)


def test_a_directory_that_sends_a_lot_costs_no_work_and_the_rest_is_there() -> None:
    claims = {f"claim{number}": ["z" * 1000] * 250 for number in range(64)}
    given = {"organization": "aegean-foods", "facts": {"claims": claims}}
    _, kept, is_whole = Redaction(PSEUDONYMS).of(Record("7K2M-Q4XD", [], given))
    assert not is_whole
    assert kept["organization"] == "aegean-foods"
    assert 0 < len(json.dumps(kept)) < 400_000
    assert kept["facts"]["claims"]["claim63"] == LEFT_OUT


def test_a_thousand_groups_are_a_whole_sample_and_one_more_is_none() -> None:
    for number, whole in ((1000, True), (1001, False)):
        given = {"facts": {"groups": [GROUP] * number}}
        assert Redaction(PSEUDONYMS).of(Record("7K2M-Q4XD", [], given))[2] is whole
