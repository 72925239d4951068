"""The reference values of spec/statistics.json: published, or evaluated to 40 digits outside this project."""

from typing import Any

import pytest

from . import reference

FIELDS_NOT_COMPUTED = {
    "z_pooled": "the p-value is the score test's, which is this one times √((N - 1) / N)",
    "p_pooled": "as z_pooled",
    "log10_p_pooled": "a p-value below 1e-308 is shown as below a bound",
    "log10_p_unpooled": "as log10_p_pooled",
    "agresti_caffo_ci": "an alternative to the score interval that belongs to no test",
    "lift_katz_ci": "an alternative to the score interval of the ratio that does not exist at 0 conversions",
    "clopper_pearson_ci": "an alternative to Wilson's interval that is wider than it says",
    "jeffreys_ci": "an alternative to Wilson's interval",
    "barnard_p": "an alternative to Boschloo's test",
    "bonferroni": "Holm's correction is never weaker",
    "hochberg": "it holds for independent tests only, and variations share their control",
    "n_control_cohen_h": "an approximation of the sample size that is computed",
    "mde_abs_equal_variance": "an approximation of the detectable effect that is computed",
}


def assert_close(got: object, expected: object, tolerance: dict[str, Any], field: str) -> None:
    if isinstance(expected, list):
        assert isinstance(got, list | tuple), f"{field}: got {got} for {expected}"
        for one, other in zip(got, expected, strict=True):
            assert_close(one, other, tolerance, field)
    elif expected is None or isinstance(expected, str):
        assert got == expected, field
    else:
        assert isinstance(expected, int | float)
        assert isinstance(got, float | int), f"{field}: got {got} for {expected}"
        relative = tolerance.get("fields", {}).get(field, tolerance["rel"])
        allowed = max(tolerance["abs"], relative * abs(expected))
        assert abs(got - expected) <= allowed, f"{field}: {got} is not {expected}"


@pytest.mark.parametrize("case", reference.CASES, ids=lambda case: case["case"])
def test_case(case: dict[str, Any]) -> None:
    got = reference.computed(case)
    for field, expected in case["expected"].items():
        if field not in FIELDS_NOT_COMPUTED:
            assert field in got, f"{field} is neither computed nor excused"
            assert_close(got[field], expected, case["tolerance"], field)


def test_every_case_has_its_provenance_and_is_asked_for_something() -> None:
    for case in reference.CASES:
        assert case["source"], case["case"]
        assert set(case["expected"]) - set(FIELDS_NOT_COMPUTED), case["case"]


def test_excuses_are_for_fields_that_there_are() -> None:
    assert set(FIELDS_NOT_COMPUTED) <= {field for case in reference.CASES for field in case["expected"]}
