"""The outbound client reaches what it may reach, and comes back in time with little (threats G8)."""

from __future__ import annotations

import base64
import gzip
import http.server
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from broker.http_client import MAX_BODY_BYTES, AddressPolicy, HttpAnswer, HttpClient, HttpFailure
from tests.support.https import Answer, LocalHttps, Received, certificate
from tests.support.properties import steady

LOOPBACK = ("127.0.0.0/8", "::1/128")


@pytest.fixture
def server() -> Iterator[LocalHttps]:
    with LocalHttps() as running:
        yield running


@pytest.fixture
def client() -> Iterator[HttpClient]:
    made = HttpClient(
        allowed_private_addresses=LOOPBACK, ca_bundle=str(certificate()[0]), timeout=timedelta(seconds=60)
    )
    yield made
    made.close()


@pytest.fixture
def hurried() -> Iterator[HttpClient]:
    made = HttpClient(
        allowed_private_addresses=LOOPBACK, ca_bundle=str(certificate()[0]), timeout=timedelta(milliseconds=400)
    )
    yield made
    made.close()


def failure(client: HttpClient, url: str) -> str:
    with pytest.raises(HttpFailure) as caught:
        client.get(url)
    return caught.value.reason


def test_an_answer_comes_back_as_it_is(server: LocalHttps, client: HttpClient) -> None:
    server.respond_with(lambda _: Answer(418, b'{"a": 1}', {"X-Word": "yes"}))
    answer = client.get(f"{server.origin}/path?q=1", headers={"X-Ask": "please"})
    assert (answer.status, answer.headers["x-word"], answer.json()) == (418, "yes", {"a": 1})
    [received] = server.received
    assert (received.path, received.query, received.headers["x-ask"]) == ("/path", {"q": "1"}, "please")


def test_a_form_and_json_are_posted(server: LocalHttps, client: HttpClient) -> None:
    client.post_form(server.origin, {"a": "1 &=é"}, basic=("id:1", "s e%cret"))
    client.post_json(server.origin, {"securityEnabledOnly": False})
    form, body = server.received
    assert form.form == {"a": "1 &=é"}
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"
    assert base64.b64decode(form.headers["authorization"].removeprefix("Basic ")) == b"id%3A1:s+e%25cret"
    assert (body.headers["content-type"], body.body) == ("application/json", b'{"securityEnabledOnly": false}')


def test_a_connection_is_kept_and_used_again(server: LocalHttps, client: HttpClient) -> None:
    for _ in range(5):
        client.get(server.origin)
    assert (len(server.received), server.connections) == (5, 1)


def test_many_threads_share_the_client(server: LocalHttps, client: HttpClient) -> None:
    server.respond_with(lambda received: Answer(body=received.path.encode()))
    seen: dict[str, bytes] = {}
    threads = [
        threading.Thread(target=lambda path=f"/{n}": seen.update({path: client.get(server.origin + path).body}))
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {f"/{n}": f"/{n}".encode() for n in range(20)}


def test_a_client_trusts_what_the_bundle_holds_when_it_is_made(server: LocalHttps, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    usual = Path(DEFAULT_CA_BUNDLE_PATH).read_bytes()
    for content, outcome in ((usual, "tls"), (certificate()[0].read_bytes(), None), (usual, "tls")):
        bundle.write_bytes(content)
        with closing(HttpClient(allowed_private_addresses=LOOPBACK, ca_bundle=str(bundle))) as made:
            if outcome is None:
                assert made.get(server.origin).status == 200
            else:
                assert failure(made, server.origin) == outcome


def test_what_one_client_may_reach_another_may_not(server: LocalHttps, client: HttpClient) -> None:
    assert client.get(server.origin).status == 200
    with closing(HttpClient(ca_bundle=str(certificate()[0]))) as stranger:
        assert failure(stranger, server.origin) == "address"


def test_a_redirect_is_an_answer_and_is_not_followed(server: LocalHttps, client: HttpClient) -> None:
    server.respond_with(lambda _: Answer(302, headers={"Location": f"{server.origin}/elsewhere"}))
    assert client.get(server.origin).status == 302
    assert len(server.received) == 1


def test_cookies_are_not_kept_between_calls(server: LocalHttps, client: HttpClient) -> None:
    server.respond_with(lambda _: Answer(headers={"Set-Cookie": "who=somebody; Path=/"}))
    client.get(server.origin)
    client.get(server.origin)
    assert all("cookie" not in received.headers for received in server.received)


def test_the_environment_names_no_proxy_and_no_credentials(
    server: LocalHttps, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert client.get(server.origin).status == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example/",
        "ftp://login.example/",
        "https:///nowhere",
        "https://name:word@login.example/",
        "https://login.example:99999/",
        "//login.example/",
        "file:///etc/passwd",
        "",
        "https://[::1",
    ],
)
def test_only_https_to_a_host_is_a_url(client: HttpClient, url: str) -> None:
    assert failure(client, url) == "url"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "0",
        "2130706433",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fc00::1]",
        "[ff02::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fd00:ec2::254]",
    ],
)
def test_without_permission_no_private_address_is_reached(host: str) -> None:
    client = HttpClient()
    assert failure(client, f"https://{host}:9/") == "address"
    client.close()


def test_permission_for_one_network_opens_no_other() -> None:
    policy = AddressPolicy([ipaddress.ip_network("10.0.0.0/24")])
    policy.check(ipaddress.ip_address("10.0.0.7"))
    policy.check(ipaddress.ip_address("::ffff:10.0.0.7"))
    for other in ("10.0.1.7", "127.0.0.1", "::1"):
        with pytest.raises(HttpFailure):
            policy.check(ipaddress.ip_address(other))


@steady
@given(st.ip_addresses())
def test_an_address_is_reached_only_if_it_is_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    try:
        AddressPolicy().check(address)
    except HttpFailure:
        return
    assert address.is_global
    assert not address.is_multicast


def test_a_name_with_one_bad_address_is_refused_altogether(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver is the network's, not ours: it is made to answer as a rebinding attacker's would."""
    stream = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    answers = [(*stream, ("203.0.114.7", 443)), (*stream, ("169.254.169.254", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    client = HttpClient()
    assert failure(client, "https://rebinding.example/") == "address"
    client.close()


def test_an_unknown_name_and_a_closed_port_are_told_apart(client: HttpClient) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        assert failure(client, f"https://127.0.0.1:{port}/") == "connect"
    assert failure(client, "https://nobody.invalid/") == "dns"


def test_a_certificate_of_an_unknown_authority_is_refused(server: LocalHttps) -> None:
    client = HttpClient(allowed_private_addresses=LOOPBACK)
    with pytest.raises(HttpFailure, match="certificate refused: self-signed certificate") as caught:
        client.get(server.origin)
    assert caught.value.reason == "tls"
    client.close()


def test_a_certificate_for_another_name_is_refused(client: HttpClient) -> None:
    with socket.create_server(("127.0.0.2", 0)) as listening:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate())
        threading.Thread(target=_shake_hands, args=(listening, context), daemon=True).start()
        assert failure(client, f"https://127.0.0.2:{listening.getsockname()[1]}/") == "tls"


def _shake_hands(listening: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listening.accept()
    with connection:
        try:
            context.wrap_socket(connection, server_side=True).close()
        except OSError:
            return


def test_a_body_over_a_mebibyte_is_refused_and_one_below_is_not(server: LocalHttps, client: HttpClient) -> None:
    server.respond_with(lambda _: Answer(body=b"x" * MAX_BODY_BYTES))
    assert len(client.get(server.origin).body) == MAX_BODY_BYTES
    server.respond_with(lambda _: Answer(body=b"x" * (MAX_BODY_BYTES + 1)))
    assert failure(client, server.origin) == "too_big"


def test_a_small_body_that_unpacks_to_a_large_one_is_refused(server: LocalHttps, client: HttpClient) -> None:
    packed = gzip.compress(b"x" * (50 * MAX_BODY_BYTES))
    assert len(packed) < MAX_BODY_BYTES
    server.respond_with(lambda _: Answer(body=packed, headers={"Content-Encoding": "gzip"}))
    assert failure(client, server.origin) == "too_big"


def test_an_endless_body_is_refused(server: LocalHttps, client: HttpClient) -> None:
    def pour(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            handler.wfile.write(b"x" * 65536)
            handler.wfile.flush()

    server.respond_with(lambda _: Answer(raw=pour))
    assert failure(client, server.origin) == "too_big"


@pytest.mark.parametrize("slow", ["silent", "head", "body"])
def test_the_deadline_is_for_the_whole_call_however_often_a_byte_comes(
    server: LocalHttps, hurried: HttpClient, slow: str
) -> None:
    """The server trickles until the client has gone: the call ends by its own deadline or this test never does."""
    gone = threading.Event()

    def trickle(handler: http.server.BaseHTTPRequestHandler) -> None:
        head = b"HTTP/1.1 200 OK\r\nX-Long: " if slow == "head" else b"HTTP/1.1 200 OK\r\n\r\n"
        if slow != "silent":
            handler.wfile.write(head)
        try:
            while not gone.wait(0.05):
                if slow != "silent":
                    handler.wfile.write(b"x")
                    handler.wfile.flush()
        except OSError:
            return

    server.respond_with(lambda _: Answer(raw=trickle))
    assert failure(hurried, server.origin) == "timeout"
    gone.set()


def test_a_server_that_never_shakes_hands_is_left_in_time(hurried: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert failure(hurried, f"https://localhost:{listening.getsockname()[1]}/") == "timeout"


def test_the_next_call_after_a_failed_one_works(server: LocalHttps, client: HttpClient) -> None:
    client.get(server.origin)
    server.respond_with(lambda _: Answer(body=b"x" * (MAX_BODY_BYTES + 1)))
    assert failure(client, server.origin) == "too_big"
    server.respond_with(lambda _: Answer(body=b"well"))
    assert client.get(server.origin).body == b"well"


@pytest.mark.parametrize(
    "wire",
    [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"],
)
def test_what_is_no_http_is_a_failure(server: LocalHttps, client: HttpClient, wire: bytes) -> None:
    server.respond_with(lambda _: Answer(raw=lambda handler: (handler.wfile.write(wire), None)[1]))
    assert failure(client, server.origin) == "protocol"


def test_a_post_is_sent_once_even_if_the_answer_is_lost(server: LocalHttps, client: HttpClient) -> None:
    client.get(server.origin)
    server.respond_with(lambda _: Answer(raw=lambda _: None))
    with pytest.raises(HttpFailure):
        client.post_form(server.origin, {"code": "once"})
    posts: list[Received] = [received for received in server.received if received.method == "POST"]
    assert len(posts) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"a": 1, "a": 2}', b"[" * 40 + b"]" * 40, b'{"a": NaN}', b"\xff\xfe", b"[" * 100_000],
)
def test_json_that_could_be_understood_in_two_ways_is_a_failure(body: bytes) -> None:
    with pytest.raises(HttpFailure) as caught:
        HttpAnswer(200, {}, body).json()
    assert caught.value.reason == "json"


def test_json_of_the_wrong_kind_is_no_object() -> None:
    assert HttpAnswer(200, {}, b'{"a": {"b": [1]}}').json_object() == {"a": {"b": [1]}}
    with pytest.raises(HttpFailure):
        HttpAnswer(200, {}, b"[1]").json_object()


def test_a_failure_names_host_and_path_but_not_the_query(client: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(HttpFailure) as caught:
        client.get(f"https://localhost:{port}/path?code=secret")
    assert "secret" not in str(caught.value)
