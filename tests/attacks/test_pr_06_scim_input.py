"""PR-06, G6 and G7 at SCIM: whatever holds a good token and sends anything at all."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import requests

from broker.provisioning.mapping import LIMITS
from tests.support.scim import ENTERPRISE, ERROR, PATCH, USER, Directory, provisioned
from tests.support.world import Foundation

ODD = "\u202eEvil\u202c \x1b[2J\r\nSet-Cookie: x=y\u200b\ufeff<script>alert(1)</script>' OR 1=1 --{{7*7}}"
INJECTED = {
    "id": "chosen",
    "role": "administrator",
    "roles": [{"value": "administrator"}],
    "organization": "helios-shipping",
    "email_verified": True,
    "meta": {"resourceType": "User", "version": "x", "created": "1970-01-01T00:00:00Z"},
    "groups": [{"value": "admins"}],
    "password": "hunter2-hunter2",
    "__proto__": {"role": "administrator"},
    "urn:example:evil": {"role": "administrator"},
}
FILTERS = (
    "userName eq",
    'userName eq "a" or',
    "(" * 300 + 'userName eq "a"' + ")" * 300,
    'userName eq "' + "a" * 5000 + '"',
    "not (" * 100 + 'title pr' + ")" * 100,
    'userName sw 5 and emails[type eq "work" and value co "@"] and meta.lastModified gt "x"',
    "active gt true",
    'id eq "\\u0000"',
    'userName eq "\x00"',
    "password eq \"x\"",
    "title co \"" + "(a+)+" * 50 + "\"",
)


def is_scims(answer: requests.Response) -> bool:
    """Whether a refusal has SCIM's shape, and is nobody's breakdown."""
    if answer.status_code < 400:
        return True
    body = answer.json()
    return (
        answer.status_code < 500
        and answer.headers["Content-Type"].startswith("application/scim+json")
        and body["schemas"] == [ERROR]
        and body["status"] == str(answer.status_code)
        and "<script>" not in answer.text
    )


def bodies() -> list[Any]:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    name = {"schemas": [USER], "userName": "x@aegeanfoods.example"}
    operation = {"op": "replace", "path": "title", "value": "x"}
    return [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"userName": "a@aegeanfoods.example", "userName": "b@aegeanfoods.example"}',
        b'{"schemas": ["' + USER.encode() + b'"], "userName": "\\ud800@aegeanfoods.example"}',
        {},
        {"schemas": [USER]},
        {"schemas": USER, "userName": 5},
        {**name, "schemas": ["urn:example:other"]},
        {**name, "emails": "x"},
        {**name, "emails": [None]},
        {**name, "emails": [{"value": ["x"]}]},
        {**name, "active": "perhaps"},
        {**name, "userName": "", "emails": [{"value": "x@aegeanfoods.example"}]},
        {**name, "userName": "u" * 5000, "emails": [{"value": "x@aegeanfoods.example"}]},
        {**name, "userName": "no address"},
        {**name, "emails": [{"value": "tomas_h.example#EXT#@a.onmicrosoft.com"}], "userName": "guest"},
        {**name, "deep": deep},
        {"schemas": [PATCH], "Operations": [operation] * 101},
        {"schemas": [PATCH], "Operations": [{"op": "destroy", "path": "title"}]},
        {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "id", "value": "other"}]},
        {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "meta.created", "value": "x"}]},
        {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "emails[" * 60, "value": "x"}]},
        {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "userName"}]},
        {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "emails"}]},
        {"schemas": [PATCH], "Operations": "x"},
        {"schemas": [PATCH], "Operations": [{"op": "add", "value": deep}]},
    ]


def test_pr_06_a_directory_sets_nothing_but_what_the_schema_names(foundation: Foundation, tmp_path: Path) -> None:
    with provisioned(foundation, tmp_path / "world") as world:
        directory = Directory(world)
        hostile = {"name": {"givenName": ODD, "familyName": "\u202e\x00"}, "title": ODD * 100, "displayName": ODD}
        made = directory.created("x@aegeanfoods.example", **INJECTED, **hostile, **{ENTERPRISE: {"department": ODD}})
        account = world.around.directory.account(made["id"])
        assert account is not None
        assert made["id"] != "chosen"
        assert (account.role, account.organization, account.email_verified) == ("editor", "aegean-foods", False)
        assert set(account.attributes) <= LIMITS.keys()
        names = {name: getattr(account, name) for name in ("first_name", "last_name", "display_name")}
        values = {**account.attributes, **names}
        for name, value in values.items():
            assert 0 < len(value) <= LIMITS[name], name
            assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in value), name
        for member in ("roles", "groups", "password", "role", "urn:example:evil"):
            assert member not in directory.user(made["id"])
        assert "hunter2" not in world.log_text()
        assert "hunter2" not in json.dumps(directory.user(made["id"]))
        assert "Evil" not in world.log_text(), "logs know people by their account id only"


def test_g6_nothing_that_is_sent_breaks_it_and_every_refusal_is_scims(foundation: Foundation, tmp_path: Path) -> None:
    with provisioned(foundation, tmp_path / "world") as world:
        directory = Directory(world)
        made = directory.created("somebody@aegeanfoods.example", title="Buyer")
        path = f"/Users/{made['id']}"
        answers = [directory.call("POST", "/Bulk", {}), directory.call("GET", "/Me"), directory.call("GET", "/Nothing")]
        for body in bodies():
            for method, where in (("POST", "/Users"), ("PUT", path), ("PATCH", path)):
                answers.append(directory.call(method, where, body))
        for written in FILTERS:
            answers.append(directory.session.get(f"{directory.base}/Users", params={"filter": written}, timeout=30))
            answers.append(directory.call("POST", "/Users/.search", {"filter": written}))
        queries = ({"count": "-1"}, {"startIndex": "x"}, {"sortBy": "emails"}, {"sortBy": "x"}, {"attributes": ODD})
        answers += [directory.session.get(f"{directory.base}/Users", params=each, timeout=30) for each in queries]
        for odd in ("/Users/%00", "/Users/" + "9" * 3000, "/Users/../Users", "/Schemas/x", "/Users/a/b"):
            answers += [directory.call("GET", odd), directory.call("DELETE", odd)]
        answers.append(directory.call("POST", "/Users", b"x" * 70_000))
        answers.append(directory.call("POST", "/Users", b"{}", **{"Content-Type": "text/plain"}))
        answers.append(directory.call("POST", "/Users", b"{}", **{"Content-Encoding": "gzip"}))
        answers.append(directory.call("PATCH", path, {"schemas": [PATCH]}, **{"If-Match": ODD.split("\r")[0][1:5]}))
        broken = [(each.request.method, each.url[-80:], each.status_code) for each in answers if not is_scims(each)]
        assert broken == []
        assert answers[0].status_code == answers[1].status_code == 404
        assert "unforeseen_error" not in world.log_text(), world.log_text()
        assert directory.user(made["id"])["title"] in ("Buyer", "x")
