import pytest

from engage.world import EngageWorld
from pages import *  # noqa: F403 - the fixtures that tests of pages share
from pitcairn.eventstore import EventStore


@pytest.fixture
def engage(embedded_store: EventStore, transactional_db: None) -> EngageWorld:
    return EngageWorld(embedded_store)
