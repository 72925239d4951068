from __future__ import annotations

import pytest

from api.programs import Program, calm  # noqa: F401 - a fixture
from pages import *  # noqa: F403 - the fixtures that tests of pages share
from pitcairn.workspaces.models import Workspace


@pytest.fixture
def program(workspace: Workspace) -> Program:
    """A program with a key that may write."""
    return Program.of(workspace)
