"""Why somebody is in or out: what was found at every question, down to the events that decide."""

from pitcairn.conditions import parse
from pitcairn.conditions.explanation import MAX_EVIDENCE, explain, explain_account
from pitcairn.conditions.records import AccountHistory, Event, History

DAY = 86_400_000
NOW = 1_000 * DAY


def did(event: str, days: float, **properties: object) -> Event:
    return Event("track", event, round(NOW - days * DAY), properties)


def days(amount: int) -> dict[str, object]:
    return {"amount": amount, "unit": "days"}


def test_each_question_tells_what_it_found() -> None:
    tree = {
        "all": [
            {"fact": "trait", "name": "plan", "operator": "equals", "value": "pro"},
            {"not": {"fact": "audience", "name": "churned", "operator": "equals", "value": True}},
            {"fact": "account", "name": "seats", "operator": "at_least", "value": 10},
            {"event": "Order Completed", "measure": "sum", "property": "revenue", "operator": "at_least", "value": 100},
        ]
    }
    orders = [did("Order Completed", 2, revenue=60), did("Order Completed", 1, revenue=30)]
    person = History(orders, {"plan": "pro"}, frozenset({"churned"}), [{"seats": 5}, {"seats": 20}, {}])
    found = explain(parse(tree), person, NOW)
    assert found.holds is False
    assert [(part.words, part.holds, part.value) for part in found.inner] == [
        ("trait plan is pro", True, "pro"),
        ("not (is in the audience churned)", False, None),
        ("the account's seats is at least 10", True, [5, 20]),
        ("the sum of revenue over Order Completed is at least 100", False, 90),
    ]
    assert found.inner[1].inner[0].value is True
    assert found.inner[3].evidence == (orders[1], orders[0])


def test_events_that_do_not_count_say_why() -> None:
    tree = {
        "event": "Product Added",
        "window": {"oldest": days(7)},
        "where": {"fact": "property", "name": "price", "operator": "at_least", "value": 10},
        "then": [{"did": False, "event": "Order Completed", "within": days(1)}],
    }
    old, cheap, bought, abandoned = (
        did("Product Added", 8, price=50),
        did("Product Added", 6, price=5),
        did("Product Added", 4, price=50),
        did("Product Added", 2, price=50),
    )
    person = History([old, cheap, bought, abandoned, did("Order Completed", 3.5), did("Product Removed", 1)])
    found = explain(parse(tree), person, NOW)
    assert (found.holds, found.value, found.evidence) == (True, 1, (abandoned,))
    assert [(missed.event, missed.reason) for missed in found.missed] == [
        (bought, "then"),
        (cheap, "where"),
        (old, "window"),
    ]


def test_evidence_is_the_newest_events() -> None:
    events = [did("Order Completed", day) for day in range(MAX_EVIDENCE + 5)]
    found = explain(parse({"event": "Order Completed"}), History(events), NOW)
    assert (found.value, found.evidence) == (len(events), tuple(events[:MAX_EVIDENCE]))


def test_an_account_is_explained_by_its_traits_and_the_number_of_its_users() -> None:
    tree = {
        "any": [
            {"fact": "account", "name": "plan", "operator": "equals", "value": "trial"},
            {"not": {"users": "all", "condition": {"event": "Signed In", "window": {"oldest": days(7)}}}},
        ]
    }
    account = AccountHistory(
        {"plan": "pro"}, [History([did("Signed In", 1)]), History([did("Signed In", 9)]), History()]
    )
    found = explain_account(parse(tree), account, NOW)
    assert found.holds is True
    assert (found.inner[0].holds, found.inner[0].value) == (False, "pro")
    users = found.inner[1].inner[0]
    assert (users.words, users.holds, users.value) == ("for every user (did Signed In in the last 7 days)", False, 1)
