"""Every refusal has a sentence of its own."""

from __future__ import annotations

import ast

from broker.web.explanations import EXPLANATIONS
from tests.architecture.source import modules


def keys_used() -> set[str]:
    """Every text that is given as ``explanation=``, wherever it is written."""
    found: set[str] = set()
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.keyword) and node.arg == "explanation":
                found |= {
                    inner.value
                    for inner in ast.walk(node.value)
                    if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
                }
    return found


def test_every_key_that_a_refusal_names_has_its_sentence() -> None:
    used = keys_used()
    assert {"wrong_password", "link_used", "carddav_federated", "last_administrator"} <= used
    assert used - EXPLANATIONS.keys() == set()


def test_every_sentence_has_a_next_step() -> None:
    for key, said in EXPLANATIONS.items():
        assert str(said.sentence._args[0]).endswith((".", ":")), key
        assert str(said.next_step._args[0]).endswith("."), key
