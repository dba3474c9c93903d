"""Chromium and a scene, once a process; a new browser profile for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.scene import Scene
from tests.browser.scene import scene as set_up
from tests.browser.visitor import Visitor, launch, visiting


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Broker, simulator and application, each a site of its own."""
    with set_up(tmp_path_factory.mktemp("scene")) as made:
        yield made


@pytest.fixture(scope="session")
def chromium(scene: Scene) -> Iterator[Browser]:
    """One Chromium for all tests of this process; profiles keep them apart."""
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        browser = launch(playwright, scene)
        yield browser
        browser.close()


@pytest.fixture
def visit(scene: Scene, chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors; at the end none of their browsers may have complained about a page."""
    visitors: list[Visitor] = []
    with ExitStack() as exits:

        def make(**settings: Any) -> Visitor:
            visitor = exits.enter_context(visiting(scene, chromium, **settings))
            visitors.append(visitor)
            return visitor

        yield make
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """A person with a new browser, in English, at a desk."""
    return visit()
