"""Keys of audiences and computed traits: snake_case as Segment's own converter for names makes it (facts §6.8).

ASCII letters and digits only; every other run of characters is one `_`; humps of camelCase are split, a run of capitals
followed by small letters stays one word, and digits stick to the word they follow without a break.
"""

import re

KEY_LENGTH = 200
"""Characters. Longer names give a key that is cut."""

_OTHER = re.compile(r"[^A-Za-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def snake_case(name: str) -> str:
    """The name as a key; "" when it has neither a letter nor a digit of ASCII.

    >>> snake_case("Order Completed last 30days"), snake_case("CStringRef"), snake_case("2FA Enabled")
    ('order_completed_last_30days', 'cstring_ref', '2fa_enabled')
    """
    words = _OTHER.sub("_", _HUMP.sub("_", name))
    return words.strip("_").lower()[:KEY_LENGTH].rstrip("_")


def free_key(name: str, taken: frozenset[str]) -> str:
    """The name's key, with a number when an audience or trait of the workspace has it, or ever had it."""
    key = chosen = snake_case(name)
    number = 1
    while chosen in taken:
        number += 1
        end = f"_{number}"
        chosen = key[: KEY_LENGTH - len(end)] + end
    return chosen
