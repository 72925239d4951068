"""Sets up the demo workspace: a source, the Mutiny destination, a goal, and one live experience.

Seeding again makes only what is missing; what somebody changed since stays as it is. Import it only after Django is
set up.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from pitcairn.connections import queries as connection_queries
from pitcairn.connections import services as connection_services
from pitcairn.experiences import queries as experience_queries
from pitcairn.experiences import services as experience_services
from pitcairn.workspaces import queries as workspace_queries
from pitcairn.workspaces import services as workspace_services
from pitcairn.workspaces.models import Role, User, Workspace

WORKSPACE = "Demo"
# The top-level domain .localhost belongs to nobody (RFC 6761): mail to this address goes nowhere.
OWNER = "demo@pitcairn.localhost"
SOURCE = "Demo website"
DESTINATION = "mutiny"
GOAL = "Clicked Login Button"
EXPERIENCE = "Corporate Website Experiment"
SEGMENT = "Small company"
TRAIT = "company.employee_count"
SMALL_COMPANY_BELOW = 200
CHANGES = (
    {"type": "text", "selector": "#headline", "value": "Shift planning for teams where everyone knows everyone"},
    {
        "type": "text",
        "selector": "#lead",
        "value": "Plan next week in ten minutes, and tell everyone at once when it changes. No project, no training.",
    },
    {"type": "text", "selector": "#start", "value": "Start free today"},
    {"type": "text", "selector": "#note", "value": "Free for up to 20 people."},
    {"type": "hide", "selector": "#fit"},
)
"""What visitors from small companies see of the demo website instead of words for large ones."""

PASSWORD_FILE = "initial-password"  # noqa: S105 - a file name


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What there is to sign in to and to send to. `made` names what this seeding made."""

    workspace: Workspace
    email: str
    password_file: Path
    source_id: int
    write_key: str
    destination_id: int
    experience_id: int
    made: tuple[str, ...]


def initial_password() -> str | None:
    """The password made for this installation while it is still the owner's; None once it was changed."""
    path = settings.DATA / PASSWORD_FILE
    user = User.objects.filter(email=OWNER).first()
    if user is None or not path.exists():
        return None
    password = path.read_text().strip()
    return password if user.check_password(password) else None


def demo_write_key() -> str | None:
    """The write key of the demo website's source; None where the demo was not seeded."""
    for workspace in workspace_queries.workspaces():
        for source in connection_queries.sources(workspace.id):
            if workspace.name == WORKSPACE and source.name == SOURCE:
                return source.write_key
    return None


@transaction.atomic
def seed() -> Demo:
    """Makes what is missing of the demo, in one transaction."""
    made: list[str] = []
    workspace = next((found for found in workspace_queries.workspaces() if found.name == WORKSPACE), None)
    if workspace is None:
        workspace = workspace_services.create_workspace(WORKSPACE)
        made.append("workspace")
    password_file = settings.DATA / PASSWORD_FILE
    if not User.objects.filter(email=OWNER).exists():
        workspace_services.add_user(
            email=OWNER, password=_password(password_file), workspace=workspace, role=Role.OWNER, name="Demo owner"
        )
        made.append("user")

    source = next((s for s in connection_queries.sources(workspace.id) if s.name == SOURCE), None)
    if source is None:
        source_id = connection_services.create_source(workspace_id=workspace.id, name=SOURCE, kind="browser").id
        source = connection_queries.source(workspace.id, source_id)
        assert source is not None
        made.append("source")

    destinations = connection_queries.destinations(workspace.id, slug=DESTINATION)
    if destinations:
        destination_id = destinations[0].id
    else:
        destination_id = connection_services.create_destination(
            workspace_id=workspace.id,
            slug=DESTINATION,
            source_ids=[source.id],
            settings={"apiKey": connection_services.new_api_key()},
            enabled=True,
        ).id
        made.append("destination")

    experience_id = experience_queries.find_experience(workspace.id, EXPERIENCE)
    if experience_id is None:
        experience_id = _experience(workspace.id)
        made.append("experience")
    return Demo(
        workspace=workspace,
        email=OWNER,
        password_file=password_file,
        source_id=source.id,
        write_key=source.write_key,
        destination_id=destination_id,
        experience_id=experience_id,
        made=tuple(made),
    )


def _experience(workspace_id: int) -> int:
    experience = experience_services.save_experience(
        workspace_id=workspace_id,
        name=EXPERIENCE,
        page_url="/",
        control_share=0.5,
        segments=[
            {
                "name": SEGMENT,
                "condition": {
                    "all": [
                        {"fact": "trait", "name": TRAIT, "operator": "less_than", "value": SMALL_COMPANY_BELOW},
                    ]
                },
                "variations": [{"changes": CHANGES}],
            }
        ],
        goals=[GOAL],
    )
    return experience_services.start_experience(workspace_id, experience.id).id


def _password(path: Path) -> str:
    """Makes the owner's password and keeps it where only the owner of the data folder can read it."""
    password = secrets.token_urlsafe(15)
    path.unlink(missing_ok=True)  # left behind by a SQL store that is gone
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{password}\n")
    return password
