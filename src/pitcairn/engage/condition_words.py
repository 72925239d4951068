"""What can be chosen in the rows of the builder: each value as it stands in a form, with its words."""

from __future__ import annotations

Choices = tuple[tuple[str, str], ...]

VERBS: Choices = (
    ("track", "did"),
    ("not track", "did not do"),
    ("page", "viewed the page"),
    ("not page", "did not view the page"),
    ("screen", "viewed the screen"),
    ("not screen", "did not view the screen"),
)

JOINS: Choices = (("all", "all of these"), ("any", "any of these"), ("none", "none of these"))
WHERE_JOINS: Choices = (("all", "and"), ("any", "or"))
USERS: Choices = (("any", "any user"), ("all", "every user"), ("none", "no user"))

_SAME: Choices = (
    ("equals", "is"),
    ("differs", "is not"),
    ("one_of", "is one of"),
    ("none_of", "is none of"),
    ("exists", "exists"),
    ("absent", "does not exist"),
)
_TEXTS: Choices = (
    ("contains", "contains"),
    ("contains_any", "contains any of"),
    ("omits", "does not contain"),
    ("omits_any", "contains none of"),
    ("starts_with", "starts with"),
    ("ends_with", "ends with"),
    ("matches", "matches"),
)
_NUMBERS: Choices = (
    ("less_than", "is less than"),
    ("at_most", "is at most"),
    ("greater_than", "is more than"),
    ("at_least", "is at least"),
)
_DATES: Choices = (("before_date", "is before"), ("after_date", "is after"))
_FROM_NOW: Choices = (
    ("within_last", "is within the last"),
    ("within_next", "is within the next"),
    ("before_last", "is before the last"),
    ("after_next", "is after the next"),
)
OPERATORS: tuple[tuple[str, Choices], ...] = (
    ("Value", _SAME),
    ("Text", _TEXTS),
    ("Number", _NUMBERS),
    ("Date", (*_DATES, *_FROM_NOW)),
)
"""Of a trait."""

EVENT_OPERATORS: tuple[tuple[str, Choices], ...] = (*OPERATORS[:3], ("Date", _DATES))
"""Of what an event says: its time is asked for by its window."""

MEASURE_OPERATORS: tuple[tuple[str, Choices], ...] = (
    (
        "Number",
        (
            ("at_least", "at least"),
            ("equals", "exactly"),
            ("at_most", "at most"),
            ("greater_than", "more than"),
            ("less_than", "fewer than"),
            ("differs", "not exactly"),
        ),
    ),
    (
        "Text",
        (
            ("contains", "a text with"),
            ("starts_with", "a text beginning with"),
            ("ends_with", "a text ending with"),
            ("one_of", "one of"),
            ("none_of", "none of"),
        ),
    ),
)

MEASURES: Choices = (
    ("count", "times"),
    ("sum", "in sum of"),
    ("average", "on average of"),
    ("minimum", "as smallest"),
    ("maximum", "as largest"),
    ("mode", "as most frequent"),
    ("first", "as first"),
    ("last", "as last"),
    ("unique_count", "different values of"),
)

WINDOWS: Choices = (
    ("", "at any time"),
    ("last", "in the last"),
    ("between", "between"),
    ("before", "more than"),
)
UNITS: Choices = (("minutes", "minutes"), ("hours", "hours"), ("days", "days"), ("weeks", "weeks"))

PERSON_SUBJECTS: Choices = (("trait", "Trait"), ("account", "Account trait"))
ACCOUNT_SUBJECTS: Choices = (("account", "Account trait"),)
EVENT_SUBJECTS: Choices = (("property", "Property"), ("context", "Context"))
COMPARED: Choices = (("", "value"), ("trait", "trait"))
FOLLOW_COMPARED: Choices = (("", "value"), ("trait", "trait"), ("parent", "property of the event before"))
MEMBER: Choices = (("true", "is in the audience"), ("false", "is not in the audience"))

_LABELS = {
    value: f"“{label}”" for _, choices in (*OPERATORS, *MEASURE_OPERATORS) for value, label in choices if "_" in value
}


def in_form_words(problem: str) -> str:
    """A problem of a condition with operators named as the rows name them."""
    for value, label in _LABELS.items():
        problem = problem.replace(f"{value} ", f"{label} ").replace(f"{value};", f"{label};")
    return problem
