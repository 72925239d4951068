"""The reference values of spec/statistics.json: published, or evaluated to 40 digits outside this project."""

import json
from pathlib import Path
from typing import Any

import pytest

from pitcairn.stats import Arm, Comparison, Estimate, NotComputable, Rate, compare, rate

SPEC = json.loads((Path(__file__).parents[2] / "spec" / "statistics.json").read_text("utf-8"))


def assert_close(got: object, expected: object, tolerance: dict[str, Any], field: str) -> None:
    if isinstance(expected, list):
        assert isinstance(got, list), f"{field}: got {got} for {expected}"
        for one, other in zip(got, expected, strict=True):
            assert_close(one, other, tolerance, field)
    elif expected is None or isinstance(expected, str):
        assert got == expected, field
    else:
        assert isinstance(expected, int | float)
        assert isinstance(got, float), f"{field}: got {got} for {expected}"
        relative = tolerance.get("fields", {}).get(field, tolerance["rel"])
        allowed = max(tolerance["abs"], relative * abs(expected))
        assert abs(got - expected) <= allowed, f"{field}: {got} is not {expected}"


def value(estimate: Rate) -> float | None:
    return estimate.value if isinstance(estimate, Estimate) else None


def interval(estimate: Rate) -> list[float | str] | None:
    if isinstance(estimate, Estimate):
        return [estimate.low, estimate.high]
    return None if estimate.at_least is None else [estimate.at_least, "inf"]


def numbers(comparison: Comparison) -> dict[str, object]:
    p_value = comparison.p_value
    return {
        "control_rate": value(comparison.control_rate),
        "control_interval": interval(comparison.control_rate),
        "treatment_rate": value(comparison.treatment_rate),
        "treatment_interval": interval(comparison.treatment_rate),
        "difference": value(comparison.difference),
        "difference_interval": interval(comparison.difference),
        "lift": value(comparison.lift),
        "lift_interval": interval(comparison.lift),
        "p_value": None if isinstance(p_value, NotComputable) else p_value,
    }


@pytest.mark.parametrize("case", SPEC["comparisons"], ids=lambda case: case["case"])
def test_comparison(case: dict[str, Any]) -> None:
    got = numbers(compare(Arm(**case["control"]), Arm(**case["treatment"]), alpha=case["alpha"]))
    for field, expected in case["expected"].items():
        assert_close(got[field], expected, case["tolerance"], field)


@pytest.mark.parametrize("case", SPEC["rates"], ids=lambda case: case["case"])
def test_rate(case: dict[str, Any]) -> None:
    got = rate(Arm(**case["arm"]), case["alpha"])
    assert_close(value(got), case["expected"]["rate"], case["tolerance"], "rate")
    assert_close(interval(got), case["expected"]["interval"], case["tolerance"], "interval")


def test_every_case_has_its_provenance() -> None:
    for case in SPEC["comparisons"] + SPEC["rates"]:
        assert case["source"], case["case"]
        assert case["expected"], case["case"]
