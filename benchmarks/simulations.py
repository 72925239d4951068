"""What the statistics promise, against experiments whose truth is known: `python -m benchmarks.simulations`.

Alone it writes the table of docs/statistics.md; `python -m benchmarks stats-looks` (and so on) runs one part of it. Seeds are
fixed, so that the numbers are the same everywhere. Times are of no interest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks import simulated, simulations_soundness
from benchmarks.report import Line
from pitcairn import stats

ALPHA = 0.05
BAR = -math.log(ALPHA)
Z = 1.959963984540054
CHANCE_Z = 1.6448536269514722
"""With thousands of visitors the chance to be better is above 95 % beyond this many standard errors."""
DOCUMENT = Path(__file__).parent.parent / "docs" / "statistics.md"
BEGIN, END = "<!-- simulations: begin -->", "<!-- simulations: end -->"

DESIGNS = ((0.5, 0.05, 224), (0.1, 0.05, 224), (0.05, 0.02, 1_120))
"""Control's share, rate of conversion, visitors per look."""


def looks(runs: int = 20_000, number: int = 100) -> Iterator[Line]:
    """Looking 100 times at two arms that do not differ."""
    for share, rate, visitors in DESIGNS:
        arms = simulated.drawn(1, runs, number, visitors, share, rate)
        simulated.check(arms, share)
        always = simulated.ever(simulated.log_evidence(arms.control_converted, arms.treatment_converted, share) >= BAR)
        statistic = simulated.score(arms)
        significant = np.abs(statistic) > Z
        believed = simulated.ever(statistic > CHANCE_Z)
        yield Line(
            f"A/A, {_split(share)}, {rate:.0%}, {number} looks at {visitors} visitors: false positives",
            f"{always:.1%} always-valid",
            f"{simulated.ever(significant):.1%} if the fixed-horizon test is looked at as often, "
            f"{significant[:, -1].mean():.1%} at the end alone; "
            f"{believed:.1%} see a chance to be better above 95 %",
            "at most 5 %",
            always <= ALPHA,
        )


def coverage(runs: int = 4_000) -> Iterator[Line]:
    """How often intervals hold the truth."""
    for share, rate, visitors, lift in ((0.5, 0.05, 4_000, 0.1), (0.1, 0.05, 4_000, 0.1), (0.05, 0.01, 4_000, 0.2)):
        arms = simulated.drawn(2, runs, 1, visitors, share, rate, lift)
        held = [_held(*arms.pair(run, 0), rate * lift, lift) for run in range(runs)]
        for place, name in enumerate(("difference", "lift")):
            found = sum(one[place] for one in held) / runs
            yield _covered(f"interval of the {name}, {_split(share)}, {rate:.0%}, {visitors:,} visitors", found, runs)
    for share, rate, visitors in DESIGNS:
        arms = simulated.drawn(3, runs, 100, visitors, share, rate, 0.2)
        against = simulated.log_evidence(arms.control_converted, arms.treatment_converted, share, 0.2)
        found = 1 - simulated.ever(against >= BAR)
        yield _covered(
            f"always-valid interval of the lift at all of 100 looks, {_split(share)}, {rate:.0%}", found, runs
        )
    yield from _means(runs)
    yield from _ramp_up(runs)


def power(runs: int = 20_000) -> Iterator[Line]:
    """What the planner promises, and what comes."""
    for share, baseline, lift in ((0.5, 0.05, 0.1), (0.1, 0.05, 0.2), (0.2, 0.3, 0.05)):
        design = stats.Design(baseline=baseline, control_share=share)
        plan = stats.sample_size(design, lift)
        assert isinstance(plan, stats.Plan)
        arms = simulated.drawn(4, runs, 1, plan.visitors, share, baseline, lift)
        found = float((simulated.score(arms) > Z).mean())
        yield _promised(f"one look, {_split(share)}, {baseline:.0%}, lift {lift:.0%}", plan, found, design.power)
    for share, baseline, lift in ((0.5, 0.05, 0.2), (0.1, 0.05, 0.3), (0.05, 0.02, 0.4)):
        design = stats.Design(baseline=baseline, control_share=share)
        plan = stats.sequential_size(design, lift)
        assert isinstance(plan, stats.Plan)
        arms = simulated.drawn(5, runs, 30, math.ceil(plan.visitors / 30), share, baseline, lift)
        evidence = simulated.log_evidence(arms.control_converted, arms.treatment_converted, share)
        found = simulated.ever(evidence >= BAR)
        yield _promised(
            f"always-valid, 30 looks, {_split(share)}, {baseline:.0%}, lift {lift:.0%}", plan, found, design.power
        )


def _split(control_share: float) -> str:
    return f"{control_share * 100:.0f}/{(1 - control_share) * 100:.0f}"


@cache
def _held(control: stats.Arm, treatment: stats.Arm, difference: float, lift: float) -> tuple[bool, bool]:
    found = stats.compare(control, treatment)
    assert isinstance(found.difference, stats.Estimate)
    by_difference = found.difference.low <= difference <= found.difference.high
    if isinstance(found.lift, stats.Estimate):
        return by_difference, found.lift.low <= lift <= found.lift.high
    return by_difference, found.lift.at_least is None or found.lift.at_least <= lift


def _covered(what: str, found: float, runs: int) -> Line:
    allowed = 2 * simulated.error(1 - ALPHA, runs)
    return Line(
        f"coverage: {what}",
        f"{found:.1%}",
        "95 % nominal",
        f"at least {1 - ALPHA - allowed:.1%}",
        found >= 1 - ALPHA - allowed,
    )


def _promised(what: str, plan: stats.Plan, found: float, promised: float) -> Line:
    return Line(
        f"power: {what}, {plan.visitors:,} visitors",
        f"{found:.1%}",
        f"{promised:.0%} promised",
        "within 2 points",
        abs(found - promised) <= 0.02,
    )


def _means(runs: int) -> Iterator[Line]:
    """Revenue per visitor: 5 % buy, for log-normal amounts, and the treatment's buyers spend a tenth more."""
    held = {share: _revenue_held(share, runs) for share in (0.5, 0.2, 0.1)}
    visitors = _REVENUE_LOOKS * _REVENUE_VISITORS
    for share in (0.5, 0.2):
        line = _covered(
            f"interval of revenue per visitor, {_split(share)}, {visitors:,} visitors", held[share][0], runs
        )
        beside = f"{held[0.1][0]:.1%} at 10/90, where the control has 100 buyers"
        yield Line(line.what, line.figure, line.reference if share == 0.5 else beside, line.bar, line.met)
    for share, (_, always) in held.items():
        what = f"always-valid interval of revenue per visitor at all of {_REVENUE_LOOKS} looks, {_split(share)}"
        yield _covered(what, always, runs)


_REVENUE_LOOKS, _REVENUE_VISITORS = 10, 2_000


def _revenue_held(share: float, runs: int) -> tuple[float, float]:
    """How often the interval of the last look holds the truth, and the one of all looks."""
    random = np.random.default_rng(6)
    rate, lift = 0.05, 0.1
    truth = rate * math.exp(4 + 0.5) * lift
    fixed = always = 0
    for _ in range(runs):
        arms: list[list[tuple[stats.Moments, int]]] = []
        for size, more in ((round(_REVENUE_VISITORS * share), 1.0), (round(_REVENUE_VISITORS * (1 - share)), 1 + lift)):
            bought = random.binomial(size, rate, _REVENUE_LOOKS)
            spent = np.exp(4 + random.standard_normal(bought.sum())) * more
            arms.append(_cumulative(size, np.split(spent, np.cumsum(bought)[:-1])))
        found = stats.analyse_means(
            [
                [stats.MeansEpoch((share, 1 - share), (control[0], treatment[0]), (control[1], treatment[1]))]
                for control, treatment in zip(*arms, strict=True)
            ],
            _REVENUE_LOOKS * _REVENUE_VISITORS,
        )
        assert isinstance(found, tuple)
        comparison, kept = found[0].comparison, found[0].looks
        assert isinstance(comparison, stats.MeanComparison)
        assert isinstance(comparison.difference, stats.Estimate)
        assert isinstance(kept, tuple)
        fixed += comparison.difference.low <= truth <= comparison.difference.high
        running = kept[-1].running
        always += isinstance(running, stats.Interval) and running.low <= truth <= (running.high or 0.0)
    return fixed / runs, always / runs


def _cumulative(size: int, amounts: Sequence[simulated.Numbers]) -> list[tuple[stats.Moments, int]]:
    """At every look the moments over all visitors, and how many of them bought."""
    found: list[tuple[stats.Moments, int]] = []
    for spent in amounts:
        mean = float(spent.sum()) / size
        part = stats.Moments(size, mean, float((spent**2).sum()) - size * mean * mean)
        before = found[-1] if found else None
        found.append((stats.merged(before[0], part), before[1] + spent.size) if before else (part, spent.size))
    return found


def _ramp_up(runs: int) -> Iterator[Line]:
    """Half of the rate and fifty times the treatment's share on the second day, and no effect at all."""
    runs = max(1, runs // 2)
    random = np.random.default_rng(7)
    held = pooled = 0
    for _ in range(runs):
        pairs = []
        for visitors, share, rate in ((20_000, 0.01, 0.04), (20_000, 0.5, 0.02)):
            treated = int(random.binomial(visitors, share))
            untreated = visitors - treated
            pairs.append(
                (
                    stats.Arm(untreated, int(random.binomial(untreated, rate))),
                    stats.Arm(treated, int(random.binomial(treated, rate))),
                )
            )
        found = stats.compare_strata(pairs).difference
        naive = stats.compare(stats.together(c for c, _ in pairs), stats.together(t for _, t in pairs)).difference
        held += isinstance(found, stats.Estimate) and found.low <= 0 <= found.high
        pooled += isinstance(naive, stats.Estimate) and naive.low <= 0 <= naive.high
    line = _covered("interval of the difference when the split changed from 1 % to 50 %, by epoch", held / runs, runs)
    yield Line(line.what, line.figure, f"{pooled / runs:.1%} without epochs", line.bar, line.met)


MEASUREMENTS: dict[str, Callable[[], Iterator[Line]]] = {
    "stats-looks": looks,
    "stats-coverage": coverage,
    "stats-power": power,
    **simulations_soundness.MEASUREMENTS,
}


def _write(lines: list[Line]) -> None:
    head = "| Simulated | Result | Beside it | Bar | Met |\n|---|---|---|---|---|\n"
    table = head + "\n".join(line.markdown() for line in lines)
    text = DOCUMENT.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    written: list[Line] = []
    for part in MEASUREMENTS.values():
        for line in part():
            print(line.markdown(), flush=True)  # the table as it comes
            written.append(line)
    _write(written)
    raise SystemExit(0 if all(line.met for line in written) else 1)
