"""What the product computes for each kind of reference case, under the names that the cases have."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from pitcairn import stats
from pitcairn.stats import Arm, Estimate, Interval, NotComputable, asymptotic, effects, eprocess, planner
from pitcairn.stats.distributions import chi_square_above
from pitcairn.stats.level import z_of
from pitcairn.stats.split import exact_split_p_value

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "spec" / "statistics.json").read_text("utf-8"))[
    "cases"
]
Fields = dict[str, Any]


def computed(case: dict[str, Any]) -> Fields:
    return _BY_CATEGORY[case["category"][0]](case["inputs"])


def arms(inputs: Fields) -> tuple[Arm, Arm]:
    return (
        Arm(inputs["control_visitors"], inputs["control_conversions"]),
        Arm(inputs["treatment_visitors"], inputs["treatment_conversions"]),
    )


def value(found: object) -> object:
    if isinstance(found, NotComputable):
        return None
    return found.value if isinstance(found, Estimate | effects.Effect) else found


def bounds(found: object) -> object:
    if isinstance(found, Estimate):
        return [found.low, found.high]
    if isinstance(found, Interval):
        return [found.low, "inf" if found.high is None else found.high]
    assert isinstance(found, NotComputable)
    return None if found.at_least is None else [found.at_least, "inf"]


def _two_rates(inputs: Fields) -> Fields:
    control, treatment = arms(inputs)
    comparison = stats.compare(control, treatment, alpha=inputs["alpha"])
    got: Fields = {
        "p_c": value(comparison.control_rate),
        "p_t": value(comparison.treatment_rate),
        "wilson_ci_c": bounds(comparison.control_rate),
        "wilson_ci_t": bounds(comparison.treatment_rate),
        "diff": value(comparison.difference),
        "mn_score_ci": bounds(comparison.difference),
        "mn_score_p": value(comparison.p_value),
        "lift": value(comparison.lift),
        "lift_mn_ratio_ci": bounds(comparison.lift),
        "newcombe_ci": bounds(stats.newcombe(control, treatment, alpha=inputs["alpha"])),
        "p_unpooled": None,
        "p_pooled": None,
        "wald_ci": None,
    }
    c, t = stats.converted_share(control), stats.converted_share(treatment)
    if isinstance(c, NotComputable) or isinstance(t, NotComputable):
        return got
    effect, lift = effects.difference_of(c, t), effects.lift_of(c, t)
    measured = stats.compare_measured(c, t, alpha=inputs["alpha"])
    assert isinstance(measured, stats.MeanComparison)
    reach = -z_of(inputs["alpha"]) * effect.error
    return got | {
        "se_unpooled": effect.error,
        "z_unpooled": effect.z,
        "p_unpooled": None if effect.z is None else value(measured.p_value),
        "wald_ci": bounds(measured.difference) or [effect.value + reach, effect.value - reach],
        "lift_fieller_ci": bounds(measured.lift),
        "lift_delta_ci": None
        if isinstance(lift, NotComputable)
        else bounds(stats.normal_odds(lift, alpha=inputs["alpha"]).effect),
    }


def _rate(inputs: Fields) -> Fields:
    found = stats.rate(Arm(inputs["visitors"], inputs["conversions"]), inputs["alpha"])
    return {"rate": value(found), "wilson_ci": bounds(found)}


def _exact(inputs: Fields) -> Fields:
    control, treatment = arms(inputs)
    return {
        "fisher_p": value(stats.fisher_p_value(control, treatment)),
        "boschloo_p": value(stats.exact_p_value(control, treatment)),
    }


def _effect(inputs: Fields) -> stats.Effect:
    c, t = (stats.converted_share(arm) for arm in arms(inputs))
    assert isinstance(c, stats.Measured)
    assert isinstance(t, stats.Measured)
    found = effects.difference_of(c, t) if inputs["difference"] == "absolute" else effects.lift_of(c, t)
    assert isinstance(found, stats.Effect)
    return found


def _normal_odds(inputs: Fields) -> Fields:
    prior = None
    if inputs["prior_var"] is not None:
        prior = stats.NormalPrior(inputs["prior_mean"], inputs["prior_var"])
    found = stats.normal_odds(_effect(inputs), alpha=inputs["alpha"], prior=prior)
    return {
        "effect": found.effect.value,
        "sd": found.deviation,
        "chance_to_win": found.chance,
        "one_minus_chance_to_win": 1 - found.chance,
        "ci": bounds(found.effect),
        "risk_control": found.loss_if_left,
        "risk_treatment": found.loss_if_chosen,
    }


def _beta_odds(inputs: Fields) -> Fields:
    prior = stats.Prior(inputs["prior_alpha"], inputs["prior_beta"])
    if "arms" in inputs:
        best = stats.best([Arm(arm["visitors"], arm["conversions"]) for arm in inputs["arms"]], prior=prior)
        assert isinstance(best, stats.Best)
        return {"prob_best": best.chances, "expected_loss": best.losses}
    found = stats.odds(*arms(inputs), prior=prior)
    assert isinstance(found, stats.Odds)
    return {
        "p_beat_control": found.chance,
        "expected_loss_ship_treatment": found.loss_if_chosen,
        "expected_loss_keep_control": found.loss_if_left,
        "diff_credible_ci": bounds(found.difference),
        "lift_credible_ci": bounds(found.lift),
        "lift_median": found.lift.value,
    }


def _sequential(inputs: Fields) -> Fields:
    if "cumulative_conversions" in inputs:
        return _always(inputs)
    if "tau" in inputs:
        c, t = inputs["rate_c"], inputs["rate_t"]
        error = math.sqrt((c * (1 - c) + t * (1 - t)) / inputs["n_per_arm"])
        log_ratio, p_value = asymptotic.mixture_test(stats.Effect(t - c, error, 2 * inputs["n_per_arm"]), inputs["tau"])
        return {"log_lambda": log_ratio, "p": p_value}
    if "daily" in inputs:
        return _series(inputs)
    effect = _effect(inputs)
    found = stats.sequential(effect, inputs["tuning_N"], alpha=inputs["alpha"])
    assert isinstance(found, stats.Sequential)
    return {
        "effect": found.effect.value,
        "se": effect.error,
        "rho": found.rho,
        "halfwidth": found.half_width,
        "ci": bounds(found.effect),
        "p": found.p_value,
        "log_e": found.log_e,
        "width_vs_fixed": found.half_width / (z_of(inputs["alpha"]) * effect.error),
    }


def _always(inputs: Fields) -> Fields:
    shares = tuple(inputs["allocation_shares"])
    looks = [[stats.Counts(shares, tuple(counts))] for counts in inputs["cumulative_conversions"]]
    found = eprocess.always_valid(looks, alpha=inputs["alpha"], concentration=inputs["dirichlet_concentration"])
    assert isinstance(found, list)
    control, treatment = inputs["cumulative_conversions"][-1]
    return {
        "log_e": [look.log_e for look in found],
        "p_running_min": [look.p_value for look in found],
        # A lift over nothing is no number: the product has none, the case says infinite.
        "lift_point": "inf" if control == 0 < treatment and found[-1].point is None else found[-1].point,
        "lift_ci_at_last_look": bounds(found[-1].lift),
    }


def _series(inputs: Fields) -> Fields:
    looks: list[dict[str, Any]] = []
    control, treatment = Arm(0, 0), Arm(0, 0)
    for day in inputs["daily"]:
        control = stats.together([control, Arm(day["c_n"], day["c_x"])])
        treatment = stats.together([treatment, Arm(day["t_n"], day["t_x"])])
        c, t = stats.converted_share(control), stats.converted_share(treatment)
        assert isinstance(c, stats.Measured)
        assert isinstance(t, stats.Measured)
        fixed, lift = stats.compare_measured(c, t, alpha=inputs["alpha"]), effects.lift_of(c, t)
        assert isinstance(fixed, stats.MeanComparison)
        assert isinstance(lift, stats.Effect)
        valid = stats.sequential(effects.difference_of(c, t), inputs["tuning_N"], alpha=inputs["alpha"])
        looks.append({"c": c, "t": t, "fixed": fixed, "lift": lift, "valid": valid})
    running = stats.running([look["valid"] for look in looks])
    return {
        "cum_rate_c": [look["c"].value for look in looks],
        "cum_rate_t": [look["t"].value for look in looks],
        "cum_lift": [look["lift"].value for look in looks],
        "fixed_ci_diff": [bounds(look["fixed"].difference) for look in looks],
        "fixed_p": [look["fixed"].p_value for look in looks],
        "seq_ci_diff": [bounds(look["valid"].effect) for look in looks],
        "seq_p": [look["valid"].p_value for look in looks],
        "seq_p_running_min": [look.p_value for look in running],
        "seq_ci_running": [bounds(look.running) for look in running],
        "lift_delta_ci": [bounds(stats.normal_odds(look["lift"], alpha=inputs["alpha"]).effect) for look in looks],
    }


def _split(inputs: Fields) -> Fields:
    if "cumulative" in inputs:
        looks = [[stats.Counts(tuple(inputs["null_probabilities"]), tuple(counts))] for counts in inputs["cumulative"]]
        found = stats.split_evidence(looks, concentration=inputs["dirichlet_concentration"])
        assert isinstance(found, list)
        return {"log_odds": [log_e for log_e, _ in found], "p_running_min": [p_value for _, p_value in found]}
    observed, weights = inputs["observed"], inputs["weights"]
    check = stats.check_split([stats.Counts(tuple(weights), tuple(observed))])
    assert isinstance(check, stats.SplitCheck)
    statistic = value(check.chi_square)
    got: Fields = {"chi2": statistic, "df": check.freedom, "p": None}
    if isinstance(statistic, float):
        got["p"] = chi_square_above(statistic, check.freedom)
        if len(observed) == 2:
            got["binom_exact_p"] = exact_split_p_value(observed[0], sum(observed), weights[0] / sum(weights))
    return got


def _many(inputs: Fields) -> Fields:
    return {"holm": stats.holm(inputs["p_values"]), "bh": stats.benjamini_hochberg(inputs["p_values"])}


def _means(inputs: Fields) -> Fields:
    if "cells" in inputs:
        return _strata([arms(cell) for cell in inputs["cells"]])
    alpha = inputs.get("alpha", 0.05)
    c, t = inputs["control"], inputs["treatment"]
    if "num_sum" in c:
        return _ratio(c, t, alpha)
    if "post_sum" in c:
        return _adjusted(c, t, alpha)
    control, treatment = (stats.moments(arm["n"], arm["sum"], arm["sum_squares"]) for arm in (c, t))
    assert isinstance(control, stats.Moments)
    assert isinstance(treatment, stats.Moments)
    found = stats.compare_means(control, treatment, alpha=alpha)
    assert isinstance(found, stats.MeanComparison)
    lift = effects.lift_of(found.control, found.treatment)
    assert isinstance(lift, stats.Effect)
    return {
        "mean_c": control.mean,
        "mean_t": treatment.mean,
        "var_c": control.spread / (control.count - 1),
        "var_t": treatment.spread / (treatment.count - 1),
        "diff": value(found.difference),
        "se": found.error,
        "df": found.freedom,
        "t": treatment.mean / found.error - control.mean / found.error,
        "p": value(found.p_value),
        "ci": bounds(found.difference),
        "lift": lift.value,
        "lift_delta_se": lift.error,
    }


def _ratio(c: Fields, t: Fields, alpha: float) -> Fields:
    control, treatment = (
        stats.pair_moments(
            arm["n"], arm["den_sum"], arm["num_sum"], arm["den_sum_squares"], arm["num_sum_squares"], arm["num_den_sum"]
        )
        for arm in (c, t)
    )
    found = stats.compare_ratios(control, treatment, alpha=alpha)
    assert isinstance(found, stats.MeanComparison)
    return {
        "ratio_c": found.control.value,
        "ratio_t": found.treatment.value,
        "diff": value(found.difference),
        "se": found.error,
        "df": found.freedom,
        "p": found.p_value,
        "ci": bounds(found.difference),
    }


def _adjusted(c: Fields, t: Fields, alpha: float) -> Fields:
    control, treatment = (
        stats.pair_moments(
            arm["n"],
            arm["pre_sum"],
            arm["post_sum"],
            arm["pre_sum_squares"],
            arm["post_sum_squares"],
            arm["post_pre_sum"],
        )
        for arm in (c, t)
    )
    found = stats.compare_adjusted(control, treatment, alpha=alpha)
    assert isinstance(found, stats.Adjusted)
    return {
        "theta": found.theta,
        "adj_mean_c": found.comparison.control.value,
        "adj_mean_t": found.comparison.treatment.value,
        "diff": value(found.comparison.difference),
        "se": found.comparison.error,
        "p": found.comparison.p_value,
        "ci": bounds(found.comparison.difference),
        "unadjusted_diff": value(found.unadjusted.difference),
        "unadjusted_se": found.unadjusted.error,
        "variance_reduction": found.variance_reduction,
    }


def _strata(pairs: list[tuple[Arm, Arm]]) -> Fields:
    found = stats.compare_stratified(stats.rates_by_stratum(pairs))
    assert isinstance(found, stats.Stratified)
    naive = stats.compare(stats.together(c for c, _ in pairs), stats.together(t for _, t in pairs))
    scored = stats.compare_strata(pairs)
    assert isinstance(scored.difference, Estimate)
    difference, error = value(found.comparison.difference), found.comparison.error
    # The score test weighs strata in the same way.
    assert scored.difference.value == pytest.approx(difference, rel=1e-12)
    return {
        "diff": difference,
        "var_within": found.within,
        "var_multinomial": found.between,
        "se": error,
        "naive_diff": found.naive,
        "diff_stratified": difference,
        "se_stratified": error,
        "diff_naive": found.naive,
        "lift_naive": value(naive.lift),
        "diff_by_cell": [effect.value for effect in found.by_stratum],
    }


def _plan(inputs: Fields) -> Fields:
    alpha, power, baseline = inputs["alpha"], inputs["power"], inputs["baseline"]
    if "direction" in inputs:
        design = stats.Design(baseline=baseline, alpha=alpha, power=power)
        lift = stats.detectable_lift(design, inputs["n_control"], inputs["n_treatment"], null=stats.Null.UNPOOLED)
        assert isinstance(lift, float)
        return {"mde_rel": lift, "mde_abs": lift * baseline}
    ratio, lift = inputs["ratio_t_to_c"], inputs["relative_mde"]
    design = stats.Design(baseline=baseline, alpha=alpha, power=power, control_share=1 / (1 + ratio))
    plan = stats.sample_size(design, lift)
    assert isinstance(plan, stats.Plan)
    return {
        "n_control_pooled": planner.control_size(design, lift),
        "n_control_unpooled": planner.control_size(design, lift, null=stats.Null.UNPOOLED),
        "n_control_pooled_ceil": plan.control,
        "power_at_ceil": stats.power(design, lift, plan.control, plan.control * ratio),
    }


_BY_CATEGORY = {
    "A": _two_rates,
    "B": _rate,
    "C": _exact,
    "D": _normal_odds,
    "E": _beta_odds,
    "F": _sequential,
    "G": _split,
    "H": _many,
    "I": _means,
    "J": _plan,
}
