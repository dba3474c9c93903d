"""The parameters of a request, read once (threats DO-27)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from broker.downstream.oidc.parameters import MAX_CHARACTERS, Parameters

Lists = list[tuple[str, list[str]]]

LISTS = st.lists(st.tuples(st.sampled_from("abcd"), st.lists(st.sampled_from(["", "x", "y"]), max_size=3)), max_size=4)


def test_one_value_is_that_value() -> None:
    parameters = Parameters.read([("a", ["1"])], [])
    assert (parameters.get("a"), parameters.get("b")) == ("1", None)
    assert parameters == Parameters({"a": "1"}, in_query=True)


def test_a_parameter_without_a_value_counts_as_left_out() -> None:
    assert Parameters.read([("a", [""])], []).get("a") is None


def test_a_name_that_comes_twice_has_no_value_wherever_it_stood() -> None:
    for query, form in (([("a", ["1", "1"])], []), ([("a", ["1"])], [("a", ["1"])]), ([("a", ["", "1"])], [])):
        parameters = Parameters.read(query, form)
        assert parameters.get("a") is None
        assert parameters.repeated == {"a"}


def test_the_resource_parameter_may_repeat_and_is_of_no_use() -> None:
    parameters = Parameters.read([("resource", ["1", "2"])], [])
    assert (parameters.repeated, parameters.get("resource")) == (frozenset(), None)


def test_query_and_body_together_are_noticed() -> None:
    assert Parameters.read([("a", ["1"])], [("b", ["2"])]).mixed
    assert not Parameters.read([], [("b", ["2"])]).mixed


def test_what_is_too_long_is_not_kept() -> None:
    assert not Parameters.read([("a", ["x" * (MAX_CHARACTERS - 1)])], []).too_long
    parameters = Parameters.read([("a", ["x" * MAX_CHARACTERS])], [])
    assert parameters.too_long
    assert not parameters.values


@given(LISTS, LISTS)
def test_a_value_is_kept_only_if_its_name_came_once(query: Lists, form: Lists) -> None:
    parameters = Parameters.read(query, form)
    every = [(name, value) for name, values in query + form for value in values]
    for name in "abcd":
        came = [value for other, value in every if other == name]
        assert (name in parameters.repeated) == (len(came) > 1)
        assert parameters.get(name) == (came[0] or None if len(came) == 1 else None)
