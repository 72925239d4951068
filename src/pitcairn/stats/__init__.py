"""Aggregates in, results out: what an experiment changed and how sure that is. See docs/statistics.md.

`analyse` is the way in for a conversion goal, `analyse_means` for revenue and other numbers per visitor. Both take what was
counted at every look (usually the end of each day), by the epochs in which the split did not change, and give every
variation's comparison with the control: the one that holds for a single planned look, the one that holds at every look, and
what is believed. `recommend` turns that into one decision with its reason. Everything is a pure function of counts
and sums. What cannot be computed is a `NotComputable` with a reason, never NaN and never an exception; ValueError is
raised only for settings that no counts can cause, such as an alpha of 2.

>>> epoch = Epoch(shares=(0.5, 0.5), arms=(Arm(10_000, 500), Arm(10_000, 625)))
>>> analysis = analyse([[epoch]])
>>> variation = analysis.variations[0]
>>> round(variation.comparison.lift.value, 2), round(variation.comparison.p_value, 4)
(0.25, 0.0001)
>>> round(variation.always.p_value, 4), round(variation.odds.chance, 4)
(0.0059, 0.9999)
>>> recommend(evidence_of(analysis, variation, full_days=14)).decision
<Decision.CHOOSE: 'choose'>

Beside these stand planning (`sample_size`, `sequential_size`, `detectable_lift`, `duration`), soundness (`check_split`,
`check_split_at_looks`, `rank_slices`, `crossover`, `novelty`), other comparisons (`compare_adjusted`, `compare_ratios`,
`compare_clustered`, each made always-valid by `sequential(effect_of(comparison), planned)`), corrections (`holm`,
`benjamini_hochberg`), and the split that learns (`next_shares`).
"""

from pitcairn.stats.account_strata import AccountCell, AccountSide, Products, compare_account_strata
from pitcairn.stats.analysis import (
    Analysis,
    MeansEpoch,
    MeansVariation,
    Variation,
    analyse,
    analyse_means,
)
from pitcairn.stats.arms import Arm, Comparison, Estimate, Interval, NotComputable, Number, Rate, Reason, together
from pitcairn.stats.asymptotic import RunningSequential, Sequential, expected_in_smaller, running, sequential
from pitcairn.stats.bandit import chances_of_highest_mean, chances_to_be_best, next_shares, shares_by_chance
from pitcairn.stats.bayes import Best, Odds, Prior, best, odds
from pitcairn.stats.clusters import Accounts, Clustered, SharedAccounts, compare_clustered
from pitcairn.stats.comparison import ENOUGH_CONVERSIONS, Summary, Verdict, compare, compare_strata, summary
from pitcairn.stats.corrections import benjamini_hochberg, holm
from pitcairn.stats.effects import Effect, MeanComparison, Measured, compare_measured, converted_share, effect_of
from pitcairn.stats.epochs import Epoch, beliefs
from pitcairn.stats.eprocess import Always, Counts, always_valid
from pitcairn.stats.exact import exact_p_value, fisher_p_value
from pitcairn.stats.gaussian import NormalOdds, NormalPrior, normal_odds
from pitcairn.stats.health import Crossing, Crossover, Novelty, Wear, crossover, novelty
from pitcairn.stats.means import (
    Adjusted,
    Stratified,
    compare_adjusted,
    compare_means,
    compare_ratios,
    compare_stratified,
    rates_by_stratum,
)
from pitcairn.stats.moments import Moments, PairMoments, merged, merged_pairs, moments, pair_moments
from pitcairn.stats.newcombe import newcombe
from pitcairn.stats.planner import (
    Design,
    Duration,
    Null,
    Plan,
    detectable_lift,
    duration,
    power,
    remaining_visitors,
    sample_size,
    sequential_detectable_lift,
    sequential_power,
    sequential_size,
)
from pitcairn.stats.recommendation import (
    Because,
    Caution,
    Decision,
    Evidence,
    Guardrail,
    Recommendation,
    evidence_of,
    recommend,
)
from pitcairn.stats.slices import Slice, SliceFinding, rank_slices
from pitcairn.stats.split import Split, SplitCheck, check_split, check_split_at_looks, split_evidence
from pitcairn.stats.wilson import rate

__all__ = [
    "ENOUGH_CONVERSIONS",
    "AccountCell",
    "AccountSide",
    "Accounts",
    "Adjusted",
    "Always",
    "Analysis",
    "Arm",
    "Because",
    "Best",
    "Caution",
    "Clustered",
    "Comparison",
    "Counts",
    "Crossing",
    "Crossover",
    "Decision",
    "Design",
    "Duration",
    "Effect",
    "Epoch",
    "Estimate",
    "Evidence",
    "Guardrail",
    "Interval",
    "MeanComparison",
    "MeansEpoch",
    "MeansVariation",
    "Measured",
    "Moments",
    "NormalOdds",
    "NormalPrior",
    "NotComputable",
    "Novelty",
    "Null",
    "Number",
    "Odds",
    "PairMoments",
    "Plan",
    "Prior",
    "Products",
    "Rate",
    "Reason",
    "Recommendation",
    "RunningSequential",
    "Sequential",
    "SharedAccounts",
    "Slice",
    "SliceFinding",
    "Split",
    "SplitCheck",
    "Stratified",
    "Summary",
    "Variation",
    "Verdict",
    "Wear",
    "always_valid",
    "analyse",
    "analyse_means",
    "beliefs",
    "benjamini_hochberg",
    "best",
    "chances_of_highest_mean",
    "chances_to_be_best",
    "check_split",
    "check_split_at_looks",
    "compare",
    "compare_account_strata",
    "compare_adjusted",
    "compare_clustered",
    "compare_means",
    "compare_measured",
    "compare_ratios",
    "compare_strata",
    "compare_stratified",
    "converted_share",
    "crossover",
    "detectable_lift",
    "duration",
    "effect_of",
    "evidence_of",
    "exact_p_value",
    "expected_in_smaller",
    "fisher_p_value",
    "holm",
    "merged",
    "merged_pairs",
    "moments",
    "newcombe",
    "next_shares",
    "normal_odds",
    "novelty",
    "odds",
    "pair_moments",
    "power",
    "rank_slices",
    "rate",
    "rates_by_stratum",
    "recommend",
    "remaining_visitors",
    "running",
    "sample_size",
    "sequential",
    "sequential_detectable_lift",
    "sequential_power",
    "sequential_size",
    "shares_by_chance",
    "split_evidence",
    "summary",
    "together",
]
