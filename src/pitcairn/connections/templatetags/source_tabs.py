"""The tabs of a source's pages."""

from django import template
from django.urls import NoReverseMatch, reverse

from pitcairn.dashboard.context import Place

register = template.Library()

TABS = (
    ("overview", "Overview", "connections:source"),
    ("schema", "Schema", "connections:source-schema"),
    ("delivery", "Delivery", "connections:source-delivery"),
    ("settings", "Settings", "connections:source-settings"),
)


@register.simple_tag
def source_tabs(source_id: int, current: str) -> list[Place]:
    """One place per page of the source; `current` is the key of the one that is shown."""
    places = []
    for key, label, route in TABS:
        try:
            url = reverse(route, args=[source_id])
        except NoReverseMatch:
            continue
        places.append(Place(label=label, url=url, current=key == current))
    return places
