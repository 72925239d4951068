"""What the statistics promise, against experiments whose truth is known: `python -m benchmarks.simulations`.

Alone it writes the table of docs/statistics.md; `python -m benchmarks stats-looks` (and so on) runs one part of it. Seeds are
fixed, so that the numbers are the same everywhere. Times are of no interest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks import simulated, simulations_soundness
from benchmarks.report import Line
from pitcairn import stats

ALPHA = 0.05
BAR = -math.log(ALPHA)
Z = 1.959963984540054
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
        significant = np.abs(simulated.score(arms)) > Z
        yield Line(
            f"A/A, {_split(share)}, {rate:.0%}, {number} looks at {visitors} visitors: false positives",
            f"{always:.1%} always-valid",
            f"{simulated.ever(significant):.1%} if the fixed-horizon test is looked at as often, "
            f"{significant[:, -1].mean():.1%} at the end alone",
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
    looks, each, share, rate, lift = 10, 2_000, 0.2, 0.05, 0.1
    runs = max(1, runs // 4)
    random = np.random.default_rng(6)
    truth = rate * math.exp(4 + 0.5) * lift
    fixed = always = shown = 0
    for _ in range(runs):
        sides: list[list[stats.Moments]] = []
        buyers = []
        for size, more in ((int(each * share), 1.0), (int(each * (1 - share)), 1 + lift)):
            bought = random.random((looks, size)) < rate
            spent = np.where(bought, np.exp(4 + random.standard_normal((looks, size))) * more, 0.0)
            buyers.append(np.cumsum(bought.sum(axis=1)))
            sides.append(_cumulative(spent))
        epochs = [
            [stats.MeansEpoch((sides[0][look], sides[1][look]), (int(buyers[0][look]), int(buyers[1][look])))]
            for look in range(looks)
        ]
        found = stats.analyse_means(epochs, looks * each)
        assert isinstance(found, tuple)
        comparison, kept = found[0].comparison, found[0].looks
        assert isinstance(comparison, stats.MeanComparison)
        assert isinstance(comparison.difference, stats.Estimate)
        fixed += comparison.difference.low <= truth <= comparison.difference.high
        if isinstance(kept, tuple):
            shown += 1
            running = kept[-1].running
            always += isinstance(running, stats.Interval) and running.low <= truth <= (running.high or 0.0)
    yield _covered(f"interval of revenue per visitor, {_split(share)}, {looks * each:,} visitors", fixed / runs, runs)
    yield _covered(f"always-valid interval of revenue per visitor at all of {looks} looks", always / shown, shown)


def _cumulative(values: simulated.Numbers) -> list[stats.Moments]:
    found: list[stats.Moments] = []
    for row in values:
        part = stats.Moments(row.size, float(row.mean()), float(((row - row.mean()) ** 2).sum()))
        found.append(stats.merged(found[-1], part) if found else part)
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
