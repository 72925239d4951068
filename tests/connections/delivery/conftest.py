"""Delivery on chDB, and whichever SQL store the tests run on."""

from collections.abc import Iterator
from typing import Any

import pytest

from connections.delivery.world import LOOPBACK, DeliveryWorld
from pitcairn.eventstore import EventStore


@pytest.fixture
def world(embedded_store: EventStore, transactional_db: None, settings: Any) -> Iterator[DeliveryWorld]:
    settings.DELIVERY_NETWORKS = LOOPBACK
    world = DeliveryWorld(embedded_store)
    yield world
    world.close()
