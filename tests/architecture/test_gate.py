"""Every door asks the gate: what opens, resumes or mints takes an ``Admission`` (DESIGN section 3, threats G5)."""

from __future__ import annotations

import ast
import re
from typing import get_type_hints

import pytest

from broker.admission import Admission
from broker.downstream.oidc.grants import Grants
from broker.downstream.oidc.minting import IdTokens
from broker.downstream.oidc.refresh_families import RefreshFamilies
from broker.downstream.responder import Responder
from broker.messages import LoginResult
from broker.provisioning.just_in_time import JustInTime
from broker.remembered import RememberedFacts
from broker.sessions import Sessions
from tests.architecture.source import Module, functions, modules, parameter_types, parse

DOORS = (
    Sessions.open,
    Sessions.resume,
    JustInTime.create,
    JustInTime.take_over,
    RememberedFacts.remember,
    Grants.issue_code,
    Grants.issue_access_token,
    RefreshFamilies.issue_refresh_token,
    RefreshFamilies.redeem_refresh_token,
    IdTokens.mint,
)

# A logout token lets nobody in: most of them say that the gate has said no.
_WORD_OF_AN_END = "broker/downstream/oidc/logout_tokens.py"

# A function with such a name gives somebody something, whoever writes it and wherever.
_GIVING = re.compile(r"^_?(mint|issue|redeem_refresh|introspect|exchange)(_|$)")

_PROOFS = {"Admission", "LoginResult"}


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__qualname__)
def test_the_doors_take_an_admission(door: object) -> None:
    assert Admission in get_type_hints(door).values()


def test_a_login_result_cannot_be_without_an_admission() -> None:
    assert get_type_hints(LoginResult)["admission"] is Admission


def test_a_responder_answers_from_a_login_result_only() -> None:
    hints = get_type_hints(Responder.reply)
    assert hints["result"] is LoginResult


def unguarded(module: Module) -> list[str]:
    """The functions of a module that give something away or sign something, and take no admission."""
    found = []
    for function in functions(module):
        proven = any(proof in re.findall(r"\w+", text) for text in parameter_types(function) for proof in _PROOFS)
        if not proven and (_GIVING.match(function.name) or _signs(function)):
            found.append(f"{module.path}:{function.lineno} {function.name}")
    return found


def _signs(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sign"
        for node in ast.walk(function)
    )


def test_nothing_downstream_is_minted_or_signed_without_an_admission() -> None:
    downstream = [module for module in modules() if module.path.startswith("broker/downstream/")]
    assert [line for module in downstream for line in unguarded(module) if module.path != _WORD_OF_AN_END] == []
    assert any(_signs(function) for module in downstream for function in functions(module))


@pytest.mark.parametrize(
    "text",
    [
        "def mint_access_token(account: Account) -> str: ...",
        "class Tokens:\n    def issue(self, account: Account) -> str: ...",
        "def answer(self, account: Account) -> str:\n    return self._keys.sign('RS256', 'JWT', {})",
    ],
)
def test_a_door_without_an_admission_is_noticed(text: str) -> None:
    assert unguarded(parse("broker/downstream/elsewhere.py", text))
    assert not unguarded(parse("broker/downstream/elsewhere.py", text.replace("account: Account", "proof: Admission")))
