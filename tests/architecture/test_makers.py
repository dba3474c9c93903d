"""Who alone may make the values that mean something has been proved (DESIGN section 3, threats G5)."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source import Module, calls, modules, parse, real_name

MAKERS = {
    "broker.admission.Admission": ("broker/admission.py",),
    "broker.evidence.Heard": ("broker/admission.py",),
    "broker.identity.Authentication": ("broker/upstream/",),
    # A replay's is nobody's: it has no id that an account could have, and is given to nothing that keeps or signs.
    "broker.identity.Account": ("broker/store/", "broker/provisioning/", "broker/explaining/replaying.py"),
    # Beside the protocols, our own pages are a party that asks for logins.
    "broker.messages.LoginRequest": ("broker/downstream/", "broker/web/own_pages.py"),
    "broker.messages.PendingLogin": ("broker/transactions.py",),
    "broker.messages.Transaction": ("broker/transactions.py",),
    "broker.messages.Session": ("broker/sessions.py",),
    "broker.messages.LoginResult": ("broker/login.py",),
    "broker.sessions.DormantSession": ("broker/sessions.py",),
    "broker.passkeys.Proved": ("broker/passkeys.py",),
    "broker.glass.entry.Entered": ("broker/glass/entry.py",),
}


def made_in(module: Module) -> set[tuple[str, int]]:
    """The guarded values that a module makes: by calling the class, by a copy with other fields, or out of bytes."""
    made: set[tuple[str, int]] = set()
    for call, name in calls(module):
        if name in MAKERS:
            made.add((name, call.lineno))
        elif name.endswith("TypeAdapter"):
            for argument in call.args:
                made |= {(guarded, call.lineno) for guarded in _guarded_names(module, argument)}
    return made


def _guarded_names(module: Module, expression: ast.expr) -> set[str]:
    found = {real_name(module, node) for node in ast.walk(expression) if isinstance(node, ast.Name | ast.Attribute)}
    return found & MAKERS.keys()


def test_each_proof_is_made_only_where_it_is_proved() -> None:
    elsewhere = [
        f"{module.path}:{line} makes {name}"
        for module in modules()
        for name, line in made_in(module)
        if not module.path.startswith(MAKERS[name])
    ]
    assert elsewhere == []


@pytest.mark.parametrize("name", MAKERS)
def test_each_proof_is_made_somewhere(name: str) -> None:
    assert any(name == made for module in modules() for made, _ in made_in(module))


@pytest.mark.parametrize(
    "text",
    [
        "from broker.identity import Authentication\nAuthentication()",
        "from broker.identity import Authentication as Proof\nProof()",
        "from broker import identity\nidentity.Authentication()",
        "import broker.identity\nbroker.identity.Authentication()",
        "from pydantic import TypeAdapter\nfrom broker.identity import Authentication\nTypeAdapter(Authentication)",
        "import pydantic\nfrom broker.identity import Authentication\npydantic.TypeAdapter(list[Authentication])",
    ],
)
def test_making_is_noticed_however_it_is_written(text: str) -> None:
    assert {name for name, _ in made_in(parse("broker/elsewhere.py", text))} == {"broker.identity.Authentication"}


def test_no_admission_is_copied_with_other_fields() -> None:
    """``dataclasses.replace`` would take the seal along."""
    copies = [
        f"{module.path}:{call.lineno}"
        for module in modules()
        for call, name in calls(module)
        if name in ("dataclasses.replace", "copy.replace") and call.args and "admission" in ast.unparse(call.args[0])
    ]
    assert copies == []


def test_the_seal_of_an_admission_is_spoken_of_in_one_file() -> None:
    speaking = {
        module.path
        for module in modules()
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Name) and node.id == "_SEAL")
        or (isinstance(node, ast.Attribute) and node.attr in ("_seal", "_SEAL"))
        or (isinstance(node, ast.alias) and node.name == "_SEAL")
        or (isinstance(node, ast.keyword) and node.arg == "_seal")
    }
    assert speaking == {"broker/admission.py"}
