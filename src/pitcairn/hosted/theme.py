"""The colours of a hosted page, made from one accent so that every text can be read on them; and its typeface. Pure."""

from __future__ import annotations

import re

from pitcairn.hosted.content import FONTS

PATH = re.compile(r"([0-9a-f]{6})-([a-z]+)\.css")
"""The name of the stylesheet that says one theme: all of it stands in the name."""

_LIGHT, _DARK = (255, 255, 255), (20, 22, 21)
"""The page's backgrounds, as `served/page.css` has them."""
_INK = (0, 0, 0)
_READABLE = 4.5
"""WCAG 2.2, 1.4.3."""

_STACKS = {
    "sans": 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
    "humanist": 'Seravek, "Gill Sans Nova", Ubuntu, Calibri, "DejaVu Sans", source-sans-pro, sans-serif',
    "serif": '"Iowan Old Style", "Palatino Linotype", "URW Palladio L", P052, Charter, Georgia, serif',
    "mono": 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace',
}
assert set(_STACKS) == set(FONTS)

_Colour = tuple[int, int, int]


def name(accent: str, font: str) -> str:
    return f"{accent.removeprefix('#')}-{font}.css"


def stylesheet(file: str) -> str | None:
    """The stylesheet of this name; None when it names none."""
    match = PATH.fullmatch(file)
    if match is None or match[2] not in _STACKS:
        return None
    accent = _parse(match[1])
    lines = {
        "accent": f"light-dark({_hex(readable_on(_LIGHT, accent))}, {_hex(readable_on(_DARK, accent))})",
        "button": _hex(accent),
        "on-button": _hex(ink_on(accent)),
        "font": _STACKS[match[2]],
    }
    return ":root {" + "".join(f" --{key}: {value};" for key, value in lines.items()) + " }\n"


def ink_on(colour: _Colour) -> _Colour:
    """Black or white, whichever is read better on the colour."""
    return max((_LIGHT, _INK), key=lambda ink: contrast(ink, colour))


def readable_on(background: _Colour, colour: _Colour) -> _Colour:
    """The colour, moved away from the background as little as makes a text of it readable there."""
    towards = _INK if _luminance(background) > 0.5 else _LIGHT
    for step in range(101):
        mixed = tuple(round(one + (other - one) * step / 100) for one, other in zip(colour, towards, strict=True))
        found = (mixed[0], mixed[1], mixed[2])
        if contrast(found, background) >= _READABLE:
            return found
    return towards


def contrast(one: _Colour, other: _Colour) -> float:
    """WCAG's contrast ratio, from 1 to 21."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: _Colour) -> float:
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _parse(text: str) -> _Colour:
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)


def _hex(colour: _Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
