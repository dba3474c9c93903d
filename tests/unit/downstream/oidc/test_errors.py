"""What applications read when they are refused (RFC 6749 sections 4.1.2.1 and 5.2)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import broker.downstream.oidc
from broker.downstream.oidc.errors import AuthorizationRefused, BearerRefused, ClientRefused, TokenRefused

_REFUSALS = {"AuthorizationRefused", "TokenRefused", "BearerRefused"}
# %x20-21 / %x23-5B / %x5D-7E: no quotation mark, backslash or line break.
_ALLOWED = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]*")


def descriptions() -> list[str]:
    """The third argument of every refusal in the package."""
    found = []
    for path in Path(broker.downstream.oidc.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _REFUSALS
            if isinstance(node, ast.Call) and named and len(node.args) > 2 and isinstance(node.args[2], ast.Constant):
                found.append(str(node.args[2].value))
    return found


def test_every_description_keeps_to_the_characters_that_are_allowed() -> None:
    assert len(descriptions()) > 25
    assert [text for text in descriptions() if not _ALLOWED.fullmatch(text)] == []


def test_the_statuses_are_those_of_the_specifications() -> None:
    assert AuthorizationRefused("x", "y", "z").status == TokenRefused("x", "y", "z").status == 400
    assert ClientRefused("detail").status == 401
    assert BearerRefused("invalid_token", "y", "z").http_status == 401
    assert BearerRefused("", "y", "").http_status == 401
    assert BearerRefused("invalid_request", "y", "z").http_status == 400


def test_neither_detail_nor_description_is_in_the_text_of_an_error() -> None:
    assert str(ClientRefused("detail")) == "invalid_client/client_auth"
