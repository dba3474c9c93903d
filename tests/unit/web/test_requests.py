"""What is checked of every request before an endpoint sees it (threats G7, WE-02, WE-06)."""

from __future__ import annotations

import gzip

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from broker.entropy import SystemEntropy
from broker.web import error_pages, headers, language, pages, reference, requests

HOST = "sign-in.pobuca.example"


@pytest.fixture
def application() -> Flask:
    app = Flask("broker.web", root_path=pages.__file__.rpartition("/")[0])
    entropy = SystemEntropy()
    reference.install(app, entropy)
    requests.install(app, f"https://{HOST}")
    headers.install(app, entropy, f"https://{HOST}")
    language.install(app, "en")
    error_pages.install(app)
    app.add_url_rule("/", "pages.home", lambda: "home")

    @app.route("/echo", methods=["GET", "POST"])
    def echo() -> dict[str, str | None]:
        return {"address": request.remote_addr, "url": request.url, "form": str(len(request.form))}

    @app.get("/broken")
    def broken() -> str:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "of the request")

    app.wsgi_app = requests.ClientAddress(app.wsgi_app, trusted=["10.0.0.0/8"])  # type: ignore[method-assign]
    return app


@pytest.fixture
def client(application: Flask) -> FlaskClient:
    return application.test_client()


def test_a_request_for_the_public_host_is_served(client: FlaskClient) -> None:
    assert client.get("/echo", headers={"Host": HOST}).status_code == 200
    assert client.get("/echo", headers={"Host": HOST.upper()}).status_code == 200
    assert client.get("/echo", headers={"Host": f"{HOST}:443"}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", f"{HOST}.evil.example", f"{HOST}:8443", f"{HOST},evil.example", "localhost"]
)
def test_we_02_any_other_host_is_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/echo", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "http"},
        {"X-Forwarded-Prefix": "/evil"},
        {"Forwarded": "host=evil.example;proto=http"},
        {"X-Forwarded-Port": "80"},
        {"X-HTTP-Method-Override": "DELETE"},
    ],
)
def test_we_02_no_header_changes_host_scheme_or_path(client: FlaskClient, header: dict[str, str]) -> None:
    for peer in ("10.0.0.1", "203.0.113.9"):
        answer = client.get("/echo", headers={"Host": HOST, **header}, environ_base={"REMOTE_ADDR": peer})
        assert answer.get_json()["url"] == f"https://{HOST}/echo"


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "not an address", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_only_the_trusted_proxy_says_who_the_client_is(
    client: FlaskClient, peer: str, forwarded: str, seen: str
) -> None:
    answer = client.get(
        "/echo", headers={"Host": HOST, "X-Forwarded-For": forwarded}, environ_base={"REMOTE_ADDR": peer}
    )
    assert answer.get_json()["address"] == seen


def test_we_06_a_compressed_body_is_refused_unread(client: FlaskClient) -> None:
    bomb = gzip.compress(b"a=" + b"0" * 10_000_000)
    answer = client.post(
        "/echo",
        data=bomb,
        headers={"Host": HOST, "Content-Encoding": "gzip"},
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("fields", "status"), [(100, 200), (101, 413)]
)
def test_a_form_has_at_most_a_hundred_fields(client: FlaskClient, fields: int, status: int) -> None:
    form = {f"f{n}": "x" for n in range(fields)}
    assert client.post("/echo", data=form, headers={"Host": HOST}).status_code == status


def test_a_body_has_at_most_a_mebibyte(client: FlaskClient) -> None:
    answer = client.post("/echo", data={"a": "x" * (1024 * 1024)}, headers={"Host": HOST})
    assert answer.status_code == 413


def test_a_long_query_is_refused(client: FlaskClient) -> None:
    assert client.get("/echo?" + "a" * 16_385, headers={"Host": HOST}).status_code == 414
    assert client.get("/echo?" + "&" * 100, headers={"Host": HOST}).status_code == 413


@pytest.mark.parametrize("path", ["/echo", "/nowhere", "/broken"])
def test_we_01_every_answer_has_the_headers_errors_included(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Host": HOST})
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_exception_while_reading_a_request_is_a_400_with_a_reference(client: FlaskClient) -> None:
    answer = client.get("/broken", headers={"Host": HOST})
    assert answer.status_code == 400
    assert "Reference" in answer.text
    assert "UnicodeDecodeError" not in answer.text


def test_a_wrong_method_says_which_are_right(client: FlaskClient) -> None:
    answer = client.delete("/echo", headers={"Host": HOST})
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_the_page_is_greek_for_a_greek_browser(client: FlaskClient) -> None:
    answer = client.get("/nowhere", headers={"Host": HOST, "Accept-Language": "el,en;q=0.5"})
    assert "Δεν υπάρχει τέτοια σελίδα." in answer.text
    assert 'lang="el"' in answer.text


@pytest.mark.parametrize(
    ("public_url", "told"), [("https://localhost:8443", False), ("https://[::1]", False), (f"https://{HOST}", True)]
)
def test_a_browser_is_not_told_to_remember_https_for_everything_on_this_machine(public_url: str, told: bool) -> None:
    app = Flask("broker.web")
    headers.install(app, SystemEntropy(), public_url)
    assert ("Strict-Transport-Security" in app.test_client().get("/").headers) is told


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [("application/json", False), ("application/json, text/html;q=0.1", False), ("*/*", True), ("text/html", True)],
)
def test_a_program_that_wants_json_gets_json(client: FlaskClient, accept: str, is_page: bool) -> None:
    answer = client.delete("/echo", headers={"Host": HOST, "Accept": accept})
    assert answer.status_code == 405
    assert ("<h1>" in answer.text) is is_page
    if not is_page:
        assert answer.get_json().keys() == {"error", "error_description"}
        assert answer.get_json()["error"] == "invalid_request"
