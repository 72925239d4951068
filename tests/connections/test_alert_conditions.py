"""Whether an alert rule holds, decided from figures alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pitcairn.connections.alerts.conditions import Figures, Rule, judge, percent
from pitcairn.connections.models import AlertKind


def rule(kind: AlertKind, threshold: float, *, firing: bool = False) -> Rule:
    return Rule(kind=kind, threshold=threshold, window=timedelta(hours=1), firing=firing)


def rate(delivered: int, failed: int = 0, retrying: int = 0, *, firing: bool = False) -> bool | None:
    figures = Figures(delivered=delivered, failed=failed, retrying=retrying)
    return judge(rule(AlertKind.SUCCESS_RATE, 95, firing=firing), figures).holds


def test_too_little_arrives() -> None:
    assert rate(100) is False
    assert rate(95, failed=5) is False
    assert rate(94, failed=6) is True
    assert rate(0, failed=50) is True


def test_what_is_tried_again_has_not_arrived() -> None:
    assert rate(90, retrying=10) is True
    assert rate(0, retrying=500) is True


def test_few_deliveries_say_nothing() -> None:
    assert rate(0) is None
    assert rate(0, failed=19) is None
    assert rate(0, failed=20) is True


def test_a_firing_rule_has_to_recover_a_little() -> None:
    assert rate(952, failed=48) is False
    assert rate(952, failed=48, firing=True) is True
    assert rate(956, failed=44, firing=True) is False


@pytest.mark.parametrize(
    ("waits", "firing", "holds"),
    [(0, False, False), (900, False, False), (901, False, True), (850, True, True), (800, True, False)],
)
def test_messages_wait_too_long(waits: float, *, firing: bool, holds: bool) -> None:
    assert judge(rule(AlertKind.LAG, 900, firing=firing), Figures(waiting_seconds=waits)).holds is holds


def volume(kind: AlertKind, received: int, usual: tuple[int, ...], threshold: float = 50) -> bool | None:
    return judge(rule(kind, threshold), Figures(received=received, usual=usual)).holds


def test_volume_is_compared_with_the_median_of_the_days_before() -> None:
    days = (1000, 1000, 990, 1010, 1000, 5, 90_000)
    assert volume(AlertKind.VOLUME_FALLS, 501, days) is False
    assert volume(AlertKind.VOLUME_FALLS, 500, days) is True
    assert volume(AlertKind.VOLUME_FALLS, 0, days) is True
    assert volume(AlertKind.VOLUME_FALLS, 9000, days) is False
    assert volume(AlertKind.VOLUME_RISES, 1499, days) is False
    assert volume(AlertKind.VOLUME_RISES, 1500, days) is True
    assert volume(AlertKind.VOLUME_RISES, 0, days) is False


def test_a_source_that_is_new_or_small_is_not_judged() -> None:
    assert volume(AlertKind.VOLUME_FALLS, 0, ()) is None
    assert volume(AlertKind.VOLUME_FALLS, 0, (49,)) is None
    assert volume(AlertKind.VOLUME_FALLS, 0, (50,)) is True


def test_the_figures_are_said() -> None:
    figures = Figures(delivered=9_000, failed=900, retrying=100)
    said = judge(rule(AlertKind.SUCCESS_RATE, 95), figures).words
    assert said == "90.0 % of 10,000 arrived in 1 hour (900 failed, 100 will be tried again)"
    assert "3 minutes" in judge(rule(AlertKind.LAG, 60), Figures(waiting_seconds=190)).words
    said = judge(rule(AlertKind.VOLUME_FALLS, 50), Figures(received=400, usual=(1000, 1000))).words
    assert said == "400 messages in 1 hour, 60 % less than usual (usually 1,000)"


@pytest.mark.parametrize(
    ("value", "words"), [(100, "100 %"), (99.999, "99.9 %"), (97.25, "97.2 %"), (0.01, "under 0.1 %"), (0, "0 %")]
)
def test_a_share_is_never_rounded_to_all_or_nothing(value: float, words: str) -> None:
    assert percent(value) == words
