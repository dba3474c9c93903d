"""The profile of a first sign-in, from Graph over a real socket."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from broker.errors import BrokerError, Busy
from broker.identity import Authentication, Secret
from tests.support.fake_entra import as_json
from tests.support.https import Answer
from tests.support.people import AEGEAN, TENANT_B, FixedOrganizations, authentication
from tests.unit.upstream.case import Case

JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 2000
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 2000


@pytest.fixture
def eleni() -> Authentication:
    return authentication(
        access_token=Secret("opaque-access-token"), claims={"name": "Eleni Markou", "xms_pl": "el-gr", "upn": ""}
    )


def refused(case: Case, who: Authentication) -> BrokerError:
    with pytest.raises(BrokerError) as caught:
        case.connector.profile(who)
    return caught.value


def test_every_source_that_has_a_text_is_given(case: Case, eleni: Authentication) -> None:
    assert case.connector.profile(eleni).values == {
        "graph.id": "ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8",
        "graph.displayName": "Eleni Markou",
        "graph.givenName": "Eleni",
        "graph.surname": "Markou",
        "graph.mail": "eleni.markou@aegeanfoods.example",
        "graph.userPrincipalName": "eleni.markou@aegeanfoods.example",
        "graph.jobTitle": "Buyer",
        "graph.businessPhones": "+30 210 0000000",
        "graph.userType": "Member",
        "id_token.name": "Eleni Markou",
        "id_token.xms_pl": "el-gr",
    }
    [me] = case.entra.received("/v1.0/me")
    assert me.headers["authorization"] == "Bearer opaque-access-token"
    assert {"id", "department", "streetAddress", "employeeId", "accountEnabled"} <= set(me.query["$select"].split(","))


def test_a_person_of_whom_hardly_anything_is_known_has_few_sources(case: Case, eleni: Authentication) -> None:
    case.entra.me = {
        "@odata.context": "…",
        "id": eleni.subject.identifier.upper(),
        "displayName": "Maria Kosta",
        "businessPhones": [],
        "mail": None,
        "jobTitle": "   ",
        "givenName": 7,
        "surname": ["x"],
        "city": "x" * 5000,
    }
    values = case.connector.profile(replace(eleni, claims={})).values
    assert values["graph.city"] == "x" * 1024
    assert set(values) == {"graph.id", "graph.displayName", "graph.city"}


@pytest.mark.parametrize(("image", "media_type"), [(JPEG, "image/jpeg"), (PNG, "image/png")])
def test_a_portrait_is_what_its_bytes_say(case: Case, eleni: Authentication, image: bytes, media_type: str) -> None:
    case.entra.answer("/me/photos/240x240/$value", Answer(200, image, {"Content-Type": "text/html"}))
    assert case.connector.profile(eleni).photo == (media_type, image)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<html>", {"Content-Type": "image/jpeg"}),
        Answer(200, b""),
        Answer(200, JPEG + b"x" * 300_000),
        Answer(200, JPEG + b"x" * 2_000_000),
        Answer(500),
        Answer(429),
        Answer(raw=lambda _: None),
    ],
)
def test_without_a_portrait_the_profile_is_complete(case: Case, eleni: Authentication, answer: Answer) -> None:
    case.entra.answer("/me/photos/240x240/$value", answer)
    with capture_logs() as logs:
        assert case.connector.profile(eleni).photo is None
    assert [(log["event"], log["endpoint"]) for log in logs] == [("upstream_error", "graph_photo")]


def test_a_person_without_a_portrait_is_nothing_to_log(case: Case, eleni: Authentication) -> None:
    with capture_logs() as logs:
        assert case.connector.profile(eleni).photo is None
    assert logs == []


def test_no_portrait_is_asked_for_where_none_is_wanted(case: Case, eleni: Authentication) -> None:
    case.connect(fetch_photo=False)
    case.connector.profile(eleni)
    assert case.entra.received("$value") == []


@pytest.mark.parametrize("identifier", [TENANT_B, "", None, 7, "ddf3fc9b"])
def test_an_answer_for_somebody_else_is_refused(case: Case, eleni: Authentication, identifier: object) -> None:
    case.entra.me["id"] = identifier
    error = refused(case, eleni)
    assert (error.code, error.reason) == ("login_failed", "subject")


def test_who_is_disabled_in_the_directory_gets_no_account(case: Case, eleni: Authentication) -> None:
    case.entra.me["accountEnabled"] = False
    error = refused(case, eleni)
    assert (error.code, error.reason, error.explanation) == ("not_allowed", "disabled", "account_disabled_upstream")


def test_a_guest_by_graphs_account_gets_one_only_where_guests_may_come_in(case: Case, eleni: Authentication) -> None:
    case.entra.me["userType"] = "Guest"
    error = refused(case, eleni)
    assert (error.code, error.reason, error.explanation) == ("not_allowed", "guest", "guest")
    case.organizations = FixedOrganizations((replace(AEGEAN, guests_admitted=True),))
    case.connect()
    assert case.connector.profile(eleni).values["graph.userType"] == "Guest"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(429, headers={"Retry-After": "12"}), ("busy", "upstream_down", "directory_busy")),
        (Answer(503), ("busy", "upstream_down", "directory_busy")),
        (Answer(200, b"<html>"), ("busy", "upstream_down", "directory_busy")),
        (Answer(200, b"[]"), ("busy", "upstream_down", "directory_busy")),
        (Answer(raw=lambda _: None), ("busy", "upstream_down", "directory_busy")),
        (as_json({"error": {"code": "InvalidAuthenticationToken"}}, 401), ("login_failed", "profile", "start_again")),
        (
            as_json({"error": {"code": "Authorization_RequestDenied"}}, 403),
            ("login_failed", "profile", "upstream_misconfigured"),
        ),
        (
            as_json({"error": {"code": "Request_ResourceNotFound"}}, 404),
            ("login_failed", "profile", "account_not_found"),
        ),
        (Answer(404, b"<html>"), ("login_failed", "profile", "account_not_found")),
        (Answer(400, b'{"error": "text"}'), ("login_failed", "profile", "login_failed")),
    ],
)
def test_without_the_properties_there_is_no_profile(
    case: Case, eleni: Authentication, answer: Answer, expected: tuple[str, str, str]
) -> None:
    case.entra.answer("/v1.0/me", answer)
    with capture_logs() as logs:
        error = refused(case, eleni)
    assert (error.code, error.reason, error.explanation) == expected
    assert [log["event"] for log in logs] == ["upstream_error"]
    if isinstance(error, Busy) and answer.status == 429:
        assert error.retry_after_seconds == 12


def test_without_an_access_token_there_is_no_profile(case: Case, eleni: Authentication) -> None:
    assert refused(case, replace(eleni, access_token=None)).reason == "profile"
    assert case.entra.server.received == []


# --- later sign-ins ---------------------------------------------------------------------------------------------------


def test_at_a_later_sign_in_graph_is_asked_for_the_properties_only_and_only_if_it_has_to_be(
    case: Case, eleni: Authentication
) -> None:
    heard = case.connector.profile_again(eleni, ask_directory=False)
    assert (set(heard.values), heard.from_directory) == ({"id_token.name", "id_token.xms_pl"}, False)
    assert case.entra.received("/v1.0/") == []
    asked = case.connector.profile_again(eleni, ask_directory=True)
    assert asked == replace(case.connector.profile(eleni), photo=None)
    assert len(case.entra.received("$value")) == 1, "of the first sign-in, which this is not"


@pytest.mark.parametrize("answer", [Answer(503), Answer(403), Answer(200, b"<html>"), Answer(raw=lambda _: None)])
def test_a_graph_that_does_not_answer_is_no_error_then(case: Case, eleni: Authentication, answer: Answer) -> None:
    case.entra.answer("/v1.0/me", answer)
    with capture_logs() as logs:
        heard = case.connector.profile_again(eleni, ask_directory=True)
    assert (heard.values["id_token.name"], heard.from_directory) == ("Eleni Markou", False)
    assert [log["endpoint"] for log in logs] == ["graph_me"]
    assert not case.connector.profile_again(replace(eleni, access_token=None), ask_directory=True).from_directory


def test_one_that_answers_for_somebody_else_or_refuses_the_person_is_an_error_then_too(
    case: Case, eleni: Authentication
) -> None:
    for changes, reason in (({"id": TENANT_B}, "subject"), ({"accountEnabled": False}, "disabled")):
        before = dict(case.entra.me)
        case.entra.me.update(changes)
        with pytest.raises(BrokerError) as refusal:
            case.connector.profile_again(eleni, ask_directory=True)
        assert refusal.value.reason == reason
        case.entra.me.clear()
        case.entra.me.update(before)
