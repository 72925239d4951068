"""The simulations of benchmarks/, small: docs/statistics.md has the table of the large ones."""

from collections.abc import Callable, Iterator

import pytest
from benchmarks import simulations, simulations_soundness
from benchmarks.report import Line


@pytest.mark.parametrize(
    "simulated",
    [
        lambda: simulations.looks(runs=3_000),
        lambda: simulations.coverage(runs=300),
        lambda: simulations.power(runs=6_000),
        lambda: simulations_soundness.splits(runs=3_000),
        lambda: simulations_soundness.clusters(runs=500),
        lambda: simulations_soundness.clusters_over_epochs(runs=300),
        simulations_soundness.devices,
        lambda: simulations_soundness.bandit(runs=20),
        lambda: simulations_soundness.bandit_that_finds(runs=20),
    ],
    ids=[
        "looks",
        "coverage",
        "power",
        "splits",
        "clusters",
        "clusters over epochs",
        "devices",
        "bandit",
        "bandit finds",
    ],
)
def test_promises_are_kept(simulated: Callable[[], Iterator[Line]]) -> None:
    lines = list(simulated())
    assert lines
    assert [line.markdown() for line in lines if not line.met] == []


def test_what_is_done_wrong_is_seen_to_be_wrong() -> None:
    """A simulation in which the usual mistakes do no harm would prove nothing."""
    for line in simulations.looks(runs=2_000):
        assert float(line.reference.split("%")[0]) > 25
    for line in simulations_soundness.clusters(runs=200):
        assert float(line.reference.split("%")[0]) > 20
    dropped = [line.reference.split("%")[0] for line in simulations_soundness.devices()]
    assert dropped == ["+0.0", "+17.5", "+20.0"]
