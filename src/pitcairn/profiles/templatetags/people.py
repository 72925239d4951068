"""What the templates of People need: the tabs of a person's pages and of those about identity, names that break well."""

import re

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from pitcairn.dashboard.context import Place

register = template.Library()

PERSON_TABS = (
    ("timeline", "Timeline", "profiles:profile"),
    ("traits", "Traits", "profiles:traits"),
    ("audiences", "Audiences", "profiles:audiences"),
    ("identity", "Identity", "profiles:identity"),
)
IDENTITY_TABS = (
    ("rules", "Rules", "profiles:rules"),
    ("merges", "Merges", "profiles:merges"),
    ("tokens", "Profile API", "profiles:tokens"),
    ("deleted", "Deleted people", "profiles:deleted"),
)


@register.simple_tag
def person_tabs(profile_id: int, current: str) -> list[Place]:
    """One place per page of the person; `current` is the key of the one that is shown."""
    return _tabs(PERSON_TABS, current, [profile_id])


@register.simple_tag
def identity_tabs(current: str) -> list[Place]:
    """One place per page about how people are told apart, read and removed."""
    return _tabs(IDENTITY_TABS, current, [])


def _tabs(tabs: tuple[tuple[str, str, str], ...], current: str, arguments: list[int]) -> list[Place]:
    places = []
    for key, label, route in tabs:
        try:
            url = reverse(route, args=arguments)
        except NoReverseMatch:
            continue
        places.append(Place(label=label, url=url, current=key == current))
    return places


@register.filter
def breakable(name: str) -> SafeString:
    """`company.employee_count` that breaks after a dot or a low line when it must, rather than inside a word."""
    parts = re.split(r"(?<=[._])", name)
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in parts))
