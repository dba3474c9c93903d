"""How an application is answered after a login."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.admission import Evidence
from broker.errors import BadRequest, NotAllowed, PartyError
from broker.identity import Subject
from broker.messages import FormPost, Redirect
from tests.support.people import TENANT_A, account, authentication
from tests.unit.downstream.oidc.stand import ISSUER, REDIRECT, Stand, answer_of, basic


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("login_required", "login_required"),
        ("interaction_required", "interaction_required"),
        ("access_denied", "access_denied"),
        ("unmet_authentication_requirements", "unmet_authentication_requirements"),
        ("temporarily_unavailable", "temporarily_unavailable"),
        ("something_of_another_protocol", "server_error"),
    ],
)
def test_a_refusal_is_said_in_the_words_of_the_protocol(stand: Stand, code: str, said: str) -> None:
    stand.refusal = PartyError(code, "reason", "detail for the log")
    response = stand.authorize()
    answer = answer_of(response)
    assert answer.keys() == {"error", "error_description", "state", "iss"}
    assert (answer["error"], answer["state"], answer["iss"]) == (said, "st4te", ISSUER)
    assert "detail" not in response.headers["Location"]


def test_an_answer_goes_by_the_way_that_was_asked_for(stand: Stand) -> None:
    stand.authorize()
    stand.authorize(response_mode="form_post")
    by_query, by_form = (stand.responder.reply(stand.result(request)) for request in stand.logins)
    assert isinstance(by_query, Redirect)
    assert isinstance(by_form, FormPost)
    assert by_form.url == REDIRECT
    assert by_form.fields.keys() == {"code", "state", "iss"}


def test_an_answer_needs_the_admission_of_the_very_account(stand: Stand) -> None:
    stand.authorize()
    result = stand.result(stand.logins[0])
    other = account(id="another", subject=Subject.entra(TENANT_A, "aaaaaaaa-0000-4000-8000-000000000001"))
    admission = stand.gate.admit(
        Evidence.fresh(authentication(subject=other.subject), other, None),
    )
    with pytest.raises(NotAllowed):
        stand.responder.reply(replace(result, admission=admission))


def test_a_client_that_was_removed_meanwhile_is_not_answered(stand: Stand) -> None:
    stand.authorize()
    request = stand.logins[0]
    result = stand.result(request)
    stand.parties._parties.pop("sample")
    with pytest.raises(BadRequest) as refused:
        stand.responder.reply(result)
    assert refused.value.reason == "client"
    with pytest.raises(BadRequest):
        stand.responder.refuse(request, PartyError("login_required", "prompt"))


def test_a_redirect_uri_that_was_removed_meanwhile_is_not_answered(stand: Stand) -> None:
    stand.authorize()
    result = stand.result(stand.logins[0])
    sample = stand.parties._parties["sample"]
    stand.parties._parties["sample"] = replace(sample, redirect_uris=frozenset({"https://app.pobuca.example/new"}))
    with pytest.raises(BadRequest) as refused:
        stand.responder.reply(result)
    assert refused.value.reason == "redirect_uri"


def test_another_person_than_the_hint_s_is_not_answered_for(stand: Stand) -> None:
    hint = stand.tokens()["id_token"]
    other = account(id="another", subject=Subject.entra(TENANT_A, "aaaaaaaa-0000-4000-8000-000000000001"))
    stand.directory.people[other.id] = other
    stand.signs_in = authentication(subject=other.subject)
    assert answer_of(stand.authorize(id_token_hint=hint))["error"] == "login_required"
    assert "code" in answer_of(stand.authorize())
    paired = stand.token(stand.code(client_id="paired"), headers=basic("paired"))
    assert paired.status_code == 200
