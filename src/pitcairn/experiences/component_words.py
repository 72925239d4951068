"""What a component says and when it is shown, or where a redirect leads, in words: one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pitcairn.experiences.changes import shortened
from pitcairn.experiences.components import (
    CONTENT,
    BannerContent,
    BannerSettings,
    CardContent,
    CornerSettings,
    RedirectContent,
    RedirectSettings,
    ShownSettings,
    SurveyContent,
    content_of,
    settings_of,
)

_PLACES = {
    "top": "At the top of the page",
    "bottom": "At the bottom of the window",
    "right": "In the lower right corner",
    "left": "In the lower left corner",
}


def content_words(kind: str, config: Mapping[str, Any]) -> tuple[str, ...]:
    """The content of a variation; nothing where there is none."""
    if kind not in CONTENT or not config:
        return ()
    try:
        content = content_of(kind, config)
    except msgspec.ValidationError as error:
        return (f"Cannot be read: {error}",)
    match content:
        case RedirectContent():
            return (f"Visitors go to {content.url}",) if content.url else ()
        case SurveyContent():
            asked = (f"{shortened(one.text)} becomes the trait {one.trait}" for one in content.questions)
            return tuple(filter(None, (shortened(content.headline), shortened(content.text), *asked)))
        case CardContent():
            said: tuple[str, ...] = (content.headline, content.text, content.image and f"Image {content.image}")
        case BannerContent():
            said = (content.text,)
    button = f"“{content.button_label}” leads to {content.button_url}" if content.button_label else ""
    return tuple(shortened(one) for one in (*said, button) if one)


def settings_words(kind: str, config: Mapping[str, Any]) -> tuple[str, ...]:
    """The settings of an experience."""
    if kind not in CONTENT:
        return ()
    try:
        settings = settings_of(kind, config)
    except msgspec.ValidationError as error:
        return (f"Cannot be read: {error}",)
    if isinstance(settings, RedirectSettings):
        return (f"May lead to {', '.join(settings.domains)}",) if settings.domains else ()
    where = _PLACES[settings.position] if isinstance(settings, BannerSettings | CornerSettings) else "Over the page"
    if isinstance(settings, BannerSettings) and settings.pushes:
        where = "Above the page, which it pushes down"
    again = settings.remember_days
    back = f"again {again} {'day' if again == 1 else 'days'} after it was closed" if again else "again on the next page"
    return (f"{where}, {_moment(settings)}", f"Shown {back}")


def _moment(settings: ShownSettings) -> str:
    match settings.trigger:
        case "immediately":
            return "at once"
        case "delay":
            return f"after {settings.seconds} s"
        case "scroll":
            return f"when {settings.percent} % of the page is scrolled"
        case "exit_intent":
            return "when the pointer leaves the page at its top"
