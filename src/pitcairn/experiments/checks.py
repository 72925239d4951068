"""Why to believe the results, and what speaks against it: each with the numbers it rests on."""

from typing import TYPE_CHECKING

import msgspec

from pitcairn.experiments import words
from pitcairn.experiments.models import OptimizationOutcome
from pitcairn.stats import Crossing, Crossover, NotComputable, Novelty, SliceFinding, Split, SplitCheck, Wear, crossover

if TYPE_CHECKING:
    from pitcairn.experiments.result_values import ExperienceResults, GoalResult

ENOUGH_DAYS = 7
ENOUGH_CONVERSIONS = 25
# More exposures without a decision than this, relative to visitors, are more than a stray report.
UNASSIGNED_SHARE = 0.01
_KINDS = {
    "browser": "in the browser",
    "device": "on the device",
    "page": "on the page",
    "route": "reported by",
    "returning": "among visitors who are",
    "first_day": "of the day",
}


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One fact about how the numbers came about.

    `ok` is False for what calls for care, `serious` is True for what leaves the answer
    worth nothing until it is explained.
    """

    name: str
    ok: bool
    title: str
    text: str
    serious: bool = False


def checks(results: "ExperienceResults") -> tuple[Check, ...]:
    """What is known about these results, warnings first."""
    if not results.visitors and not results.left.bots and not results.left.internal:
        return ()
    found = [
        check
        for check in (
            _split(results),
            *_variation_splits(results),
            _crossed(results),
            _unassigned(results),
            _allocation(results),
            _edited(results),
            _chosen_late(results),
            _too_little(results),
            _novelty(results),
            _several(results),
            _looks(),
            _window(results),
            _left_out(results),
            _counted_once(results),
            _intervals(),
        )
        if check is not None
    ]
    return tuple(sorted(found, key=lambda check: (not check.serious, check.ok)))


def _split(results: "ExperienceResults") -> Check | None:
    split = results.split
    if isinstance(split, NotComputable) or not sum(split.observed):
        return None
    visitors = sum(split.observed)
    observed, expected = split.observed[0] / visitors, split.expected[0] / visitors
    text = f"{words.share(observed)} of visitors in control, {words.share(expected)} set"
    text += _probabilities(split)
    if split.split is Split.UNKNOWN:
        return Check(name="split", ok=True, title="Too few visitors to check the split", text=text)
    if split.split is Split.AS_SET:
        return Check(name="split", ok=True, title="The split is as set", text=text)
    if split.split is Split.DOUBTFUL:
        return Check(
            name="split",
            ok=False,
            title="The split is somewhat off",
            text=f"{text}. It may be chance; look again in a few days. {_cause(results, split)}".strip(),
        )
    return Check(
        name="split",
        ok=False,
        serious=True,
        title="The split is not as set",
        text=f"{text}. {_cause(results, split)}",
    )


def _probabilities(split: SplitCheck) -> str:
    """`; p = 0.4 at every look (0.2 for one look)`."""
    if isinstance(split.always_p_value, NotComputable):
        return ""
    once = "" if isinstance(split.p_value, NotComputable) else f" ({words.probability(split.p_value)} for one look)"
    return f"; p {_p(split.always_p_value)} at every look{once}"


def _variation_splits(results: "ExperienceResults") -> list[Check]:
    """Segments whose variations did not get the visitors they were to get, whatever control got."""
    found = []
    for one in results.variation_splits:
        if one.check.split not in {Split.DOUBTFUL, Split.MISMATCH}:
            continue
        serious = one.check.split is Split.MISMATCH
        visitors = sum(one.check.observed)
        names = [results.allocation.variations.get(arm, f"Deleted variation {arm}") for arm in one.arms[1:]]
        parts = ", ".join(
            f"{name} {words.share(got / visitors)} of visitors, {words.share(meant / visitors)} set"
            for name, got, meant in zip(["Control", *names], one.check.observed, one.check.expected, strict=True)
        )
        segment = results.allocation.segments.get(one.segment_id, f"Deleted segment {one.segment_id}")
        advice = (
            "A variation that loses visitors is slower, redirects or fails: open each and look."
            if serious
            else "It may be chance; look again in a few days."
        )
        found.append(
            Check(
                name="variation_split",
                ok=False,
                serious=serious,
                title=f"The variations of “{segment}” did not get the visitors they were to get",
                text=f"{parts}{_probabilities(one.check)}. {advice}",
            )
        )
    return found


def _cause(results: "ExperienceResults", split: SplitCheck) -> str:
    if split.unplanned:
        return "Visitors saw a variation that was to be shown to nobody at the time: an older page may still be cached."
    if results.causes:
        return f"Likely cause: {_slice(results.causes[0])}."
    if results.experience.redirects:
        return (
            "No browser, device, page or day explains it. Likely cause: the redirect. Whoever leaves, or is slowed down, between "
            "the two pages is counted on one side only."
        )
    return (
        "No browser, device, page or day explains it. One side loses visitors on the way: see whether its page is slower, "
        "redirects or fails."
    )


def _slice(cause: SliceFinding) -> str:
    value = cause.slice.value or "unknown"
    if cause.slice.dimension == "bot":
        return (
            f"of the visitors who are taken for bots and left out, {words.share(cause.shares[0])} are control "
            f"({words.share(cause.share)} of all); with them the split is as set"
        )
    return (
        f"{words.share(cause.shares[0])} are control {_KINDS[cause.slice.dimension]} {value} "
        f"({words.share(cause.share)} of visitors); without them the split is as set"
    )


def _crossed(results: "ExperienceResults") -> Check | None:
    found = crossover(results.left.crossed, results.visitors)
    if not isinstance(found, Crossover):
        return None
    text = (
        f"{words.visitors(results.left.crossed)} ({words.share(found.rate)}). They count where they were first, which "
        "keeps the arms comparable, and makes the difference look smaller than it is."
    )
    if found.crossing is Crossing.FEW:
        return Check(name="crossed", ok=True, title="Hardly anyone saw several variations", text=text)
    return Check(
        name="crossed",
        ok=False,
        serious=found.crossing is Crossing.TOO_MANY,
        title="Visitors saw several variations",
        text=f"{text} Mostly these are people with several devices, or who deleted their cookies.",
    )


def _unassigned(results: "ExperienceResults") -> Check | None:
    count = results.left.unassigned
    if not count:
        return None
    return Check(
        name="unassigned",
        ok=count <= UNASSIGNED_SHARE * results.visitors,
        title="Exposures without a decision",
        text=f"{words.count(count)} reports of this experience are left out: no decision of this server stands behind "
        "them, or they came through a source that is not connected to Mutiny.",
    )


def _allocation(results: "ExperienceResults") -> Check | None:
    changed = results.allocation.changed
    if not changed:
        return None
    times = "once" if changed == 1 else f"{changed} times"
    learned = {step.made_at for step in results.steps if step.outcome is OptimizationOutcome.CHANGED}
    if changed <= len(learned):
        return Check(
            name="allocation",
            ok=True,
            title=f"The split was learned, and changed {times}",
            text="Visitors are compared only with those who came while the split was the same.",
        )
    return Check(
        name="allocation",
        ok=False,
        title=f"The split was changed {times} while it ran",
        text="Visitors are compared only with those who came while the split was the same, so that a good week in which "
        "one side had more of them does not count for that side.",
    )


def _edited(results: "ExperienceResults") -> Check | None:
    experience = results.experience
    if experience.started_at is None:
        return None
    if experience.edited_since_launch:
        return Check(
            name="edited",
            ok=False,
            title=f"Edited on {experience.updated_at:%-d %B}, after launch",
            text="Visitors before and after may have seen different things; the numbers hold both.",
        )
    return Check(
        name="edited",
        ok=True,
        title="Nothing changed since launch",
        text=f"Same page, segments and changes since {experience.started_at:%-d %B %Y}",
    )


def _chosen_late(results: "ExperienceResults") -> Check | None:
    late = [goal.name for goal in results.goals if goal.chosen_late]
    if not late:
        return None
    goals = "This goal was" if len(results.goals) == 1 else f"{', '.join(late)} {'was' if len(late) == 1 else 'were'}"
    return Check(
        name="chosen_late",
        ok=False,
        title="Goal chosen after launch",
        text=f"{goals} chosen or changed when results could already be seen: take it as a hint, not as proof.",
    )


def _too_little(results: "ExperienceResults") -> Check | None:
    goal = results.primary
    if goal is None:
        return None
    smaller = min(goal.control.converted, goal.personalized.converted)
    missing = []
    if results.full_days < ENOUGH_DAYS:
        missing.append(f"it has run for {_days(results.full_days)} of {ENOUGH_DAYS}, and weekdays differ")
    if smaller < ENOUGH_CONVERSIONS:
        missing.append(f"the smaller arm has {smaller} of {ENOUGH_CONVERSIONS} conversions")
    if not missing:
        return Check(
            name="enough",
            ok=True,
            title="Enough to decide by",
            text=f"{_days(results.full_days)} and {words.count(smaller)} conversions in the smaller arm",
        )
    text = " and ".join(missing)
    return Check(name="enough", ok=False, title="Too little to decide by", text=f"{text[0].upper()}{text[1:]}.")


def _days(number: int) -> str:
    return "1 full day" if number == 1 else f"{number} full days"


def _novelty(results: "ExperienceResults") -> Check | None:
    found = results.novelty
    if not isinstance(found, Novelty):
        return None
    text = (
        f"Visitors of the first week: {words.change(found.first, signed=True)}; of the second: "
        f"{words.change(found.second, signed=True)} (p {_p(found.p_value)})"
    )
    if found.wear is Wear.STEADY:
        return Check(name="novelty", ok=True, title="No sign that it wears off", text=text)
    title = "The effect wears off" if found.wear is Wear.WEARS_OFF else "The effect grows"
    return Check(
        name="novelty", ok=False, title=title, text=f"{text}. What is new draws attention; later weeks say what stays."
    )


def _several(results: "ExperienceResults") -> Check | None:
    if len(results.goals) < 2:
        return None
    return Check(
        name="several",
        ok=False,
        title=f"{len(results.goals)} goals, one of them primary",
        text="Decide by the primary goal: each further one is another chance to see a difference that is not there.",
    )


def _looks() -> Check:
    return Check(
        name="looks",
        ok=True,
        title="Look as often as you like",
        text="Intervals and p-values hold at every look. For one look at a planned end the narrower ones stand under "
        "Details.",
    )


def _window(results: "ExperienceResults") -> Check | None:
    goal = results.primary
    if goal is None or not results.visitors:
        return None
    open_share = results.inside_window / results.visitors
    return Check(
        name="window",
        ok=True,
        title=f"Converted within {window_words(goal)} counts",
        text=f"From the first time the visitor saw it; {words.visitors(results.inside_window)} "
        f"({words.share(open_share)}) still had time left",
    )


def window_words(goal: "GoalResult") -> str:
    """`7 days`, `12 hours`."""
    days = goal.goal.definition.window_days
    if days >= 1:
        return "1 day" if days == 1 else f"{days:g} days"
    hours = days * 24
    return f"{hours:g} hours" if hours >= 1 else f"{hours * 60:.0f} minutes"


def _left_out(results: "ExperienceResults") -> Check | None:
    left = results.left
    seen = results.visitors + left.bots + left.internal
    if not seen:
        return None
    text = (
        f"{words.count(left.bots)} bots ({words.share(left.bots / seen)}) and {words.count(left.internal)} of your own "
        f"people ({words.share(left.internal / seen)}) are not counted, by what was known before they saw anything"
    )
    return Check(name="left_out", ok=True, title="Bots and your own people are left out", text=text)


def _counted_once(results: "ExperienceResults") -> Check:
    merged = f"; {words.count(results.left.merged)} further browsers were theirs" if results.left.merged else ""
    return Check(
        name="counted_once",
        ok=True,
        title="Every visitor counts once",
        text=f"{words.visitors(results.visitors)}, each in the arm they were first shown, however often they "
        f"came back or converted{merged}",
    )


def _intervals() -> Check:
    return Check(
        name="intervals",
        ok=True,
        title=f"95{words.NO_BREAK}% intervals that hold for small numbers too",
        text="Rates: Wilson. Lift: an exact sequential test on conversions (Lindon and Malek); for one look: Miettinen and "
        "Nurminen’s score method, whose p and intervals never contradict each other",
    )


def _p(value: float) -> str:
    text = words.probability(value)
    return text if text.startswith("below") else f"= {text}"
