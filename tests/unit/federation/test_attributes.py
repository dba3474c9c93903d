"""The built-in table of account fields, and rows that replace it."""

from __future__ import annotations

from broker.federation.attributes import BUILT_IN, EMAIL_SOURCES, RESERVED, SOURCES, merged, sources_of
from broker.federation.model import AttributeSources
from broker.provisioning.mapping import LIMITS


def test_the_table_has_the_fields_that_provisioning_fills() -> None:
    assert set(BUILT_IN) == set(LIMITS)


def test_the_table_uses_known_sources_only() -> None:
    assert {source for row in BUILT_IN.values() for source in row} <= set(SOURCES)
    assert set(BUILT_IN["email"]) <= set(EMAIL_SOURCES) <= set(SOURCES)


def test_no_field_has_a_reserved_name() -> None:
    assert not set(BUILT_IN) & set(RESERVED)


def test_a_row_may_be_one_source_or_several() -> None:
    one, several = {"from": "graph.jobTitle"}, {"from": ["graph.companyName", "graph.department"]}
    assert sources_of(AttributeSources.model_validate(one)) == ("graph.jobTitle",)
    assert sources_of(AttributeSources.model_validate(several)) == ("graph.companyName", "graph.department")


def test_merging_leaves_the_table_as_it_was() -> None:
    row = AttributeSources.model_validate({"from": "id_token.name"})
    assert merged({"job_title": row})["job_title"] == ("id_token.name",)
    assert BUILT_IN["job_title"] == ("graph.jobTitle",)
