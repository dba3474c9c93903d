"""broker.demo.pages"""

from __future__ import annotations

import pytest

from broker.demo.pages import read_page

PAGE = """<!doctype html><title>A &amp; B</title>
<header><img src="x" id="logo"><a href="/" id="home">Home</a></header>
<form method="post" action="/go?x=1&amp;y=2"><input type="hidden" name="token" value="a&quot;b"><input name="email">
  <input type="submit" name="ignored" value="1"><button id="one" name="action" value="first">First</button>
  <button id="plain">Plain</button></form>
<form action="other"><input name="q" value="v"><br></form>
<dl><dt>E-mail</dt><dd id="mail">e@a.example</dd><dt>City</dt><dd>Πειραιάς</dd></dl>
<ul><li id="account-1"><strong>Eleni</strong>
   <span>Manager</span></li></ul><p>unclosed"""


def test_a_form_has_its_absolute_address_its_fields_and_what_each_button_adds() -> None:
    form = read_page(PAGE, "https://localhost:1/a/b").form_of("one")
    assert (form.action, form.method) == ("https://localhost:1/go?x=1&y=2", "POST")
    assert form.fields == {"token": 'a"b', "email": ""}
    assert form.buttons == {"one": {"action": "first"}, "plain": {}}


def test_a_form_without_a_method_is_a_get_relative_to_its_page() -> None:
    form = read_page(PAGE, "https://localhost:1/a/b").forms[1]
    assert (form.action, form.method, form.fields) == ("https://localhost:1/a/other", "GET", {"q": "v"})


def test_texts_are_found_by_id_with_what_is_inside_them() -> None:
    page = read_page(PAGE, "https://localhost:1/")
    assert page.title == "A & B"
    assert page.texts["account-1"] == "Eleni Manager"
    assert page.texts["home"] == "Home"
    assert page.texts["mail"] == "e@a.example"


def test_definitions_come_in_pairs() -> None:
    assert read_page(PAGE, "https://localhost:1/").definitions == [("E-mail", "e@a.example"), ("City", "Πειραιάς")]


def test_a_button_that_is_not_there_is_an_error() -> None:
    with pytest.raises(LookupError, match="no button 'two'"):
        read_page(PAGE, "https://localhost:1/").form_of("two")
