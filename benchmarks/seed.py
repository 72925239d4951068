"""Fills a fresh data folder: one source, Mutiny connected, experiences running. `python -m benchmarks.seed EXPERIENCES`."""

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
for number in range(int(sys.argv[1])):
    experience = save_experience(
        workspace_id=workspace.id,
        name=f"Experience {number}",
        page_url="/",
        control_share=0.5,
        segments=[
            {
                "name": "Small company",
                "condition": {
                    "all": [
                        {"fact": "trait", "name": "company.employee_count", "operator": "less_than", "value": 200},
                        {"fact": "utm", "name": "source", "operator": "differs", "value": f"source-{number}"},
                    ]
                },
                "variations": [
                    {"changes": [{"type": "text", "selector": f"h{number + 1}", "value": "Made for small companies"}]}
                ],
            }
        ],
        goals=["Clicked Login Button"],
    )
    start_experience(workspace.id, experience.id)
