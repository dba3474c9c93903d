"""Domains that cannot be one organisation's."""

from __future__ import annotations

import pytest

from broker.shared_domains import why_shared


@pytest.mark.parametrize(
    ("domain", "why"),
    [
        ("gmail.com", "mail addresses"),
        ("outlook.com.gr", "mail addresses"),
        ("co.uk", "public suffix"),
        ("com.gr", "public suffix"),
        ("gov.cy", "public suffix"),
        ("onmicrosoft.com", "provider"),
        ("aegeanfoods.onmicrosoft.com", "provider"),
        ("github.io", "provider"),
    ],
)
def test_what_everybody_shares_is_nobodys(domain: str, why: str) -> None:
    assert why in (why_shared(domain) or "")


@pytest.mark.parametrize(
    "domain", ["acme.example", "sales.acme.example", "gmail.com.example", "acme.co.uk", "co.example", "hp.com"]
)
def test_what_can_be_somebodys_is_not_refused(domain: str) -> None:
    assert why_shared(domain) is None
