"""`pitcairn results`: what an experience changed."""

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console

from pitcairn.commands.command import Command, CommandError, Result
from pitcairn.commands.output import Rows, percent

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore


def run_results(arguments: dict[str, Any], store: "EventStore") -> Result:
    """`experience` and `workspace` are names or ids."""
    from pitcairn.commands import choose
    from pitcairn.experiences import queries
    from pitcairn.experiments.results import results

    workspace = choose.workspace(arguments["workspace"])
    experience_id = queries.find_experience(workspace.id, arguments["experience"])
    if experience_id is None:
        there = ", ".join(f"{one.name!r} ({one.id})" for one in queries.experience_outlines(workspace.id)) or "none yet"
        raise CommandError(f"there is no experience {arguments['experience']!r}; there is: {there}")
    return results(experience_id, store, datetime.now(UTC)).as_json()


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("experience", metavar="EXPERIENCE", help="by name or id")
    parser.add_argument("--workspace", metavar="NAME", help="by name or id (default: the first one)")


def _run(arguments: Namespace) -> Result:
    from pitcairn import control

    return control.call("results", {"experience": arguments.experience, "workspace": arguments.workspace})


def _interval(estimate: dict[str, Any], *, signed: bool = False) -> str:
    if "value" not in estimate:
        return ""
    if estimate["low"] is None or estimate["high"] is None:
        return percent(estimate["value"], signed=signed)
    low, high = percent(estimate["low"], signed=signed), percent(estimate["high"], signed=signed)
    return f"{percent(estimate['value'], signed=signed)} ({low} to {high})"


def _mean(estimate: dict[str, Any]) -> str:
    """A number per visitor."""
    if "value" not in estimate:
        return ""
    return f"{estimate['value']:,.4g} ({estimate['low']:,.4g} to {estimate['high']:,.4g})"


def _show(result: Result, console: Console) -> None:
    experience = result["experience"]
    console.print(
        f"{experience['name']}: {experience['state']}, on {experience['page']}, "
        f"{experience['controlShare']:.0%} control",
        soft_wrap=True,
        markup=False,
    )
    if not result["goals"]:
        console.print("It has no goal yet, so nothing says whether it helped. Choose one on its page.")
        return
    for goal in result["goals"]:
        about = f"{goal['role']} goal"
        late = ", chosen after launch" if goal["chosenAfterLaunch"] else ""
        console.print(f"\n{goal['what']} ({about}{late})", markup=False)
        console.print(goal["inWords"], markup=False, soft_wrap=True)
        rows = Rows(
            "Segment",
            "Arm",
            "Visitors",
            "Converted",
            "Rate (95 % interval)",
            "Lift (at every look)",
            right=("Visitors", "Converted"),
        )
        for name, sides in (("All", goal), *((part["audienceSegment"]["name"], part) for part in goal["segments"])):
            for arm in ("personalized", "control"):
                rows.add(
                    name if arm == "personalized" else "",
                    arm,
                    f"{sides[arm]['visitors']:,}",
                    f"{sides[arm]['converted']:,}",
                    _mean(sides[arm]["rate"]) if goal["numeric"] else _interval(sides[arm]["rate"]),
                    _interval(sides["lift"], signed=True) if arm == "personalized" else "",
                )
        console.print(rows)
    if result["recommendation"]:
        console.print(f"\nWhat to do: {result['recommendation']}", markup=False, soft_wrap=True)
    for check in result["checks"]:
        if not check["ok"]:
            console.print(f"\n{check['title']}: {check['text']}", markup=False, soft_wrap=True)


RESULTS = Command(
    words="results",
    summary="show what an experience changed: visitors, conversions, rates and lift per segment and arm",
    arguments=_arguments,
    run=_run,
    show=_show,
)
