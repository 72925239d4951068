"""A naive model of identity: whoever shares an identifier is one person, unless that would join two user ids."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from pitcairn.profiles.identifiers import identifiers_of
from pitcairn.profiles.identity import (
    Identifier,
    IdentityGraph,
    Occasion,
    Person,
    StoredAssignment,
    learn_traits,
    remember_assignment,
)

WORKSPACE = 7


@dataclass
class Call:
    """An Identify call, as far as identity goes. `at` is its corrected time; calls arrive in the order of the list."""

    user_id: str = ""
    email: str = ""
    anonymous_id: str = ""
    traits: dict[str, Any] = field(default_factory=dict)
    at: int = 0
    assignment: str = ""
    workspace_id: int = WORKSPACE

    def identifiers(self) -> list[Identifier]:
        traits = {**self.traits, **({"email": self.email} if self.email else {})}
        return identifiers_of("identify", self.user_id, self.anonymous_id, traits, None)


@dataclass
class Cluster:
    """A person of the naive model: who points to them, and every call that was about them."""

    identifiers: set[Identifier]
    calls: list[Call]
    born: int

    @property
    def user_ids(self) -> set[str]:
        return {value for kind, value in self.identifiers if kind == "user_id"}

    def traits(self) -> dict[str, Any]:
        """All calls in the order in which they happened: the last word on each trait counts, and null takes it away."""
        known: dict[str, Any] = {}
        for call in sorted(self.calls, key=lambda call: call.at):
            known.update(call.traits)
        return {name: value for name, value in known.items() if value is not None}

    def assignment(self) -> str | None:
        first = min((call for call in self.calls if call.assignment), key=lambda call: call.at, default=None)
        return first.assignment if first else None


def naive(calls: Iterable[Call]) -> list[Cluster]:
    clusters: list[Cluster] = []
    for number, call in enumerate(calls):
        carried = call.identifiers()
        while carried:
            matched = [cluster for cluster in clusters if cluster.identifiers & set(carried)]
            together = Cluster(set(carried), [], number)
            for cluster in matched:
                together.identifiers |= cluster.identifiers
                together.calls += cluster.calls
                together.born = min(together.born, cluster.born)
            if len(together.user_ids) <= 1:
                together.calls.append(call)
                clusters = [cluster for cluster in clusters if cluster not in matched] + [together]
                break
            carried.pop()
    return clusters


CALL = st.builds(
    Call,
    user_id=st.sampled_from(["", "u1", "u2", "u3"]),
    email=st.sampled_from(["", "", "a@x.example", "b@x.example"]),
    anonymous_id=st.sampled_from(["", "a1", "a2", "a3", "a4"]),
    traits=st.dictionaries(st.sampled_from("pqr"), st.sampled_from([None, "", 0, False, "one", {"n": 1}]), max_size=2),
    assignment=st.sampled_from(["", "", "control", "personalized"]),
)


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    """Calls in the order of arrival, which need not be the order in which they happened."""
    made: list[Call] = draw(st.lists(CALL, max_size=25))
    for call, at in zip(made, draw(st.permutations(range(100, 100 + len(made)))), strict=True):
        call.at = at
    return made


def apply(graph: IdentityGraph, call: Call, number: int) -> Person | None:
    """What the pipeline does with one call."""
    person = graph.resolve(call.identifiers(), Occasion(call.workspace_id, 1, f"m{number}", number))
    if person is not None:
        changed = learn_traits(
            person, call.traits, at=call.at, source_id=1, personalize=True, user_label=len(call.user_id)
        )
        if call.assignment:
            shown = StoredAssignment(call.assignment, 1, int(call.assignment == "personalized"), call.at)
            changed |= remember_assignment(person, "3", shown)
        if changed:
            graph.changed[person.id] = person
    return person
