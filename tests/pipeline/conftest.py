"""The pipeline on real stores: chDB, and whichever SQL store the tests run on."""

import pytest

from pipeline.world import World
from pitcairn.eventstore import EventStore


@pytest.fixture
def world(embedded_store: EventStore, transactional_db: None) -> World:
    return World(embedded_store)
