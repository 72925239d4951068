from __future__ import annotations

import pytest

from api.programs import Program
from pages import *  # noqa: F403 - the fixtures that tests of pages share
from pitcairn.api.access import use_limits
from pitcairn.edge.rates import RateLimits
from pitcairn.workspaces.models import Workspace


@pytest.fixture(autouse=True)
def _calm() -> object:
    """A clock that runs by a second with each request: no test meets the limit but the one about it."""
    seconds = iter(range(1_000_000))
    before = use_limits(RateLimits(lambda: float(next(seconds))))
    yield
    use_limits(before)


@pytest.fixture
def program(workspace: Workspace) -> Program:
    """A program with a key that may write."""
    return Program.of(workspace)
