"""The tabs of a destination's pages."""

from django import template
from django.urls import NoReverseMatch, reverse

from pitcairn.connections.queries import DestinationItem
from pitcairn.dashboard.context import Place

register = template.Library()

TABS = (
    ("delivery", "Delivery", "connections:destination-delivery"),
    ("settings", "Settings", "connections:destination"),
    ("filters", "Filters", "connections:destination-filters"),
    ("mapping", "Mapping", "connections:destination-mapping"),
    ("test", "Test", "connections:destination-test"),
    ("queue", "Queue", "connections:destination-queue"),
    ("dead-letters", "Dead letters", "connections:destination-dead-letters"),
)


@register.simple_tag
def destination_tabs(item: DestinationItem, current: str) -> list[Place]:
    """One place per page of the destination; `current` is the key of the one that is shown."""
    places = []
    for key, label, route in TABS:
        try:
            url = reverse(route, args=[item.id])
        except NoReverseMatch:
            continue
        places.append(Place(label=label, url=url, current=key == current))
    return places
