"""A second evaluator of conditions over histories: reads the JSON of both, slowly and plainly, and shares no code with the
first. Times are `datetime`s, numbers `Decimal`s."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from .naive import NAIVE, naive_number, naive_trait

JSONObject = dict[str, Any]


def naive_moment(value: object) -> datetime | None:
    """The texts that the tests make have no other shapes that Python would read."""
    if (
        not isinstance(value, str)
        or len(value) < len("2026-01-01T00:00:00Z")
        or value[10] != "T"
        or value[11:13] == "24"
    ):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return moment.astimezone(UTC) - timedelta(microseconds=moment.microsecond % 1000)


def span(value: JSONObject) -> timedelta:
    return timedelta(**{value["unit"]: value["amount"]})


def is_single(value: object) -> bool:
    return isinstance(value, str | int | float)


def naive_leaf(leaf: JSONObject, value: object, refer: Callable[[JSONObject], object], now: datetime) -> bool:
    operator, other = leaf["operator"], leaf.get("value")
    if operator in {"exists", "absent"}:
        return (value is None) == (operator == "absent")
    if isinstance(other, dict) and "amount" not in other:
        other = refer(other)
        if not is_single(other):
            return False
    if value is None:
        return False
    if operator in NAIVE:
        return NAIVE[operator](value, other)
    moment = naive_moment(value)
    if moment is None:
        return False
    if operator in {"before_date", "after_date"}:
        bound = naive_moment(other)
        return bound is not None and (moment < bound if operator == "before_date" else moment > bound)
    assert isinstance(other, dict)
    length = span(other)
    if operator == "within_last":
        return now - length < moment <= now
    if operator == "before_last":
        return moment <= now - length
    if operator == "within_next":
        return now < moment <= now + length
    return moment > now + length


class NaivePerson:
    def __init__(self, person: JSONObject, now: datetime) -> None:
        self.person, self.now = person, now
        self.traits = person.get("traits", {})
        self.events = person.get("events", [])

    def holds(self, tree: JSONObject) -> bool:
        if not tree:
            return True
        if "all" in tree:
            return all(self.holds(inner) for inner in tree["all"])
        if "any" in tree:
            return any(self.holds(inner) for inner in tree["any"])
        if "not" in tree:
            return not self.holds(tree["not"])
        if "event" in tree:
            value = self.measured(tree)
            asked = {"operator": tree.get("operator", "at_least"), "value": tree.get("value", 1)}
            return naive_leaf(asked, value, self.refer_to_trait, self.now)
        if tree["fact"] == "audience":
            return (tree["name"] in self.person.get("audiences", [])) == tree["value"]
        if tree["fact"] == "trait":
            return naive_leaf(tree, naive_trait(self.traits, tree["name"]), self.refer_to_trait, self.now)
        found = [naive_trait(account, tree["name"]) for account in self.person.get("accounts", [])]
        if tree["operator"] == "absent":
            return all(value is None for value in found)
        return any(naive_leaf(tree, value, self.refer_to_trait, self.now) for value in found)

    def refer_to_trait(self, reference: JSONObject) -> object:
        return naive_trait(self.traits, reference["trait"])

    def fits(self, where: JSONObject, event: JSONObject, parent: JSONObject | None) -> bool:
        if not where:
            return True
        if "all" in where:
            return all(self.fits(inner, event, parent) for inner in where["all"])
        if "any" in where:
            return any(self.fits(inner, event, parent) for inner in where["any"])
        if "not" in where:
            return not self.fits(where["not"], event, parent)
        source = event.get("properties" if where["fact"] == "property" else "context", {})

        def refer(reference: JSONObject) -> object:
            if "trait" in reference:
                return self.refer_to_trait(reference)
            return naive_trait((parent or {}).get("properties", {}), reference["parent"])

        return naive_leaf(where, naive_trait(source, where["name"]), refer, self.now)

    def is_called(self, event: JSONObject, node: JSONObject) -> bool:
        return event.get("type", "track") == node.get("type", "track") and node["event"] in {"", event["event"]}

    def counted(self, node: JSONObject) -> list[JSONObject]:
        window = node.get("window", {})
        found = []
        for event in sorted(self.events, key=lambda event: (at(event), event.get("message_id", ""))):
            if not self.is_called(event, node) or not self.fits(node.get("where", {}), event, None):
                continue
            if "oldest" in window and at(event) <= self.now - span(window["oldest"]):
                continue
            if "newest" in window and at(event) > self.now - span(window["newest"]):
                continue
            if all(self.followed(event, follow) for follow in node.get("then", [])):
                found.append(event)
        if "session" not in window:
            return found
        session: list[JSONObject] = []
        before = self.now
        for event in reversed(found):
            if before - at(event) >= span(window["session"]):
                break
            session.append(event)
            before = at(event)
        return session[::-1]

    def followed(self, parent: JSONObject, follow: JSONObject) -> bool:
        end = at(parent) + span(follow["within"])
        came = any(
            self.is_called(event, follow)
            and at(parent) < at(event) <= end
            and self.fits(follow.get("where", {}), event, parent)
            for event in self.events
        )
        return came if follow.get("did", True) else not came and self.now > end

    def measured(self, node: JSONObject) -> Any:
        measure, events = node.get("measure", "count"), self.counted(node)
        if measure == "count":
            return len(events)
        found = [naive_trait(event.get("properties", {}), node["property"]) for event in events]
        if measure in {"sum", "average", "minimum", "maximum"}:
            return self.of_numbers(measure, [number for value in found if (number := naive_number(value)) is not None])
        singles = [value for value in found if is_single(value)]
        if measure in {"first", "last"}:
            return self.of_time(measure, events, node["property"])
        keys = {naive_key(value): value for value in singles}
        ordered = [keys[key] for key in sorted(keys)]
        if measure == "unique":
            return ordered
        if measure == "unique_count":
            return len(ordered)
        times = Counter(naive_key(value) for value in singles)
        most = max(times.values(), default=0)
        return next((value for value in ordered if times[naive_key(value)] == most), None) if most > 1 else None

    def of_numbers(self, measure: str, numbers: list[Decimal]) -> float | None:
        if measure in {"minimum", "maximum"}:
            return float(min(numbers) if measure == "minimum" else max(numbers)) if numbers else None
        small = [
            number.quantize(Decimal("0.000001"), ROUND_HALF_EVEN)
            for number in numbers
            if abs(number) < Decimal(10) ** 12
        ]
        if not small:
            return None
        return float(sum(small)) if measure == "sum" else float(sum(small)) / len(small)

    def of_time(self, measure: str, events: list[JSONObject], name: str) -> object:
        found = [
            ((at(event), event.get("message_id", ""), naive_key(value)), value)
            for event in events
            if is_single(value := naive_trait(event.get("properties", {}), name))
        ]
        if not found:
            return None
        return (min if measure == "first" else max)(found, key=lambda item: item[0])[1]


def naive_account(tree: JSONObject, account: JSONObject, now: datetime) -> bool:
    if not tree:
        return True
    if "all" in tree:
        return all(naive_account(inner, account, now) for inner in tree["all"])
    if "any" in tree:
        return any(naive_account(inner, account, now) for inner in tree["any"])
    if "not" in tree:
        return not naive_account(tree["not"], account, now)
    if "users" in tree:
        answers = [NaivePerson(user, now).holds(tree.get("condition", {})) for user in account.get("users", [])]
        if tree["users"] == "none":
            return not any(answers)
        return any(answers) if tree["users"] == "any" else bool(answers) and all(answers)
    value = naive_trait(account.get("traits", {}), tree["name"])
    return naive_leaf(tree, value, lambda reference: None, now)


def at(event: JSONObject) -> datetime:
    moment = naive_moment(event["at"])
    assert moment is not None
    return moment


def naive_key(value: Any) -> tuple[int, Decimal, str]:
    if isinstance(value, bool):
        return 0, Decimal(value), ""
    return (2, Decimal(0), value) if isinstance(value, str) else (1, Decimal(value), "")
