"""What the event store tells about an experience: cells, sums by account, and whether anything can have changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from pitcairn.eventstore import results_accounts, results_queries
from pitcairn.eventstore.records import AccountProducts, GoalQuery, ResultCell, ResultsQuery, to_ms

_FOREVER_MS = 253_402_300_800_000
EXPOSURE_EVENT = "Mutiny Experience Viewed"
# An experience without goals has visitors all the same. No event has this type.
_NO_GOALS = (GoalQuery(event="\0"),)


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A query as it is run: its text, and the values of its `{name:Type}`."""

    text: str
    parameters: dict[str, Any]


class ResultReads:
    """The part of `EventStore` that reads results; `results_queries` says by which rule."""

    def _rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def results(self, query: ResultsQuery) -> list[ResultCell]:
        """Visitors of each arm and what they did, in cells of every kind. One query, whatever the number of goals.

        Without goals the cells are those of one goal that nobody reached.
        """
        statement = results_statement(query)
        return [
            ResultCell(
                kind=row[0],
                goal=row[1] - 1,
                excluded=row[2],
                segment_id=row[3],
                variation_id=row[4],
                epoch=row[5],
                part=row[6],
                units=row[7],
                visitors=row[8],
                converted=row[9],
                crossed=row[10],
                mean=row[11],
                variance=row[12],
                before_mean=row[13],
                before_variance=row[14],
                covariance=row[15],
            )
            for row in self._rows(statement.text, statement.parameters)
        ]

    def results_by_day(self, query: ResultsQuery) -> list[ResultCell]:
        """The cells of the two kinds by day, several for one day, and without sums of values: for lists. No numeric goals."""
        goals = query.goals or _NO_GOALS
        text = results_queries.days(goals, programme=query.programme)
        return [
            ResultCell(
                kind=kind,
                goal=row[0] - 1,
                excluded=row[1],
                segment_id=row[2],
                variation_id=row[3],
                epoch=row[4],
                part=part,
                units=row[7],
                visitors=row[8],
                converted=row[9],
                crossed=row[10],
                mean=0.0,
                variance=0.0,
                before_mean=0.0,
                before_variance=0.0,
                covariance=0.0,
            )
            for row in self._rows(text, _with_goals(query, goals))
            for kind, part in (("first_day", row[5]), ("converted_day", row[6]))
        ]

    def account_products(self, query: ResultsQuery) -> list[AccountProducts]:
        """The same by account."""
        statement = account_products_statement(query)
        return [
            AccountProducts(
                goal=row[0] - 1,
                one=(row[1], row[2], bool(row[3])),
                other=(row[4], row[5], bool(row[6])),
                accounts=row[7],
                size=row[8],
                total=row[9],
                nn=row[10],
                ny=row[11],
                yn=row[12],
                yy=row[13],
            )
            for row in self._rows(statement.text, statement.parameters)
        ]

    def results_version(self, query: ResultsQuery) -> tuple[int, int]:
        """Grows when an exposure or an event of a goal came: cheap to ask every second."""
        parameters = _parameters(query) | {
            "types": list({goal.type for goal in query.goals}),
            "events": [goal.event for goal in query.goals],
        }
        exposures, events = self._rows(results_queries.NEWEST, parameters)[0]
        return exposures or 0, events or 0

    def results_since(self, query: ResultsQuery, since: datetime) -> tuple[int, int]:
        """Views since then, and how often who saw it reached the first goal: cheap to ask every second.

        Counts reports, not visitors, without bots and internal visits.
        """
        goal = (query.goals or _NO_GOALS)[0]
        parameters = _with_goals(query, (goal,)) | {"since": to_ms(since)}
        views, reached = self._rows(results_queries.recent(goal), parameters)[0]
        return views, reached

    def page_traffic(self, query: ResultsQuery, page: str, since: datetime) -> tuple[int, int]:
        """Visitors of the pages that fit `page` (a regular expression, RE2) since then, and how many of them reached the
        first goal within its window afterwards."""
        goal = query.goals[0]
        parameters = _with_goals(query, (goal,)) | {
            "page": page,
            "since": to_ms(since),
            "window_ms": goal.window_seconds * 1000,
        }
        visitors, converted = self._rows(results_queries.page_traffic(goal), parameters)[0]
        return visitors, converted

    def unassigned_exposures(self, query: ResultsQuery) -> int:
        """Reports of an exposure that no decision of this server stands behind, or that did not come through Mutiny."""
        parameters = _parameters(query) | {"exposure_event": EXPOSURE_EVENT}
        return int(self._rows(results_queries.UNASSIGNED, parameters)[0][0])


def results_statement(query: ResultsQuery) -> Statement:
    """The query behind `EventStore.results`."""
    goals = query.goals or _NO_GOALS
    return Statement(text=results_queries.cells(goals, programme=query.programme), parameters=_with_goals(query, goals))


def account_products_statement(query: ResultsQuery) -> Statement:
    """The query behind `EventStore.account_products`."""
    goals = query.goals or _NO_GOALS
    return Statement(text=results_accounts.account_products(goals), parameters=_with_goals(query, goals))


def _with_goals(query: ResultsQuery, goals: tuple[GoalQuery, ...]) -> dict[str, Any]:
    parameters = _parameters(query) | {
        "destination": results_queries.DESTINATION,
        "windows_ms": [goal.window_seconds * 1000 for goal in goals],
        "numeric": [int(bool(goal.value)) for goal in goals],
        "epochs_ms": [to_ms(start) for start in query.epochs],
        "before_ms": query.before_seconds * 1000,
    }
    for number, goal in enumerate(goals, 1):
        parameters |= {f"type_{number}": goal.type, f"event_{number}": goal.event, f"page_{number}": goal.page}
    return parameters


def _parameters(query: ResultsQuery) -> dict[str, Any]:
    return {
        "workspace_id": query.workspace_id,
        "experience_id": query.experience_id,
        "until": _FOREVER_MS if query.until is None else to_ms(query.until),
    }
