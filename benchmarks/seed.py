"""Fills a fresh data folder: one source, Mutiny connected, live experiences. `python -m benchmarks.seed EXPERIENCES SEGMENTS`.

Every fifth experience is on the page that the visitor asks for, and the visitor is in the last segment of the last of them
alone: so every condition of that page must be answered before something is decided. With one segment each, all are on the page.
"""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pitcairn.settings")

import django

django.setup()

from django.conf import settings
from django.core.management import call_command

from benchmarks.processes import WRITE_KEY
from pitcairn.connections.services import create_destination, create_source
from pitcairn.experiences.services import save_experience, start_experience
from pitcairn.workspaces.services import create_workspace

for database in settings.DATABASES:
    call_command("migrate", database=database, verbosity=0)
workspace = create_workspace("Benchmark")
source = create_source(workspace_id=workspace.id, name="Website", kind="browser", write_key=WRITE_KEY)
create_destination(
    workspace_id=workspace.id, slug="mutiny", source_ids=[source.id], settings={"apiKey": "benchmark"}, enabled=True
)
EXPERIENCES, SEGMENTS = int(sys.argv[1]), int(sys.argv[2])
ON_PAGE = [number for number in range(EXPERIENCES) if SEGMENTS == 1 or number % 5 == 0]


def segment(number: int, place: int) -> dict[str, object]:
    is_theirs = SEGMENTS == 1 or (number == ON_PAGE[-1] and place == SEGMENTS - 1)
    size = {
        "fact": "trait",
        "name": "company.employee_count",
        "operator": "less_than" if is_theirs else "at_least",
        "value": 200,
    }
    campaign = {"fact": "utm", "name": "source", "operator": "differs", "value": f"source-{number}-{place}"}
    change = {"type": "text", "selector": f"h{number % 6 + 1}", "value": "Made for small companies"}
    # What is true stands first, so that both questions are asked.
    return {
        "name": f"Segment {place}",
        "condition": {"all": [campaign, size]},
        "variations": [{"name": "A", "changes": [change]}, {"name": "B", "changes": [change]}],
    }


for number in range(EXPERIENCES):
    experience = save_experience(
        workspace_id=workspace.id,
        name=f"Experience {number}",
        page_url="/" if number in ON_PAGE else f"/section-{number}/*",
        control_share=0.5,
        segments=[segment(number, place) for place in range(SEGMENTS)],
        goals=["Clicked Login Button"],
    )
    start_experience(workspace.id, experience.id)
