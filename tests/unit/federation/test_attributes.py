"""The built-in table of account fields, and rows that replace it."""

from __future__ import annotations

from broker.federation.attributes import BUILT_IN, EMAIL_SOURCES, RESERVED, SOURCES, merged, row_of, sources_of
from broker.federation.rule_shapes import AttributeRow
from broker.location import Location
from broker.provisioning.mapping import LIMITS


def test_the_table_has_the_fields_that_provisioning_fills() -> None:
    assert set(BUILT_IN) == set(LIMITS)


def test_the_table_uses_known_sources_only() -> None:
    assert {source for row in BUILT_IN.values() for source in row.sources} <= set(SOURCES)
    assert set(BUILT_IN["email"].sources) <= set(EMAIL_SOURCES) <= set(SOURCES)


def test_no_field_has_a_reserved_name() -> None:
    assert not set(BUILT_IN) & set(RESERVED)


def row(**keys: object) -> AttributeRow:
    return AttributeRow.model_validate({name.rstrip("_"): value for name, value in keys.items()})


def test_a_row_may_be_one_source_or_several() -> None:
    assert sources_of(row(from_="graph.jobTitle")) == ("graph.jobTitle",)
    assert sources_of(row(from_=["graph.companyName", "graph.department"])) == ("graph.companyName", "graph.department")


def test_merging_leaves_the_table_as_it_was() -> None:
    place = Location("f.yaml", 3, 5)
    rule = row_of("job_title", row(from_="id_token.name", on="if_empty"), None, place)
    assert (rule.sources, rule.on, rule.location) == (("id_token.name",), "if_empty", place)
    assert merged({"job_title": rule})["job_title"] == rule
    assert BUILT_IN["job_title"].sources == ("graph.jobTitle",)
    assert all(built_in.on == "create" and built_in.location is None for built_in in BUILT_IN.values())


def test_a_row_that_only_says_whose_the_field_is_keeps_its_sources() -> None:
    place = Location("f.yaml", 3, 5)
    assert row_of("email", row(on="always"), None, place).sources == BUILT_IN["email"].sources
    assert row_of("office", row(on="never"), None, place).sources == ()
