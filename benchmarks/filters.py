"""How fast filters answer, on one core and with nothing else to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.report import Line
from pitcairn.connections.filters import FilterRule, compile_condition, compile_filters

EVALUATIONS = 300_000
ROUNDS = 3

MESSAGE: dict[str, Any] = {
    "type": "track",
    "event": "Order Completed",
    "messageId": "m-1",
    "userId": "usr_1",
    "properties": {"total": 49.9, "currency": "EUR", "products": [{"sku": "a", "price": 1}, {"sku": "b", "price": 2}]},
    "context": {
        "ip": "203.0.113.7",
        "library": {"name": "analytics.js", "version": "2.0"},
        "page": {"path": "/pricing"},
    },
}

SIMPLE = "event = 'Order Completed' and type = 'track'"
ELABORATE = (
    "type in ['track', 'page'] and ( match( context.page.path, '/pri*' ) or contains( lowercase( traits.email ), '@acme' ) ) "
    "and properties.total > 10 and !( length( properties.products ) = 0 )"
)


def fql() -> Iterator[Line]:
    """One condition asked again and again about the same message; the best of the rounds, since only noise makes one slower."""
    simple = compile_condition(SIMPLE)
    rate = _rate(lambda: simple(MESSAGE))
    yield Line("FQL, a simple condition", f"{rate:,.0f} evaluations/s", "–", "at least 200,000/s", rate >= 200_000)
    elaborate = compile_condition(ELABORATE)
    rate = _rate(lambda: elaborate(MESSAGE))
    yield Line("FQL, seven questions in one", f"{rate:,.0f} evaluations/s", "–", "at least 100,000/s", rate >= 100_000)
    filters = compile_filters(
        [
            FilterRule(condition="contains( traits.email, '@acme.example' )", action={"type": "drop"}),
            FilterRule(condition="type in ['track', 'identify']", action={"type": "only_send"}),
            FilterRule(condition="all", action={"type": "drop_properties", "fields": {"context": ["ip"]}}),
        ]
    )
    rate = _rate(lambda: filters(MESSAGE, 1))
    yield Line(
        "three filters of a destination, one of which takes a field out",
        f"{rate:,.0f} messages/s",
        "–",
        "at least 100,000/s",
        rate >= 100_000,
    )


def _rate(ask: Callable[[], Any]) -> float:
    best = 0.0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(EVALUATIONS):
            ask()
        best = max(best, EVALUATIONS / (time.perf_counter() - began))
    return best


MEASUREMENTS: dict[str, Callable[[], Iterator[Line]]] = {"fql": fql}
