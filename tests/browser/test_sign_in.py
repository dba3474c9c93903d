"""A person in Chromium signs in to the sample application, through three sites."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import ELENI, Visitor

pytestmark = pytest.mark.browser

CALLBACK = "/upstream/entra/callback"
MALLORY = "mallory@evil-olives.example"


def test_a_person_signs_in_with_an_email_address_and_the_answer_is_a_cross_site_post(visitor: Visitor) -> None:
    visitor.to_sign_in_page()
    visitor.give_email(ELENI)
    expect(visitor.page.locator("#signing-in-as")).to_have_text(ELENI)  # The address went along as login_hint.
    visitor.at_microsoft()
    visitor.expect_signed_in()
    expect(visitor.page.locator("#organization")).to_have_text("Aegean Foods")
    answer = next(asked for asked in visitor.requests if asked.url.endswith(CALLBACK))
    assert answer.method == "POST"
    headers = answer.all_headers()
    assert headers["sec-fetch-site"] == "cross-site"
    assert "__Host-login-" in headers["cookie"]
    assert "__Host-session" not in headers["cookie"]


def test_a_person_signs_in_with_the_microsoft_button_alone(visitor: Visitor) -> None:
    visitor.to_sign_in_page()
    visitor.page.click("#sign-in-with-microsoft")
    visitor.at_microsoft(ELENI)
    visitor.expect_signed_in()


def test_enter_in_the_email_field_goes_on(visitor: Visitor) -> None:
    visitor.to_sign_in_page()
    visitor.page.fill("#email", ELENI)
    visitor.page.press("#email", "Enter")
    visitor.at_microsoft()
    visitor.expect_signed_in()


def test_a_page_without_script_is_enough(visit: Callable[..., Visitor]) -> None:
    visitor = visit(java_script_enabled=False)
    visitor.page.goto(visitor.scene.application_url)
    visitor.page.click("#sign-in")
    visitor.give_email(ELENI)
    visitor.page.click("#sign-in")
    visitor.page.click("#continue")  # The simulator's own page, which would have submitted itself.
    visitor.expect_signed_in()


def test_the_second_time_nothing_is_asked_and_microsoft_is_not_visited(visitor: Visitor) -> None:
    visitor.sign_in()
    first = visitor.claims()
    visitor.page.click("#sign-out")  # Of the application alone.
    visitor.requests.clear()
    visitor.page.click("#sign-in")
    visitor.expect_signed_in()
    assert visitor.visited(visitor.scene.broker_url) == ["/authorize"]
    assert visitor.visited(visitor.scene.simulator_url) == []
    again = visitor.claims()
    assert (again["sub"], again["sid"], again["auth_time"]) == (first["sub"], first["sid"], first["auth_time"])
    assert again["nonce"] != first["nonce"]


def test_prompt_none_is_answered_from_the_session_and_refused_without_one(visit: Callable[..., Visitor]) -> None:
    stranger = visit()
    stranger.page.goto(stranger.scene.application_url)
    stranger.page.click("#silent")
    expect(stranger.page.locator("#error-code")).to_have_text("login_required")
    assert stranger.visited(stranger.scene.simulator_url) == []

    known = visit()
    known.sign_in()
    known.requests.clear()
    known.page.click("#silent")
    known.page.wait_for_url(known.scene.application_url + "/")
    known.expect_signed_in()
    assert known.visited(known.scene.broker_url) == ["/authorize"]


def test_prompt_login_asks_for_the_password_again(visitor: Visitor) -> None:
    visitor.sign_in()
    first = visitor.claims()
    # The directory counts whole seconds, and the second sign-in has to be after the first one.
    visitor.page.wait_for_function("then => Date.now() >= then * 1000", arg=first["auth_time"] + 1)
    visitor.page.click("#sign-in-again")
    expect(visitor.page.locator("#signing-in-as")).to_have_text(ELENI)
    visitor.at_microsoft()
    visitor.expect_signed_in()
    again = visitor.claims()
    assert again["sub"] == first["sub"]
    assert again["auth_time"] > first["auth_time"]
    assert again["nonce"] != first["nonce"]


def test_back_on_the_way_leads_to_a_sign_in_page_that_works(visitor: Visitor) -> None:
    visitor.to_sign_in_page()
    visitor.page.click("#sign-in-with-microsoft")
    expect(visitor.page.locator("body[data-page=username]")).to_be_visible()
    visitor.page.go_back()
    expect(visitor.page.locator("#sign-in-with-microsoft")).to_be_visible()
    visitor.give_email(ELENI)
    visitor.at_microsoft()
    visitor.expect_signed_in()


def test_back_after_the_end_can_be_left_by_starting_again(visitor: Visitor) -> None:
    visitor.sign_in()
    sign_in_page = next(a.url for a in visitor.requests if "/sign-in/" in a.url and a.method == "GET")
    visitor.page.goto(sign_in_page)
    expect(visitor.page.locator("#error")).to_have_attribute("data-code", "start_again")
    visitor.page.goto(visitor.scene.application_url)
    visitor.expect_signed_in()


def test_two_tabs_sign_in_side_by_side(visitor: Visitor) -> None:
    first, second = visitor.page, visitor.new_tab()
    visitor.to_sign_in_page(first)
    visitor.to_sign_in_page(second)
    first.click("#sign-in-with-microsoft")
    visitor.give_email(ELENI, second)
    visitor.at_microsoft(ELENI, second)
    visitor.expect_signed_in(page=second)
    first.fill("#username", ELENI)  # Microsoft knows this browser by now and wants no second password.
    first.click("#next")
    visitor.expect_signed_in(page=first)


def test_who_is_refused_can_take_another_account(visitor: Visitor) -> None:
    visitor.to_sign_in_page()
    visitor.be_refused(MALLORY)
    page = visitor.page
    expect(page.locator("#reference")).to_have_text(re.compile(r"^[0-9A-Z]{4}-[0-9A-Z]{4}$"))
    expect(page.locator("#retry")).to_have_text("Use another account")
    page.click("#retry")
    page.click("#sign-in-with-microsoft")
    visitor.at_microsoft(ELENI)
    visitor.expect_signed_in()


def test_who_goes_back_to_the_application_is_not_signed_in_there(visitor: Visitor) -> None:
    visitor.to_sign_in_page()
    visitor.page.click("#cancel")
    expect(visitor.page.locator("#error-code")).to_have_text("access_denied")
    visitor.page.click("#sign-in")  # And can begin anew.
    expect(visitor.page.locator("#sign-in-with-microsoft")).to_be_visible()


def test_what_is_no_address_is_said_at_the_field_and_kept_there(visitor: Visitor) -> None:
    visitor.to_sign_in_page()
    visitor.give_email("eleni at aegean")
    field = visitor.page.locator("#email")
    expect(field).to_have_value("eleni at aegean")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description("Write an address such as name@company.com.")
    visitor.give_email(ELENI)
    visitor.at_microsoft()
    visitor.expect_signed_in()


def test_a_greek_browser_gets_greek_pages(visit: Callable[..., Visitor]) -> None:
    visitor = visit(locale="el-GR")
    page = visitor.page
    visitor.to_sign_in_page()
    expect(page.locator("html")).to_have_attribute("lang", "el")
    expect(page.locator("h1")).to_have_text("Σύνδεση")
    expect(page.locator("#sign-in-with-microsoft")).to_have_text("Σύνδεση με Microsoft")
    visitor.give_email("giorgos.papadopoulos@aegeanfoods.example")
    visitor.at_microsoft()
    visitor.expect_signed_in("Γιώργος Παπαδόπουλος")
    page.goto(visitor.scene.broker_url)
    expect(page.locator("#signed-in h1")).to_have_text("Γιώργος Παπαδόπουλος")
    expect(page.locator("html")).to_have_attribute("lang", "el")


def test_signing_out_of_pobuca_ends_the_session_for_every_application(visitor: Visitor) -> None:
    visitor.sign_in()
    page = visitor.page
    page.goto(visitor.scene.broker_url)
    page.click("#sign-out")
    expect(page.locator("a#sign-in")).to_be_visible()
    page.goto(visitor.scene.application_url)
    page.click("#silent")
    expect(page.locator("#error-code")).to_have_text("login_required")


def test_our_own_pages_ask_for_a_sign_in_and_go_on_to_the_page_that_was_asked_for(visitor: Visitor) -> None:
    page = visitor.page
    page.goto(visitor.scene.broker_url + "/co-workers")
    visitor.give_email(ELENI)
    visitor.at_microsoft()
    expect(page.locator("#co-workers")).to_contain_text("Eleni Markou")
    photo = page.locator("#co-workers img").first
    expect(photo).to_be_visible()
    assert photo.evaluate("image => image.naturalWidth") > 0


def test_markup_in_a_job_title_is_shown_and_never_run(visitor: Visitor) -> None:
    visitor.sign_in("sofia.alexiou@aegeanfoods.example", "Sofia Alexiou")
    visitor.page.goto(visitor.scene.broker_url)
    title = '<img src=x onerror=alert(1)><b>Director</b> & "Partner"'
    expect(visitor.page.locator("#signed-in")).to_contain_text(title)
    visitor.page.goto(visitor.scene.broker_url + "/co-workers")
    expect(visitor.page.locator("#co-workers")).to_contain_text(title)


def test_the_keyboard_alone_is_enough(visitor: Visitor) -> None:
    page = visitor.page
    page.goto(visitor.scene.application_url)
    visitor.tab_to("sign-in")
    page.keyboard.press("Enter")
    expect(page.locator("#sign-in-with-microsoft")).to_be_visible()
    visitor.tab_to("email")
    page.keyboard.type(ELENI)
    visitor.tab_to("continue-with-email")
    page.keyboard.press("Enter")
    expect(page.locator("#password")).to_be_focused()
    page.keyboard.press("Enter")
    visitor.expect_signed_in()
    page.goto(visitor.scene.broker_url)
    visitor.tab_to("sign-out")
    page.keyboard.press("Space")
    expect(page.locator("a#sign-in")).to_be_visible()


def test_an_application_that_wants_a_form_post_gets_a_cross_site_post(visitor: Visitor) -> None:
    visitor.sign_in()
    page, scene = visitor.page, visitor.scene
    page.goto(f"{scene.application_url}/sign-in?prompt=none")
    request = next(a.url for a in visitor.requests if a.url.startswith(scene.broker_url + "/authorize"))
    visitor.requests.clear()
    page.goto(request + "&response_mode=form_post")
    page.wait_for_url(scene.application_url + "/callback")
    answer = visitor.requests[-1]
    assert answer.method == "POST"
    assert answer.all_headers()["sec-fetch-site"] == "cross-site"
    assert "code=" in (answer.post_data or "")
