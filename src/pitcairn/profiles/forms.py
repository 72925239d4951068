"""The forms of People."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django import forms

from pitcairn.profiles.identity_rules import (
    BUILT_IN_TYPES,
    DEFAULT_LIMIT,
    IdentifierType,
    IdentityRules,
    IdentityRulesError,
)
from pitcairn.profiles.queries_settings import TypeItem
from pitcairn.profiles.services import TOKEN_NAME_LENGTH

PLACES = {
    "user_id": "userId",
    "email": "traits.email, context.traits.email",
    "anonymous_id": "anonymousId",
    "android.id": "context.device.id",
    "android.idfa": "context.device.advertisingId",
    "android.push_token": "context.device.token",
    "ios.id": "context.device.id",
    "ios.idfa": "context.device.advertisingId",
    "ios.push_token": "context.device.token",
    "ga_client_id": "context.integrations",
}
"""Where messages have the identifiers whose place nobody can choose."""


class TokenForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=TOKEN_NAME_LENGTH,
        help_text="Who will use it: a program or a team of yours.",
        error_messages={"required": "The name is missing. Say who will use the token."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@dataclass(kw_only=True)
class TypeRow:
    """One type of identifiers as it stands in the form: every value as it was typed."""

    index: int
    name: str
    priority: str
    limit: str
    period: str
    keys: str
    ruled: bool
    """It had a rule before."""
    built_in: bool
    """Its place in messages is known, and the type cannot be taken away."""
    removed: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where messages have it; "" for a type of one's own."""
        return PLACES.get(self.name, "") if self.built_in else ""

    @classmethod
    def of(cls, index: int, item: TypeItem) -> TypeRow:
        return cls(
            index=index,
            name=item.rule.name,
            priority=str(item.priority),
            limit=str(item.rule.limit),
            period=item.rule.period,
            keys=", ".join(item.rule.keys),
            ruled=item.ruled,
            built_in=item.rule.name in BUILT_IN_TYPES,
        )

    def read(self, posted: Mapping[str, str]) -> None:
        """Takes over what was typed for this row."""

        def typed(name: str, default: str) -> str:
            return posted.get(f"{name}-{self.index}", default).strip()

        self.priority = typed("priority", self.priority)
        self.limit = typed("limit", self.limit)
        self.period = typed("period", self.period)
        self.keys = typed("keys", self.keys)
        self.removed = typed("remove", "") == "yes" and not self.built_in


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with the rules as a whole."""

    text: str


class RulesForm:
    """Identity rules as a table: a row for each type, one for a type to add, the blocked values, one a line.

    `rules` is None while something cannot be read; `blame` puts a refusal of the rules beside the field it is about.
    """

    def __init__(
        self, items: Sequence[TypeItem], rules: IdentityRules, posted: Mapping[str, str] | None = None
    ) -> None:
        self.rows = [TypeRow.of(index, item) for index, item in enumerate(items)]
        self.new = TypeRow(
            index=len(items),
            name="",
            priority="",
            limit=str(DEFAULT_LIMIT),
            period="ever",
            keys="",
            ruled=True,
            built_in=False,
        )
        self.blocked = "\n".join(rules.blocked)
        self.most_merges = str(rules.most_merges)
        self.most_identifiers = str(rules.most_identifiers)
        self.errors: dict[str, str] = {}
        self.bound = posted is not None
        self.rules: IdentityRules | None = None
        if posted is not None:
            self._before = {item.rule.name: item.rule for item in items}
            self._read(posted)

    @property
    def invalid(self) -> bool:
        return bool(self.errors or self.new.errors or any(row.errors for row in self.rows))

    def blame(self, error: IdentityRulesError) -> None:
        """Puts the refusal at its place: `types.phone.limit`, `blocked.2`, `most_merges`."""
        place, _, rest = error.field.partition(".")
        if place == "types" and rest:
            for row in (*self.rows, self.new):
                # A type's name may have dots in it, as `ios.id` has.
                if row.name and (rest == row.name or rest.startswith(f"{row.name}.")):
                    part = rest.removeprefix(row.name).lstrip(".") or "name"
                    # A template that asks a dict for `keys` gets the method.
                    row.errors["read_from" if part == "keys" else part] = error.text
                    return
        if place == "blocked" and rest.isdigit():
            self.errors["blocked"] = f"Line {self._line(int(rest))}: {error.text}"
        else:
            self.errors[place] = error.text

    def _read(self, posted: Mapping[str, str]) -> None:
        for row in self.rows:
            row.read(posted)
        self.new.read(posted)
        self.new.name = posted.get("new-name", "").strip()
        self.blocked = posted.get("blocked", "")
        self.most_merges = posted.get("most_merges", "").strip()
        self.most_identifiers = posted.get("most_identifiers", "").strip()
        most_merges = self._whole("most_merges", self.most_merges)
        most_identifiers = self._whole("most_identifiers", self.most_identifiers)
        types = self._types()
        if not self.invalid:
            self.rules = IdentityRules(
                types=types,
                blocked=tuple(line.strip() for line in self.blocked.splitlines() if line.strip()),
                most_merges=most_merges,
                most_identifiers=most_identifiers,
            )

    def _types(self) -> tuple[IdentifierType, ...]:
        """The types that have a rule, in their new order.

        A type that only turned up in messages gets one when its row was changed, or when the order was.
        """
        found: list[tuple[float, int, IdentifierType, TypeRow]] = []
        rows = [row for row in self.rows if not row.removed]
        if self.new.name:
            self.new.priority = self.new.priority or str(len(self.rows) + 1)
            rows.append(self.new)
            if any(row.name == self.new.name for row in self.rows):
                self.new.errors["name"] = f"The type {self.new.name} is there already. Change its row above."
        for row in rows:
            priority = _whole(row.priority)
            limit = _whole(row.limit)
            if priority is None:
                row.errors["priority"] = f"{row.priority!r} is no whole number. Write 1 for the most important type."
            if limit is None:
                row.errors["limit"] = f"{row.limit!r} is no whole number. Write how many, or 0 to never use the type."
            keys = tuple(dict.fromkeys(key.strip() for key in row.keys.split(",") if key.strip()))
            rule = IdentifierType(row.name, limit or 0, row.period, keys)
            # Of two with the same number the one that was changed to it stands first.
            found.append((priority or 0, 0 if row is self.new or priority != row.index + 1 else 1, rule, row))
        ordered = sorted(found, key=lambda one: one[:2])
        moved = [one[3].index for one in ordered] != [row.index for row in rows]
        return tuple(rule for *_, rule, row in ordered if row.ruled or moved or rule != self._before.get(row.name))

    def _whole(self, name: str, text: str) -> int:
        number = _whole(text)
        if number is None:
            self.errors[name] = f"{text!r} is no whole number."
        return number or 0

    def _line(self, number: int) -> int:
        """The line of the blocked values' text that holds the value of this number, both counted from where they begin."""
        lines = [at for at, line in enumerate(self.blocked.splitlines(), start=1) if line.strip()]
        return lines[number] if number < len(lines) else number + 1


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
