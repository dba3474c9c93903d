"""What the rules can read is what sign-ins make, and large enough for it."""

from __future__ import annotations

from broker.claims import vocabulary
from broker.claims.facts import Facts, admit_values, attribute_values, release_values, require_values
from broker.federation.attributes import SOURCES
from broker.provisioning.mapping import LIMITS
from tests.support.people import AEGEAN, authentication

FACTS = Facts.of(authentication(groups=()))


def test_every_variable_has_a_value_in_its_list_and_no_other_has() -> None:
    made = {
        "require": require_values(FACTS),
        "attributes": attribute_values(FACTS, {}),
        "admit": admit_values(FACTS, {}),
        "release": release_values(FACTS, {}, AEGEAN, "connect"),
    }
    for name, values in made.items():
        assert values.variables.keys() == vocabulary.variables(name).keys()


def test_the_members_of_account_and_graph_are_those_of_accounts_and_of_graph() -> None:
    assert {*LIMITS, "role"} == vocabulary.ACCOUNT_FIELDS
    graph = {source.removeprefix("graph.") for source in SOURCES if source.startswith("graph.")}
    assert graph <= vocabulary.GRAPH_PROPERTIES


def test_no_variable_without_a_documentation_that_is_a_sentence() -> None:
    for listed in vocabulary.LISTS.values():
        for variable in listed:
            assert variable.documentation.endswith(".")
            assert max(map(len, variable.name.split("."))) < 32
