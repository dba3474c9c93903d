"""What holds for every page: it can be used by everybody, and fits on a telephone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.tour import PAGES
from tests.browser.visitor import PHONE, Visitor

pytestmark = pytest.mark.browser


def _violations(visitor: Visitor) -> str:
    found = Axe().run(visitor.page)
    return str(found.generate_report()) if found.violations_count else ""


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_in_light_and_dark_and_it_fits_a_phone(visit: Callable[..., Visitor], name: str) -> None:
    visitor = visit(size=PHONE, color_scheme="light")
    PAGES[name](visitor)
    assert not visitor.is_scrolling_sideways()
    assert _violations(visitor) == ""
    visitor.page.emulate_media(color_scheme="dark")
    assert _violations(visitor) == ""


@pytest.mark.parametrize("name", ["sign_in_page", "refusal", "home", "co_workers"])
def test_greek_fits_a_phone_and_is_marked_as_greek(visit: Callable[..., Visitor], name: str) -> None:
    visitor = visit(size=PHONE, locale="el-GR")
    PAGES[name](visitor)
    assert visitor.page.locator("html").get_attribute("lang") == "el"
    assert not visitor.is_scrolling_sideways()
    assert _violations(visitor) == ""
    targets = visitor.page.locator("main :is(button, a, input:not([type=hidden]))").all()
    boxes = [target.bounding_box() for target in targets]
    assert [box for box in boxes if box is None or box["height"] < 44] == []
