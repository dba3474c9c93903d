"""The break-glass from the naming of a person to the end of the window, and everything that keeps it shut."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from broker.glass.windows import CannotOpen
from tests.support.glass import GIORGOS, Glass, is_in
from tests.support.world import ELENI, World, answered, has_session


@pytest.fixture
def glass(world: World) -> Glass:
    return Glass(world)


def test_a_named_person_registers_rehearses_and_comes_in_until_the_window_ends(world: World, glass: Glass) -> None:
    glass.ready()
    window = glass.open(minutes=60)
    browser = world.browser()
    assert world.go(browser, "/break-glass").status_code == 200
    answer = glass.come_in(browser)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    page = world.go(browser, "/").text
    assert "Eleni Markou" in page
    assert 'id="break-glass-banner"' in page
    code = answered(world.go(browser, world.authorize_url(prompt="none")))["code"]
    tokens = world.tokens(code)
    assert tokens.claims["acr"] == "urn:pobuca:acr:break-glass"
    assert tokens.claims["amr"] == ["pop", "user"]
    assert world.userinfo(tokens.access_token).json()["name"] == "Eleni Markou"
    world.clock.set(window.closes_at)
    assert world.userinfo(tokens.access_token).status_code == 401
    assert not is_in(world, browser)
    assert answered(world.go(browser, world.authorize_url(prompt="none")))["error"] == "login_required"
    assert world.go(world.browser(), "/break-glass").status_code == 404


def test_everything_is_loud(world: World, glass: Glass) -> None:
    glass.ready()
    glass.open()
    glass.come_in(world.browser())
    assert glass.events() == [
        "break_glass_named",
        "passkey_registered",
        "break_glass_rehearsed",
        "break_glass_opened",
        "break_glass_used",
    ]
    (used,) = world.events("break_glass_used")
    assert (used["level"], used["org"], used["account"]) == ("error", "aegean-foods", glass.account().id)
    (signed_in,) = [event for event in world.events("signed_in") if event["conn"] == "break-glass"]
    assert signed_in["rules"][0] == "enforcement"


def test_with_nobody_named_there_are_no_pages(world: World, glass: Glass) -> None:
    browser, _ = world.signed_in()
    for path in ("", "/passkey?state=x", "/passkeys", "/rehearse"):
        assert world.go(browser, f"/break-glass{path}").status_code == 404
    for path in ("", "/passkey", "/passkeys", "/passkeys/remove", "/rehearse"):
        assert glass.post(browser, f"/break-glass{path}", {}).status_code == 404


def test_the_pages_of_a_named_person_need_a_fresh_sign_in_with_microsoft(world: World, glass: Glass) -> None:
    browser = glass.named()
    world.clock.advance(timedelta(minutes=11))
    answer = world.go(browser, "/break-glass/passkeys")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(world.simulator_url)
    stale = world.at_upstream(browser, answer.headers["Location"]).deliver(browser)
    assert "prompt=login" in stale.headers["Location"]  # Microsoft's own session was no fresh proof.
    come_back = world.at_upstream(browser, stale.headers["Location"]).deliver(browser)
    assert come_back.headers["Location"] == "/break-glass/passkeys"
    assert world.go(browser, "/break-glass/passkeys").status_code == 200


def test_a_passkey_can_be_removed_and_a_bad_name_is_said_at_its_field(world: World, glass: Glass) -> None:
    browser = glass.named()
    wrong = glass.register(browser, name=" ")
    assert wrong.status_code == 400
    assert 'aria-invalid="true"' in wrong.text
    assert glass.register(browser, name="Grüner Schlüssel").status_code == 303
    (passkey,) = world.around.records.credentials.passkeys(glass.account().id)
    fields = glass.form(browser, "/break-glass/passkeys").fields
    removal = {"token": fields["token"], "credential": passkey.credential_id}
    assert glass.post(browser, "/break-glass/passkeys/remove", removal).status_code == 303
    assert world.around.records.credentials.passkeys(glass.account().id) == []
    assert glass.events()[-2:] == ["passkey_registered", "passkey_removed"]


def test_the_script_runs_on_the_passkey_pages_alone(world: World, glass: Glass) -> None:
    browser = glass.named()
    policy = world.go(browser, "/break-glass/passkeys").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "script-src" not in world.go(browser, "/").headers["Content-Security-Policy"]


def test_a_window_opens_only_for_named_people_who_rehearsed_within_90_days(world: World, glass: Glass) -> None:
    with pytest.raises(CannotOpen, match="nobody is named"):
        glass.open()
    browser = glass.named()
    with pytest.raises(CannotOpen, match="rehearsed"):
        glass.open()
    glass.register(browser)
    with pytest.raises(CannotOpen, match="rehearsed"):
        glass.open()
    glass.rehearse(browser)
    world.clock.advance(timedelta(days=90))
    assert glass.open().people == (glass.account().id,)
    world.clock.advance(timedelta(seconds=1))
    with pytest.raises(CannotOpen, match="rehearsed"):
        glass.open()


@pytest.mark.parametrize("minutes", [0, 241, -5])
def test_a_window_is_one_minute_to_four_hours(glass: Glass, minutes: int) -> None:
    glass.ready()
    with pytest.raises(CannotOpen, match="240"):
        glass.open(minutes=minutes)


@pytest.mark.parametrize("why", ["", "  ", "x" * 201, "two\nlines"])
def test_an_opening_has_a_reason(glass: Glass, why: str) -> None:
    glass.ready()
    with pytest.raises(CannotOpen, match="why"):
        glass.windows.open("aegean-foods", timedelta(minutes=5), why, "operator")
    assert "break_glass_opened" not in glass.events()


def test_who_is_ready_only_after_the_opening_is_not_in_it(world: World, glass: Glass) -> None:
    glass.ready()
    late = glass.named(GIORGOS)
    window = glass.open()
    assert window.people == (glass.account().id,)
    glass.register(late, GIORGOS)
    glass.rehearse(late, GIORGOS)
    assert glass.come_in(world.browser(), GIORGOS).status_code == 403
    assert glass.events()[-1] == "break_glass_refused"
    glass.open()
    assert glass.come_in(world.browser(), GIORGOS).status_code == 303


def test_closing_ends_what_came_in_at_once_and_a_new_window_does_not_bring_it_back(
    world: World, glass: Glass
) -> None:
    glass.ready()
    glass.open()
    browser = world.browser()
    glass.come_in(browser)
    tokens = world.tokens(answered(world.go(browser, world.authorize_url(prompt="none")))["code"])
    assert glass.windows.close("aegean-foods", "operator")
    assert not is_in(world, browser)
    assert world.userinfo(tokens.access_token).status_code == 401
    world.clock.advance(timedelta(seconds=1))
    glass.open()
    assert not is_in(world, browser)
    assert world.userinfo(tokens.access_token).status_code == 401
    glass.come_in(browser)
    assert is_in(world, browser)
    assert not glass.windows.close("helios-shipping", "operator")


def test_coming_in_leaves_what_the_person_has_with_microsoft_as_it_was(world: World, glass: Glass) -> None:
    at_the_desk = glass.ready()
    before = world.around.records.standings.upstream_grant(glass.account().id)
    assert before is not None
    glass.open()
    assert glass.come_in(world.browser()).status_code == 303
    assert world.around.records.standings.upstream_grant(glass.account().id) == before
    assert is_in(world, at_the_desk)


def test_who_is_unnamed_is_out_at_once_and_without_passkeys(world: World, glass: Glass) -> None:
    glass.ready()
    glass.open()
    browser = world.browser()
    glass.come_in(browser)
    assert glass.windows.unname("aegean-foods", glass.account().id, "operator")
    assert not is_in(world, browser)
    assert world.around.records.credentials.passkeys(glass.account().id) == []
    assert not glass.windows.unname("aegean-foods", glass.account().id, "operator")


def test_whom_the_directory_put_out_is_not_let_in_until_they_have_rehearsed_again(world: World, glass: Glass) -> None:
    browser = glass.ready()
    world.clock.advance(timedelta(minutes=1))
    world.side.endings.end_account(glass.account().id, "disabled", world.clock.now())
    with pytest.raises(CannotOpen, match="rehearsed"):
        glass.open()
    assert not is_in(world, browser)
    again, _ = world.signed_in()
    world.clock.advance(timedelta(minutes=1))
    glass.rehearse(again)
    glass.open()
    world.clock.advance(timedelta(minutes=1))
    assert glass.come_in(world.browser()).status_code == 303
    world.side.endings.end_account(glass.account().id, "deleted", world.clock.now())
    refused = glass.come_in(world.browser())
    assert (refused.status_code, "not been rehearsed" in refused.text) == (403, True)


def test_an_ending_for_another_reason_does_not_spoil_the_break_glass(world: World, glass: Glass) -> None:
    glass.ready()
    world.clock.advance(timedelta(minutes=1))
    world.side.endings.end_account(glass.account().id, "consent_revoked", world.clock.now())
    assert glass.open().people == (glass.account().id,)
    assert glass.come_in(world.browser()).status_code == 303


def test_people_are_reminded_once_a_week_from_75_days_on(world: World, glass: Glass) -> None:
    browser = glass.named()
    assert glass.reminders.remind() == 1  # Never rehearsed.
    glass.register(browser)
    glass.rehearse(browser)
    world.clock.advance(timedelta(days=75))
    assert glass.reminders.remind() == 0
    again, _ = world.signed_in()
    assert 'id="due"' not in world.go(again, "/break-glass/passkeys").text
    world.clock.advance(timedelta(seconds=1))
    assert (glass.reminders.remind(), glass.reminders.remind()) == (1, 0)
    assert 'id="due"' in world.go(again, "/break-glass/passkeys").text
    assert glass.events().count("break_glass_rehearsal_due") == 2
    assert [event["days"] for event in world.events("break_glass_rehearsal_due")] == [None, 75]
    world.clock.advance(timedelta(days=7))
    assert glass.reminders.remind() == 1


def test_an_organisation_that_is_not_federated_has_no_break_glass(world: World, glass: Glass) -> None:
    with pytest.raises(CannotOpen, match="no organization"):
        glass.open("nobody")
    world.signed_in()
    with pytest.raises(CannotOpen, match="no account"):
        glass.windows.name("helios-shipping", glass.account().id, "operator")


def test_the_administrators_get_a_letter_and_nobody_else(world: World, glass: Glass, tmp_path: Path) -> None:
    glass.ready()
    glass.ready(GIORGOS)
    world.around.directory.edit_account(
        glass.account(GIORGOS).id, {"role": "administrator"}, by="operator", at=world.clock.now()
    )
    before = set(_letters(tmp_path))
    glass.open()
    glass.come_in(world.browser())
    sent = set(_letters(tmp_path)) - before
    assert sorted((to, subject) for to, subject, _ in sent) == [
        (GIORGOS, "Άνοιξε η έκτακτη πρόσβαση: Aegean Foods"),  # In the organisation's language.
        (GIORGOS, "Κάποιος συνδέθηκε με την έκτακτη πρόσβαση: Aegean Foods"),
    ]
    assert all(ELENI not in text and "Eleni" not in text for _, _, text in sent)


def _letters(folder: Path) -> list[tuple[str, str, str]]:
    """To, subject and text of every letter so far: they go into a folder beside the directory store."""
    found = [message_from_bytes(file.read_bytes(), policy=default) for file in folder.rglob("*.eml")]
    return [(str(letter["To"]), str(letter["Subject"]), str(letter.get_payload())) for letter in found]


def test_a_named_person_finds_their_passkeys_from_the_start_page(world: World, glass: Glass) -> None:
    browser, _ = world.signed_in()
    assert "break-glass" not in world.go(browser, "/").text
    glass.ready()
    assert 'href="/break-glass/passkeys"' in world.go(browser, "/").text
    glass.open()
    through = world.browser()
    glass.come_in(through)
    assert 'href="/break-glass/passkeys"' not in world.go(through, "/").text


def test_a_session_through_the_break_glass_is_no_way_to_a_passkey(world: World, glass: Glass) -> None:
    glass.ready()
    glass.open()
    browser = world.browser()
    glass.come_in(browser)
    assert has_session(browser)
    for path in ("/break-glass/passkeys", "/break-glass/rehearse"):
        assert world.go(browser, path).status_code == 403
