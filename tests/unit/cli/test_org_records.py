"""``broker org create``, ``list``, ``plan`` and ``show``."""

from __future__ import annotations

import pytest

from tests.support.operated import TENANT, Operated


def test_an_organization_is_created_with_claimed_domains_and_an_invited_administrator(operated: Operated) -> None:
    told = operated.done(
        *("org", "create", "acme", "--display-name", "Acme Ltd", "--plan", "standard", "--language", "el"),
        *("--domain", "ACME.example", "--administrator", "Maria@acme.example"),
    )
    assert "_pobuca-challenge.acme.example.  TXT  " in told
    assert "maria@acme.example is invited." in told
    assert "https://login.pobuca.example/" in told
    shown = operated.json("org", "show", "acme")
    assert (shown["plan"], shown["state"], shown["from"]) == ("standard", "password", "record")
    assert [(d["domain"], d["proof"]) for d in shown["domains"]] == [("acme.example", "claimed")]
    assert operated.events() == ["organization_created", "domain_claimed", "invitation_sent"]
    assert {entry.actor for entry in operated.trail()} == {"operator"}


def test_a_domain_is_recorded_on_the_operators_word_only_when_that_is_given(operated: Operated) -> None:
    operated.create("acme", "--domain", "acme.example", "--vouch")
    assert [(d["domain"], d["proof"]) for d in operated.json("org", "domain", "list", "acme")["domains"]] == [
        ("acme.example", "operator")
    ]


def test_said_again_it_goes_on_where_it_stopped(operated: Operated) -> None:
    operated.create("acme")
    operated.create("acme", "--domain", "acme.example")
    assert operated.events() == ["organization_created", "domain_claimed"]
    assert "with other words" in operated.refused("org", "create", "acme", "--display-name", "X", "--plan", "standard")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("Acme", "--display-name", "A", "--plan", "standard"), 2, "lower-case letters"),
        (("acme", "--display-name", "", "--plan", "standard"), 2, "1 to 120"),
        (("acme", "--display-name", "A", "--plan", "gold"), 2, "gold"),
        (("acme", "--display-name", "A", "--plan", "standard", "--vouch"), 2, "--domain"),
        (("acme", "--display-name", "A", "--plan", "standard", "--administrator", "nobody"), 2, "exactly one @"),
        (("acme", "--display-name", "A", "--plan", "standard", "--domain", "gmail.com"), 1, "anybody"),
        (("acme", "--display-name", "A", "--plan", "standard", "--domain", "x.aegean.example"), 1, "another"),
        (("aegean-foods", "--display-name", "A", "--plan", "standard"), 1, "organizations/aegean-foods.yaml"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_written(
    operated: Operated, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    assert sentence in operated.refused("org", "create", *arguments, code=code)
    assert [row["name"] for row in operated.json("org", "list")["organizations"]] == ["aegean-foods", "corner-shop"]


def test_a_dry_run_says_what_would_be_done_and_does_nothing(operated: Operated) -> None:
    told = operated.refused(
        *("org", "create", "acme", "--display-name", "Acme", "--plan", "standard"),
        *("--domain", "acme.example", "--administrator", "m@acme.example", "--dry-run"),
        code=0,
    )
    assert told.splitlines() == [
        "Would record the organization acme (Acme), plan standard",
        "Would claim, to be proved by DNS, the domain acme.example",
        "Would invite m@acme.example as its first administrator",
        "Nothing was changed.",
    ]
    assert len(operated.json("org", "list")["organizations"]) == 2


def test_the_list_has_files_and_records_with_their_states(operated: Operated) -> None:
    operated.create("acme")
    operated.connect("acme", tested=False)
    rows = {row["name"]: (row["state"], row["from"]) for row in operated.json("org", "list")["organizations"]}
    assert rows == {
        "acme": ("connected", "record"),
        "aegean-foods": ("enforced", "file"),
        "corner-shop": ("password", "file"),
    }
    assert "3 organizations." in operated.done("org", "list")


def test_the_plan_changes_for_a_record_and_not_for_a_file(operated: Operated) -> None:
    operated.create("acme", plan="standard")
    operated.done("org", "plan", "acme", "enterprise")
    assert operated.json("org", "show", "acme")["plan"] == "enterprise"
    assert "already" in operated.done("org", "plan", "acme", "enterprise")
    assert operated.events() == ["organization_created", "plan_changed"]
    assert "change the plan there" in operated.refused("org", "plan", "corner-shop", "enterprise")


def test_a_connected_organization_keeps_the_plan_that_it_needs(operated: Operated) -> None:
    operated.create("acme")
    operated.connect("acme")
    assert "disconnect it first" in operated.refused("org", "plan", "acme", "standard")


def test_an_unknown_name_is_told_with_what_was_meant(operated: Operated) -> None:
    assert "did you mean corner-shop" in operated.refused("org", "show", "cornershop")


def test_show_tells_what_was_found_when_it_was_connected(operated: Operated) -> None:
    operated.create("acme", "--domain", "acme.example", "--vouch")
    operated.connect("acme")
    shown = operated.json("org", "show", "acme")
    federation = shown["federation"]
    assert (federation["stage"], federation["tenant_id"], federation["epoch"]) == ("tested", TENANT, 0)
    assert federation["consent"]["tenant_name"] == "Acme Ltd"
    assert shown["limits"] == []
    told = operated.done("org", "show", "acme")
    assert "consent of Acme Ltd (acme.example)" in told
    assert "not enforced: its people sign in with a Pobuca password" in told


def test_show_lists_what_a_federated_organization_cannot_do(operated: Operated) -> None:
    told = operated.done("org", "show", "aegean-foods")
    assert "sign in with Microsoft, and in no other way" in told
    assert "CardDAV sync is refused" in told
    assert "declared in its file" in told


def test_an_organization_whose_file_is_gone_stays_in_sight(operated: Operated) -> None:
    (operated.directory / "relying_parties" / "connect.yaml").unlink()
    (operated.directory / "organizations" / "aegean-foods.yaml").unlink()
    rows = {row["name"]: (row["state"], row["from"]) for row in operated.json("org", "list")["organizations"]}
    assert rows["aegean-foods"] == ("enforced", "nothing")
    assert "broker org disconnect aegean-foods" in operated.refused("org", "show", "aegean-foods")
