"""The inputs of the builder's rows. Each knows its row's errors, and whether it is what to go to next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from pitcairn.engage import condition_words as words
from pitcairn.engage.condition_nodes import AnyRow

register = template.Library()

_EMPTY = mark_safe("")


@register.simple_tag(takes_context=True)
def pick(context: template.Context, row: AnyRow, name: str, choices: Any, label: str, css: str = "") -> SafeString:
    """A select of the row's field `name`. `choices` are (value, words), or (group, choices) of them; or their name in
    `condition_words`. A value that is none of them is shown as it is, so that nothing is lost by saving."""
    if isinstance(choices, str):
        choices = getattr(words, choices)
    value = getattr(row, name)
    grouped = bool(choices) and not isinstance(choices[0][1], str)
    known = any(value == one for _, inner in choices for one, _ in inner) if grouped else value in dict(choices)
    options = [] if known else [_options([(value, value or "choose …")], value)]
    if grouped:
        options += [
            format_html('<optgroup label="{}">{}</optgroup>', group, _options(inner, value)) for group, inner in choices
        ]
    else:
        options.append(_options(choices, value))
    return format_html(
        '<select id="{0}" name="{0}" aria-label="{1}" class="{2}"{3}>{4}</select>',
        f"{row.prefix}-{name}",
        label,
        css or name,
        _state(context, row, name),
        _together(options),
    )


@register.simple_tag(takes_context=True)
def entry(
    context: template.Context,
    row: AnyRow,
    name: str,
    label: str,
    placeholder: str = "",
    suggestions: str = "",
    css: str = "",
) -> SafeString:
    """A text input of the row's field `name`; `suggestions` is the id of a datalist."""
    return format_html(
        '<input id="{0}" name="{0}" value="{1}" aria-label="{2}" placeholder="{3}" class="{4}" autocomplete="off" '
        'spellcheck="false" autocapitalize="off"{5}{6}>',
        f"{row.prefix}-{name}",
        getattr(row, name),
        label,
        placeholder,
        css or name,
        format_html(' list="{}"', suggestions) if suggestions else "",
        _state(context, row, name),
    )


@register.simple_tag(takes_context=True)
def row_errors(context: template.Context, row: AnyRow) -> SafeString:
    """What is wrong with the row, under it."""
    if not row.errors:
        return _EMPTY
    said = " ".join(
        f"{problem[:1].upper()}{problem[1:].rstrip('.')}." for problem in dict.fromkeys(row.errors.values())
    )
    return format_html('<p class="error" id="{}-error">{}</p>', row.prefix, said)


@register.simple_tag(takes_context=True)
def adds(context: template.Context, row: AnyRow, kind: str, label: str, ident: str = "") -> SafeString:
    """A button that adds something to the row."""
    ident = f"{row.prefix}-{ident or f'{kind}-add'}"
    return format_html(
        '<button class="btn small" name="do" value="{}-add {}" id="{}"{}>{}</button>',
        kind,
        row.prefix,
        ident,
        _EMPTY if context.get("focus") != ident else mark_safe(" autofocus"),
        label,
    )


def _options(choices: Sequence[tuple[str, str]], value: str) -> SafeString:
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((one, mark_safe(" selected") if one == value else _EMPTY, label) for one, label in choices),
    )


def _together(parts: Sequence[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def _state(context: template.Context, row: AnyRow, name: str) -> SafeString:
    state = _EMPTY
    if name in row.errors:
        state = format_html(' aria-invalid="true" aria-describedby="{}-error"', row.prefix)
    return state + mark_safe(" autofocus") if context.get("focus") == f"{row.prefix}-{name}" else state
