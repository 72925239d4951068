"""The small words of the pages' templates: times, states, fields, copy buttons, addresses with one thing changed."""

from datetime import UTC, datetime
from typing import Any

from django import template
from django.forms import BoundField
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from pitcairn.dashboard.times import ago, from_ms

register = template.Library()


@register.simple_tag(name="time")
def time_element(moment: datetime | float | str | None, never: str = "never") -> str | SafeString:
    """A `<time>` that reads `2 minutes ago`, exact on hover, in the reader's zone. Takes a datetime or ms."""
    if moment is None or isinstance(moment, str):  # Django hands "" for what is not there
        return never
    if not isinstance(moment, datetime):
        moment = from_ms(int(moment))
    moment = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC" data-ago>{}</time>',
        f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z",
        f"{moment:%-d %B %Y, %H:%M:%S}",
        ago(moment, datetime.now(UTC)),
    )


@register.simple_tag
def clock(moment: datetime) -> SafeString:
    """A `<time>` to the second, for lists in which relative times would all read alike."""
    moment = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC" data-clock>{}</time>',
        f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z",
        f"{moment:%-d %B %Y, %H:%M:%S}",
        f"{moment:%H:%M:%S}" if moment.date() == datetime.now(UTC).date() else f"{moment:%-d %b, %H:%M:%S}",
    )


@register.simple_tag
def state(kind: str, words: str) -> SafeString:
    """A state in words with its dot; `kind` is on, off, warn, bad or anything else for a neutral dot."""
    return format_html('<span class="state" data-state="{}">{}</span>', kind, words)


@register.simple_tag
def field(bound: BoundField, **attributes: Any) -> SafeString:
    """A form field with label, hint and its first error beside it."""
    bound.field.widget.attrs.update({name.replace("_", "-"): value for name, value in attributes.items()})
    return render_to_string("dashboard/parts/field.html", {"field": bound})


@register.simple_tag
def copy(value: str) -> SafeString:
    """A button that copies `value`; hidden without JavaScript."""
    return render_to_string("dashboard/parts/copy.html", {"value": value})


@register.simple_tag
def code(value: str) -> SafeString:
    """A block of code to take away."""
    return render_to_string("dashboard/parts/code.html", {"code": value})


@register.simple_tag(takes_context=True)
def here(context: template.Context, **changes: Any) -> str:
    """The address of this page with some of its query changed; an empty value takes the parameter out."""
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    for name, value in changes.items():
        if value in {None, ""}:
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"{request.path}?{query.urlencode()}" if query else request.path


@register.filter
def count_of(number: int, words: str) -> str:
    """`{{ 1|count_of:"source,sources" }}` gives `1 source`; `none` is written as `no sources`."""
    singular, plural = words.split(",")
    return f"1 {singular}" if number == 1 else f"{number:,} {plural}" if number else f"no {plural}"
