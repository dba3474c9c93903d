"""What the OpenID Foundation's conformance suite looks at in every module, as functions over real answers.

Each takes what came over the wire and either gives what it checked or fails with an assertion. A "should" of the
suite, which it would only warn about, is a failure here.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import requests
from jwcrypto.jwk import JWKSet

# OpenID Connect Core 3.1.2.6, RFC 9207, Session Management 2.
_ERROR_MEMBERS: Final = frozenset({"error", "error_description", "error_uri", "state", "session_state", "iss"})
# RFC 6749 appendix A.8, without the line breaks and tabs that the suite warns about.
_DESCRIPTION: Final = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+")
_CONTROL: Final = re.compile(r"[\r\n\t]")

_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_KEY_MEMBERS: Final[Mapping[str, frozenset[str]]] = {
    "RSA": frozenset({"n", "e"}),
    "EC": frozenset({"crv", "x", "y"}),
    "OKP": frozenset({"crv", "x"}),
}
_KEY_TYPE_OF: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}


def unkept(answer: requests.Response) -> None:
    """Nobody on the way keeps it (OpenID Connect Core 3.1.3.3, RFC 6750 section 5.3)."""
    assert answer.headers["Cache-Control"] == "no-store", answer.headers


def json_object(answer: requests.Response) -> dict[str, Any]:
    """A JSON object by type and by content, each member once, with no null and nothing empty in it."""
    assert answer.headers["Content-Type"].partition(";")[0] == "application/json"
    document = json.loads(answer.text, object_pairs_hook=each_once)
    assert isinstance(document, dict)
    require_content(document)
    return document


def key_set(answer: requests.Response) -> JWKSet:
    """Every key with a name of its own, complete, and nothing private or symmetric among them (RFC 7517)."""
    assert answer.status_code == 200
    keys = json_object(answer)["keys"]
    assert keys
    for key in keys:
        assert not _PRIVATE & key.keys()
        assert _KEY_MEMBERS[key["kty"]] <= key.keys()
        assert key["use"] == "sig"
        assert _KEY_TYPE_OF[key["alg"]] == key["kty"]
        assert key["kty"] != "RSA" or len(_decoded(key["n"])) >= 2048 // 8
    names = [key["kid"] for key in keys]
    assert all(names)
    assert len(names) == len(set(names))
    return JWKSet.from_json(answer.text)


def authorization_response(url: str, asked: Mapping[str, str], issuer: str) -> dict[str, str]:
    """The parameters of the answer at the application: in the query and nowhere else, beside those of the redirect
    URI's own query (OpenID Connect Core 3.1.2.5, RFC 6749 section 3.1.2, RFC 9207).
    """
    came, registered = urlsplit(url), urlsplit(asked["redirect_uri"])
    assert came._replace(query="", fragment="") == registered._replace(query="", fragment="")
    assert came.scheme == "https"
    assert "#" not in url, "the code flow answers in the query"
    pairs = parse_qsl(came.query, keep_blank_values=True, strict_parsing=True)
    own = parse_qsl(registered.query, keep_blank_values=True)
    assert pairs[: len(own)] == own, "the registered query stays"
    fields = dict(pairs[len(own) :])
    assert len(fields) == len(pairs) - len(own), "a parameter came twice"
    assert all(fields.values()), "a parameter is empty"
    assert fields.get("state") == asked.get("state")
    assert fields["iss"] == issuer
    return fields


def code_in(fields: Mapping[str, str]) -> str:
    """The code of a positive answer: long and random enough (RFC 6749 section 10.10)."""
    assert fields.keys() <= {"code", "state", "iss"}, fields
    code = fields["code"]
    # The suite's measure: Shannon's entropy of the characters that occur, times their number.
    counts = Counter(code)
    bits = -sum(n * math.log2(n / len(code)) for n in counts.values())
    assert bits >= 96, bits
    return code


def error_in(fields: Mapping[str, str], *codes: str) -> None:
    """A negative answer: one of these codes and only the registered members (OpenID Connect Core 3.1.2.6)."""
    assert fields["error"] in codes, fields
    assert fields.keys() <= _ERROR_MEMBERS
    _require_description(fields)


def token_error(answer: requests.Response, code: str) -> None:
    """RFC 6749 section 5.2."""
    assert answer.status_code == 400
    unkept(answer)
    members = json_object(answer)
    assert members["error"] == code
    assert members.keys() <= {"error", "error_description", "error_uri"}
    _require_description(members)


def bearer_refused(answer: requests.Response) -> None:
    """A token that opens nothing any more (RFC 6750 section 3.1)."""
    assert answer.status_code == 401
    unkept(answer)
    members = json_object(answer)
    assert members["error"] == "invalid_token"
    assert members.keys() <= {"error", "error_description", "error_uri"}
    _require_description(members)
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer ")
    assert 'error="invalid_token"' in challenge


def token_response(answer: requests.Response) -> dict[str, Any]:
    """OpenID Connect Core 3.1.3.3."""
    assert answer.status_code == 200, answer.text
    unkept(answer)
    members = json_object(answer)
    assert isinstance(members["access_token"], str)
    assert members["token_type"] == "Bearer"
    assert type(members["expires_in"]) is int
    assert members["expires_in"] > 0
    assert members.keys() <= {"access_token", "token_type", "expires_in", "id_token", "scope", "refresh_token"}
    assert len(members.get("refresh_token", "r" * 22)) >= 22, "128 bits (RFC 6749 section 10.10)"
    assert isinstance(members.get("scope", ""), str)
    return members


def _require_description(members: Mapping[str, Any]) -> None:
    said = members["error_description"]
    assert not _CONTROL.search(said)
    assert _DESCRIPTION.fullmatch(said)


def require_content(value: Any) -> None:
    """OpenID Connect Core 5.3.2: what has no value is left out."""
    assert value is not None
    if isinstance(value, str):
        assert value.strip()
    elif isinstance(value, dict | list):
        assert value
        for part in value.values() if isinstance(value, dict) else value:
            require_content(part)


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len({name for name, _ in pairs}) == len(pairs), "a member came twice"
    return dict(pairs)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
