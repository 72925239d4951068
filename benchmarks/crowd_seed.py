"""Makes a live experience for the crowd in a data folder. `python -m benchmarks.crowd_seed WORKSPACE CONTROL_SHARE
[GOAL …]`; the crowd's own goal is the primary one.

Prints its name.
"""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pitcairn.settings")

import django

django.setup()

from benchmarks.crowd import GOAL
from pitcairn.commands import choose
from pitcairn.experiences.services import save_experience

made = save_experience(
    workspace_id=choose.workspace(sys.argv[1]).id,
    name="Crowd",
    page_url="crowd.example/",
    control_share=float(sys.argv[2]),
    segments=[
        {
            "name": "Everyone",
            "condition": {"all": []},
            "variations": [{"name": "Hello", "changes": [{"type": "text", "selector": "h1", "value": "Hello"}]}],
        }
    ],
    goals=[GOAL, *sys.argv[3:]],
    start=True,
)
print(made.name)
