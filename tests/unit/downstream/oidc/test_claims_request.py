"""The ``claims`` parameter (OpenID Connect Core 5.5, threats DO-12)."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.downstream.oidc.claims_request import ClaimsRequest, parse
from broker.downstream.oidc.errors import AuthorizationRefused


def parsed(**members: Any) -> ClaimsRequest:
    return parse(json.dumps(members))


def test_nothing_asks_for_nothing() -> None:
    assert parse(None) == parsed() == ClaimsRequest()


def test_declared_claims_are_kept_by_where_they_are_wanted() -> None:
    request = parsed(id_token={"name": None, "email": {"essential": True}}, userinfo={"address": {}})
    assert (request.id_token, request.userinfo) == (("email", "name"), ("address",))


def test_undeclared_claims_and_members_are_passed_over() -> None:
    request = parsed(id_token={"is_admin": {"essential": True}, "iss": None, "name#el": None}, verified_claims=17)
    assert request == ClaimsRequest()


@pytest.mark.parametrize(
    ("wish", "subjects"),
    [(None, None), ({"essential": True}, None), ({"value": "a"}, ("a",)), ({"values": ["a", "b", "a"]}, ("a", "b"))],
)
def test_a_subject_may_be_demanded(wish: Any, subjects: tuple[str, ...] | None) -> None:
    assert parsed(id_token={"sub": wish}).subjects == subjects
    assert parsed(userinfo={"sub": wish}).subjects == subjects


def test_a_subject_demanded_twice_is_the_common_one() -> None:
    assert parsed(id_token={"sub": {"values": ["a", "b"]}}, userinfo={"sub": {"value": "b"}}).subjects == ("b",)


def test_a_context_class_may_be_a_wish_or_essential() -> None:
    assert parsed(id_token={"acr": {"values": ["x", "y"]}}).acr == ("x", "y")
    assert not parsed(id_token={"acr": {"value": "x"}}).acr_essential
    assert parsed(id_token={"acr": {"essential": True, "value": "x"}}).acr_essential
    assert parsed(id_token={"acr": {"essential": True}}).acr_essential is False


def test_the_time_of_authentication_may_be_essential() -> None:
    assert parsed(id_token={"auth_time": {"essential": True}}).auth_time_essential
    assert not parsed(id_token={"auth_time": None}).auth_time_essential


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"id_token"',
        "{'id_token': {}}",
        '{"id_token": null}',
        '{"id_token": []}',
        '{"userinfo": "name"}',
        '{"id_token": {"name": true}}',
        '{"id_token": {"name": []}}',
        '{"id_token": {"name": {"essential": "true"}}}',
        '{"id_token": {"name": {"essential": null}}}',
        '{"id_token": {"name": {"values": "x"}}}',
        '{"id_token": {"name": null, "name": null}}',
        '{"id_token": {}, "id_token": {"name": null}}',
        '{"id_token": {"acr": {"value": 1}}}',
        '{"id_token": {"acr": {"value": ""}}}',
        '{"id_token": {"acr": {"value": null}}}',
        '{"id_token": {"acr": {"value": "\\ud800"}}}',
        '{"id_token": {"acr": {"values": []}}}',
        '{"id_token": {"acr": {"values": ["x", null]}}}',
        '{"id_token": {"sub": {"value": {"a": 1}}}}',
        '{"id_token": {"sub": {"value": "a"}}, "userinfo": {"sub": {"value": "b"}}}',
        '{"id_token": {"name": {"value": NaN}}}',
        '{"id_token": {"name": {"value": 1e999}}}',
        '{"id_token": {"name": {"value": ' + "[" * 40 + "]" * 40 + "}}}",
        "[" * 8000,
        '{"a":' * 1600,
        '{"id_token": {"acr": {"value": "' + "x" * 256 + '"}}}',
        '{"id_token": {"acr": {"values": ' + json.dumps([str(n) for n in range(17)]) + "}}}",
        " " * 8193 + "{}",
    ],
    ids=lambda text: text[:40],
)
def test_whatever_is_malformed_is_refused(text: str) -> None:
    with pytest.raises(AuthorizationRefused) as refused:
        parse(text)
    assert (refused.value.code, refused.value.reason) == ("invalid_request", "claims_param")


MEMBERS = ("id_token", "userinfo", "sub", "acr", "name", "essential", "value", "values")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=3),
    max_leaves=12,
)


@given(JSON | st.text())
def test_any_text_is_a_request_or_refused(value: Any) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    with contextlib.suppress(AuthorizationRefused):
        assert isinstance(parse(text), ClaimsRequest)
