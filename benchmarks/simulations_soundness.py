"""Whether faults are found, and whether what is no fault is left alone: splits, accounts, second devices, learning splits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from scipy import special

from benchmarks import simulated
from benchmarks.report import Line
from pitcairn import stats
from pitcairn.stats import split

ALPHA = 0.05


def splits(runs: int = 20_000, number: int = 100, visitors: int = 500) -> Iterator[Line]:
    """The check of the split, looked at 100 times: on sound splits, and when 5 % of the treatment's visitors are lost.

    The always-valid one decides on the page; the one of one look stands beside it.
    """
    for share in (0.5, 0.1):
        for lost in (0.0, 0.05):
            real = share / (share + (1 - share) * (1 - lost))
            counts = np.cumsum(np.random.default_rng(11).binomial(visitors, real, (runs, number)), axis=1)
            total = visitors * np.arange(1, number + 1)
            alarm = _chi_square_alarm(counts, total, share)
            always = _evidence_alarm(counts, total, share)
            _check(counts, total, share, alarm, always)
            name = f"split {share * 100:.0f}/{100 - share * 100:.0f}, {visitors} visitors at each of {number} looks"
            if lost:
                yield Line(
                    f"{name}, {lost:.0%} of the treatment lost: found",
                    f"{simulated.ever(always):.1%} always-valid, by the last look",
                    f"{alarm[:, -1].mean():.1%} by chi-square at the end alone",
                    "at least 90 % at 50/50" if share == 0.5 else "–",
                    share != 0.5 or simulated.ever(always) >= 0.9,
                )
            else:
                yield Line(
                    f"{name}, sound: false alarms",
                    f"{simulated.ever(always):.2%} always-valid at all looks",
                    f"{simulated.ever(alarm):.2%} if chi-square is looked at as often, "
                    f"{alarm[:, -1].mean():.2%} at the end alone",
                    "at most 0.1 % at all looks",
                    float(alarm[:, -1].mean()) <= 0.002 and simulated.ever(always) <= split.ALARM,
                )


def clusters(runs: int = 2_000, accounts: int = 100) -> Iterator[Line]:
    """A/A with whole accounts assigned: visitors of one account are alike."""
    random = np.random.default_rng(12)
    clustered = naive = 0
    effects = []
    for _ in range(runs):
        sides = []
        for _arm in range(2):
            size = random.geometric(0.05, accounts)
            rate = random.beta(1.0, 9.0, accounts)
            converted = random.binomial(size, rate)
            sides.append(_accounts(size, converted))
        found = stats.compare_clustered(sides[0], sides[1])
        assert isinstance(found, stats.Clustered)
        assert isinstance(found.by_visitor, stats.MeanComparison)
        clustered += _significant(found.comparison)
        naive += _significant(found.by_visitor)
        effects.append(found.design_effect or 0.0)
    allowed = ALPHA + 2 * simulated.error(ALPHA, runs)
    yield Line(
        f"A/A by account, {accounts} accounts in each arm with 20 visitors on average: false positives",
        f"{clustered / runs:.1%} clustered by account",
        f"{naive / runs:.1%} by visitor; the variance is {np.median(effects):.1f} times as large",
        f"at most {allowed:.1%}",
        clustered / runs <= allowed,
    )


def clusters_over_epochs(runs: int = 1_000, accounts: int = 150) -> Iterator[Line]:
    """A/A by account with visitors who come over weeks while the split changes: an account has visitors of every arm."""
    random = np.random.default_rng(16)
    ours = apart = naive = 0
    shares = (0.1, 0.5)
    for _ in range(runs):
        rate = random.beta(1.0, 9.0, accounts)
        arms: list[list[simulated.Counts]] = []
        for epoch, share in enumerate(shares):
            size = random.geometric(0.1, accounts)
            control = random.binomial(size, share)
            level = 1.2 if epoch else 0.8
            arms += [[count, random.binomial(count, rate * level)] for count in (control, size - control)]
        found = stats.compare_account_strata(*account_sums(arms))
        assert isinstance(found, stats.Clustered)
        ours += _significant(found.comparison)
        pairs = [
            (stats.Arm(int(c[0].sum()), int(c[1].sum())), stats.Arm(int(t[0].sum()), int(t[1].sum())))
            for c, t in (arms[:2], arms[2:])
        ]
        naive += _below(stats.compare_strata(pairs).p_value)
        pooled = [[arms[side][part] + arms[2 + side][part] for part in (0, 1)] for side in (0, 1)]
        wrong = stats.compare_clustered(_accounts(*pooled[0]), _accounts(*pooled[1]))
        apart += isinstance(wrong, stats.Clustered) and _significant(wrong.comparison)
    allowed = ALPHA + 2 * simulated.error(ALPHA, runs)
    yield Line(
        f"A/A by account while the split changed from 10 % to 50 %, {accounts} accounts with visitors of every arm: "
        "false positives",
        f"{ours / runs:.1%} by account, over both times",
        f"{naive / runs:.1%} by visitor; {apart / runs:.1%} by account without regard to the times",
        f"at most {allowed:.1%}",
        ours / runs <= allowed,
    )


def account_sums(
    arms: list[list[simulated.Counts]],
) -> tuple[
    list[stats.AccountCell],
    dict[tuple[int, int], stats.Products],
    tuple[stats.AccountSide, stats.AccountSide],
]:
    """Visitors and conversions of every account, for control and treatment of each stratum in turn, as sums."""
    cells = [
        stats.AccountCell(
            stratum=place // 2, treated=bool(place % 2), visitors=float(size.sum()), total=float(total.sum())
        )
        for place, (size, total) in enumerate(arms)
    ]
    products = {
        (one, other): stats.Products(
            float(arms[one][0] @ arms[other][0]),
            float(arms[one][0] @ arms[other][1]),
            float(arms[one][1] @ arms[other][0]),
            float(arms[one][1] @ arms[other][1]),
        )
        for one in range(len(arms))
        for other in range(len(arms))
    }
    sides = []
    for side in (0, 1):
        whole = np.sum([arms[place][0] for place in range(side, len(arms), 2)], axis=0)
        sides.append(stats.AccountSide(accounts=int((whole > 0).sum()), visitors_squared=float(whole @ whole)))
    return cells, products, (sides[0], sides[1])


def devices(people: int = 100_000_000_000) -> Iterator[Line]:
    """A/A in which 15 % of people have a second device and convert at 10 % instead of 4 %."""
    random = np.random.default_rng(13)
    for share in (0.5, 0.1, 0.05):
        one_device, several = random.multinomial(people, (0.85, 0.15))
        # Where people were first, and those with two devices second.
        first = random.multinomial(one_device, (share, 1 - share))
        both = random.multinomial(
            several, (share * share, share * (1 - share), (1 - share) * share, (1 - share) * (1 - share))
        )
        alone = [stats.Arm(int(count), int(random.binomial(count, 0.04))) for count in first]
        pairs = [stats.Arm(int(count), int(random.binomial(count, 0.10))) for count in both]
        by_first = _lift(stats.together([alone[0], *pairs[:2]]), stats.together([alone[1], *pairs[2:]]))
        dropped = _lift(stats.together([alone[0], pairs[0]]), stats.together([alone[1], pairs[3]]))
        yield Line(
            f"A/A with second devices, {share * 100:.0f}/{100 - share * 100:.0f}: lift found where there is none",
            f"{by_first.value:+.1%} by first assignment",
            f"{dropped.value:+.1%} if visitors seen in both arms are dropped",
            "less than 0.1 %",
            abs(by_first.value) < 0.001,
        )


def bandit(runs: int = 400, days: int = 10, visitors: int = 2_000) -> Iterator[Line]:
    """A split that learns, of arms that do not differ, while the rate falls from day to day."""
    random = np.random.default_rng(14)
    always = fixed = pooled = within = 0
    for _ in range(runs):
        epochs: list[stats.Epoch] = []
        looks: list[list[stats.Epoch]] = []
        shares: tuple[float, ...] = (0.2, 0.4, 0.4)
        for day in range(days):
            counts = random.multinomial(visitors, shares)
            rate = 0.12 - 0.01 * day
            arms = tuple(stats.Arm(int(count), int(random.binomial(count, rate))) for count in counts)
            epochs.append(stats.Epoch(shares, arms))
            looks.append(list(epochs))
            following = stats.next_shares(epochs, control_share=0.2)
            assert isinstance(following, tuple)
            shares = following
        found = stats.analyse(looks)
        assert isinstance(found, stats.Analysis)
        always += any(_below(one.adjusted_always_p_value) for one in found.variations)
        fixed += any(_below(one.adjusted_p_value) for one in found.variations)
        whole = [stats.together(epoch.arms[arm] for epoch in epochs) for arm in range(3)]
        pooled += _below(stats.compare(whole[1], whole[2]).p_value)
        within += _below(stats.compare_strata([(epoch.arms[1], epoch.arms[2]) for epoch in epochs]).p_value)
    allowed = ALPHA + 2 * simulated.error(ALPHA, runs)
    yield Line(
        f"A/A/A with a split that learns for {days} days at a falling rate: false positives against the control",
        f"{always / runs:.1%} always-valid, {fixed / runs:.1%} at the end, both by epoch",
        f"between the variations at the end {pooled / runs:.1%} pooled, {within / runs:.1%} by epoch",
        f"at most {allowed:.1%}",
        always / runs <= ALPHA and fixed / runs <= allowed,
    )


def bandit_that_finds(runs: int = 400, days: int = 14, visitors: int = 2_000) -> Iterator[Line]:
    """A split that learns, of arms that differ, while the rate falls from day to day: what is found, and is it true?"""
    random = np.random.default_rng(15)
    lifts = (0.0, 0.3, -0.3)
    control_share = 0.2
    fixed = always = sent = 0
    for _ in range(runs):
        epochs: list[stats.Epoch] = []
        looks: list[list[stats.Epoch]] = []
        shares: tuple[float, ...] = (control_share, *[(1 - control_share) / len(lifts)] * len(lifts))
        best = 0
        for day in range(days):
            counts = random.multinomial(visitors, shares)
            base = 0.12 - 0.005 * day
            rates = (base, *(base * (1 + lift) for lift in lifts))
            arms = tuple(
                stats.Arm(int(count), int(random.binomial(count, rate)))
                for count, rate in zip(counts, rates, strict=True)
            )
            best += arms[2].visitors
            epochs.append(stats.Epoch(shares, arms))
            looks.append(list(epochs))
            following = stats.next_shares(epochs, control_share=control_share)
            assert isinstance(following, tuple)
            shares = following
        found = stats.analyse(looks)
        assert isinstance(found, stats.Analysis)
        for variation, lift in zip(found.variations, lifts, strict=True):
            fixed += _holds(variation.comparison.lift, lift)
            always += _holds(variation.always.running, lift)
        sent += best
    total = runs * len(lifts)
    name = f"a split that learns for {days} days at a falling rate, lifts of 0, +30 and -30 %"
    for what, hits in (("interval of the lift at the end", fixed), ("always-valid interval of the lift", always)):
        bar = 0.95 - 2 * simulated.error(0.95, total)
        yield Line(
            f"coverage: {what}, {name}",
            f"{hits / total:.1%}",
            "95 % nominal",
            f"at least {bar:.1%}",
            hits / total >= bar,
        )
    share = sent / (runs * days * visitors) / (1 - control_share)
    yield Line(
        f"{name}: visitors of the best variation",
        f"{share:.0%} of those not in control",
        f"{1 / len(lifts):.0%} of an even split",
        "at least 70 %",
        share >= 0.7,
    )


def _holds(interval: stats.Estimate | stats.Interval | stats.NotComputable, truth: float) -> bool:
    if isinstance(interval, stats.NotComputable):
        return False
    return interval.low <= truth and (interval.high is None or truth <= interval.high)


def _chi_square_alarm(counts: simulated.Counts, total: simulated.Counts, share: float) -> simulated.Flags:
    away = counts - total * share
    p_value = special.gammaincc(0.5, away**2 / (total * share * (1 - share)) / 2)
    found: simulated.Flags = (p_value < split.ALARM) & (np.abs(away) / total >= split.SMALLEST_DEVIATION)
    return found


def _evidence_alarm(counts: simulated.Counts, total: simulated.Counts, share: float) -> simulated.Flags:
    k = 1_000.0
    mixture = special.betaln(k * share + counts, k * (1 - share) + total - counts) - special.betaln(
        k * share, k * (1 - share)
    )
    evidence = mixture - counts * math.log(share) - (total - counts) * math.log1p(-share)
    found: simulated.Flags = evidence >= -math.log(split.ALARM)
    return found


def _check(
    counts: simulated.Counts,
    total: simulated.Counts,
    share: float,
    alarm: simulated.Flags,
    always: simulated.Flags,
) -> None:
    """Raises RuntimeError when the product does not say the same as the arrays."""
    for run in range(0, len(counts), max(1, len(counts) // 20)):
        look = len(total) - 1 - run % (len(total) // 2)
        observed = (int(counts[run, look]), int(total[look] - counts[run, look]))
        found = stats.check_split([stats.Counts((share, 1 - share), observed)])
        if not isinstance(found, stats.SplitCheck) or (found.split is stats.Split.MISMATCH) != alarm[run, look]:
            raise RuntimeError(f"the split of {observed} is {found}, in the simulation {alarm[run, look]}")
        looks = [
            [stats.Counts((share, 1 - share), (int(one), int(whole - one)))]
            for one, whole in zip(counts[run, : look + 1], total[: look + 1], strict=True)
        ]
        whole = stats.check_split_at_looks(looks)
        if not isinstance(whole, stats.SplitCheck) or not isinstance(whole.always_p_value, float):
            raise TypeError(f"the split of {observed} is {whole}")
        if (whole.always_p_value <= split.ALARM) != bool(always[run, : look + 1].any()):
            raise RuntimeError(f"the p-value of {observed} is {whole.always_p_value}, in the simulation it is another")


def _accounts(size: simulated.Counts, converted: simulated.Counts) -> stats.Accounts:
    return stats.Accounts(
        accounts=len(size),
        visitors=int(size.sum()),
        total=int(converted.sum()),
        visitors_squared=int((size**2).sum()),
        total_squared=int((converted**2).sum()),
        product=int((size * converted).sum()),
    )


def _significant(comparison: stats.MeanComparison) -> bool:
    return _below(comparison.p_value)


def _below(p_value: stats.Number) -> bool:
    return isinstance(p_value, float) and p_value < ALPHA


def _lift(control: stats.Arm, treatment: stats.Arm) -> stats.Estimate:
    found = stats.compare(control, treatment).lift
    assert isinstance(found, stats.Estimate)
    return found


MEASUREMENTS: dict[str, Callable[[], Iterator[Line]]] = {
    "stats-splits": splits,
    "stats-clusters": clusters,
    "stats-clusters-over-epochs": clusters_over_epochs,
    "stats-devices": devices,
    "stats-bandit": bandit,
    "stats-bandit-finds": bandit_that_finds,
}
