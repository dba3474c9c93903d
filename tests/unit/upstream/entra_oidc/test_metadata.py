"""A discovery document is believed only if issuer and endpoints belong to the authority asked (threats UO-22)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.refreshing import Unavailable
from broker.upstream.entra_oidc.metadata import read_metadata
from tests.support.people import TENANT_A, TENANT_B
from tests.support.properties import steady

HOST = "https://login.microsoftonline.com"


def document(authority: str, **changes: Any) -> dict[str, Any]:
    base = f"{HOST}/{authority}"
    stated = {
        "issuer": f"{HOST}/{'{tenantid}' if authority == 'organizations' else authority}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "jwks_uri": f"{base}/discovery/v2.0/keys?appid=5a27bf0b-cdae-4cd1-a308-f8f920c3bf4f",
        "cloud_instance_name": "microsoftonline.com",
        "an_addition_of_tomorrow": {"ignored": True},
    }
    return {name: value for name, value in {**stated, **changes}.items() if value is not None}


def test_the_documents_of_a_tenant_and_of_the_shared_authority_are_read() -> None:
    own = read_metadata(document(TENANT_A), HOST, TENANT_A)
    shared = read_metadata(document("organizations", cloud_instance_name=None), HOST, None)
    assert (own.issuer, own.cloud_instance_name) == (f"{HOST}/{TENANT_A}/v2.0", "microsoftonline.com")
    assert (shared.issuer, shared.cloud_instance_name) == (f"{HOST}/{{tenantid}}/v2.0", None)


@pytest.mark.parametrize(
    ("tenant", "issuer"),
    [
        (TENANT_A, f"{HOST}/{TENANT_B}/v2.0"),
        (TENANT_A, f"{HOST}/{{tenantid}}/v2.0"),
        (TENANT_A, f"{HOST}/{TENANT_A}/v2.0/"),
        (TENANT_A, f"{HOST}/{TENANT_A.upper()}/v2.0"),
        (TENANT_A, f"https://sts.windows.net/{TENANT_A}/"),
        (TENANT_A, None),
        (TENANT_A, 7),
        (None, f"{HOST}/{TENANT_A}/v2.0"),
        (None, f"{HOST}/organizations/v2.0"),
    ],
)
def test_another_issuer_is_refused(tenant: str | None, issuer: object) -> None:
    with pytest.raises(Unavailable):
        read_metadata(document(tenant or "organizations", issuer=issuer), HOST, tenant)


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        7,
        "/relative",
        "http://login.microsoftonline.com/x",
        "https://login.microsoftonline.com.attacker.example/x",
        "https://login.microsoftonline.com@attacker.example/x",
        "https://login.microsoftonline.com:444/x",
        "https://attacker.example/login.microsoftonline.com",
        "https://login.microsoftonline.com\\@attacker.example/x",
        "https://login.microsoftonline.com /x",
        "https://login.microsoftonline.com/x#fragment",
        "https://login.microsоftonline.com/x",
        "https://[login/x",
        "https://login.microsoftonline.com/\r\nx",
    ],
)
def test_an_endpoint_on_another_host_is_refused(name: str, value: object) -> None:
    with pytest.raises(Unavailable):
        read_metadata(document(TENANT_A, **{name: value}), HOST, TENANT_A)


def test_a_cloud_that_is_no_text_is_refused() -> None:
    with pytest.raises(Unavailable):
        read_metadata(document(TENANT_A, cloud_instance_name=7), HOST, TENANT_A)


values = st.none() | st.integers() | st.text(max_size=40) | st.lists(st.text(max_size=3)) | st.booleans()


@steady
@given(st.dictionaries(st.sampled_from(sorted(document(TENANT_A))), values, max_size=4))
def test_whatever_a_document_holds_only_the_refusal_is_raised(changes: dict[str, Any]) -> None:
    try:
        metadata = read_metadata({**document(TENANT_A), **changes}, HOST, TENANT_A)
    except Unavailable:
        return
    assert metadata.token_endpoint.startswith(f"{HOST}/")
