"""Why to believe the results, and what speaks against it: each with the numbers it rests on."""

from typing import TYPE_CHECKING

import msgspec

from pitcairn import stats
from pitcairn.experiments import words
from pitcairn.stats import NotComputable

if TYPE_CHECKING:
    from pitcairn.experiments.results import ExperienceResults


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
    if not results.visitors:
        return ()
    found = [
        check
        for check in (
            _split(results),
            _edited(results),
            _chosen_late(results),
            _looks(results),
            _several(results),
            _window(results),
            _counted_once(results),
            _intervals(),
        )
        if check is not None
    ]
    return tuple(sorted(found, key=lambda check: check.ok))


def _split(results: "ExperienceResults") -> Check | None:
    goal = results.primary
    if goal is None:
        return None
    control, personalized, set_share = (
        goal.control.visitors,
        goal.personalized.visitors,
        results.experience.control_share,
    )
    observed = control / (control + personalized)
    found = stats.check_split([stats.Counts((set_share, 1 - set_share), (control, personalized))])
    text = f"{words.share(observed)} of visitors in control, {words.share(set_share)} set"
    if (
        isinstance(found, NotComputable)
        or isinstance(found.p_value, NotComputable)
        or found.split is stats.Split.UNKNOWN
    ):
        return Check(name="split", ok=True, title="Too few visitors to check the split", text=text)
    text += f", p {_p(found.p_value)}"
    if found.split is not stats.Split.MISMATCH:
        return Check(name="split", ok=True, title="The split is as set", text=text)
    cause = (
        "If the control share was changed since launch, that is why; compare only what came after"
        if results.experience.edited_since_launch
        else "One side loses visitors on the way: see whether its page is slower, redirects or fails"
    )
    return Check(name="split", ok=False, serious=True, title="The split is not as set", text=f"{text}. {cause}.")


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
        text=f"Same page, segments, changes and split since {experience.started_at:%-d %B %Y}",
    )


def _chosen_late(results: "ExperienceResults") -> Check | None:
    late = [goal.event for goal in results.goals if goal.chosen_late]
    if not late:
        return None
    goals = "This goal was" if len(results.goals) == 1 else f"{', '.join(late)} {'was' if len(late) == 1 else 'were'}"
    return Check(
        name="chosen_late",
        ok=False,
        title="Goal chosen after launch",
        text=f"{goals} chosen when results could already be seen: take it as a hint, not as proof.",
    )


def _looks(results: "ExperienceResults") -> Check:
    return Check(
        name="looks",
        ok=False,
        title="Made for one look, at the end you planned",
        text="Whoever looks every day for two weeks and stops at the first p below 0.05 finds a difference where "
        f"there is none in 22{words.NO_BREAK}% of tests, not in 5{words.NO_BREAK}%.",
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


def _window(results: "ExperienceResults") -> Check:
    open_share = results.inside_window / results.visitors
    return Check(
        name="window",
        ok=True,
        title=f"Converted within {results.window.days} days counts",
        text=f"From the first time the visitor saw it; {words.visitors(results.inside_window)} "
        f"({words.share(open_share)}) still had time left",
    )


def _counted_once(results: "ExperienceResults") -> Check:
    return Check(
        name="counted_once",
        ok=True,
        title="Every visitor counts once",
        text=f"{words.visitors(results.visitors)}, each in the arm they were first shown, however often they "
        "came back or converted",
    )


def _intervals() -> Check:
    return Check(
        name="intervals",
        ok=True,
        title=f"95{words.NO_BREAK}% intervals that hold for small numbers too",
        text="Rates: Wilson. Lift and p: Miettinen and Nurminen's score method, so that they never contradict "
        "each other",
    )


def _p(value: float) -> str:
    text = words.probability(value)
    return text if text.startswith("below") else f"= {text}"
