"""A website with the tag on it, its servers, and a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from browser.conftest import Complaints
from browser.tag.scene import Scene
from browser.tag.servers import Edge, Website, served


@pytest.fixture
def edge() -> Iterator[Edge]:
    edge = Edge()
    with served(edge.answer) as edge.url:
        yield edge
        edge.decide_gate.open()
        edge.tag_gate.open()
        edge.components_gate.open()


@pytest.fixture
def website(edge: Edge) -> Iterator[Website]:
    website = Website(edge)
    with served(website.answer) as website.url:
        yield website


@pytest.fixture
def scene(page: Page, edge: Edge, website: Website, complaints: Complaints) -> Scene:
    return Scene(page, edge, website, complaints)
