"""One canonicaliser for every door (threats FE-11 to FE-13)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.addresses import canonical_address, canonical_domain


@pytest.mark.parametrize(
    "written",
    [
        "aegeanfoods.example",
        "AEGEANFOODS.EXAMPLE",
        "aegeanfoods.example.",
        "ａｅｇｅａｎｆｏｏｄｓ.example",
        "aegeanfoods。example",
        " aegeanfoods.example ",
    ],
)
def test_every_spelling_of_a_domain_is_the_same_domain(written: str) -> None:
    assert canonical_domain(written) == "aegeanfoods.example"


def test_an_international_domain_and_its_a_label_are_the_same() -> None:
    assert canonical_domain("τρόφιμα.example") == canonical_domain(canonical_domain("ΤΡΌΦΙΜΑ.example"))
    assert canonical_domain("τρόφιμα.example").startswith("xn--")


@pytest.mark.parametrize(
    "written", ["", ".", "localhost", "a..b", "-a.example", "a b.example", "a@b.example", "[127.0.0.1]"]
)
def test_what_is_not_a_domain_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        canonical_domain(written)


def test_an_address_is_folded_in_both_parts() -> None:
    assert str(canonical_address("Eleni.Markou@AegeanFoods.example.")) == "eleni.markou@aegeanfoods.example"


@pytest.mark.parametrize(
    "written",
    [
        "eleni",
        "@aegeanfoods.example",
        "eleni@",
        "a@b@aegeanfoods.example",
        '"eleni"@aegeanfoods.example',
        "eleni(x)@aegeanfoods.example",
        "Eleni <eleni@aegeanfoods.example>",
        "eleni markou@aegeanfoods.example",
        ".eleni@aegeanfoods.example",
        "eleni..m@aegeanfoods.example",
        "a" * 65 + "@aegeanfoods.example",
        "a@" + "b" * 300 + ".example",
        "eleni@aegeanfoods.example\r\nBcc: x@y.example",
    ],
)
def test_an_ambiguous_address_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        canonical_address(written)


@given(st.text(max_size=400))
def test_no_text_makes_it_raise_anything_but_a_value_error(written: str) -> None:
    try:
        address = canonical_address(written)
    except ValueError:
        return
    assert canonical_address(str(address)) == address, "canonical form is stable"
