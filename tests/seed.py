"""Fills the data folder that PITCAIRN_DATA names with what the tests of a running server work on.

    PITCAIRN_DATA=DIR python tests/seed.py

Run by `tests/server.py` in a process of its own: settings are read once per process, and the tests' own process has its own.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pitcairn.settings")

import django

django.setup()

from django.db import connections

from pitcairn.commands.migrate import migrate_sql
from pitcairn.connections import services as connections_services
from pitcairn.workspaces import services as workspaces_services
from pitcairn.workspaces.models import Role
from server import ELSEWHERE, EMAIL, MUTINY_KEY, PASSWORD, WORKSPACE, WRITE_KEYS

migrate_sql()
workspace = workspaces_services.create_workspace(WORKSPACE)
workspaces_services.add_user(email=EMAIL, password=PASSWORD, workspace=workspace, role=Role.OWNER, name="Owner")
kinds = {"website": "browser", "app": "mobile", "backend": "server", "unconnected": "browser", "disabled": "browser"}
sources = {
    name: connections_services.create_source(
        workspace_id=workspace.id, name=name, kind=kind, write_key=WRITE_KEYS[name]
    ).id
    for name, kind in kinds.items()
}
connections_services.set_source_enabled(workspace_id=workspace.id, source_id=sources["disabled"], enabled=False)
connections_services.create_destination(
    workspace_id=workspace.id,
    slug="mutiny",
    source_ids=[id_ for name, id_ in sources.items() if name != "unconnected"],
    settings={"apiKey": MUTINY_KEY},
    enabled=True,
)
elsewhere = workspaces_services.create_workspace(ELSEWHERE)
connections_services.create_source(
    workspace_id=elsewhere.id, name="elsewhere", kind="server", write_key=WRITE_KEYS["elsewhere"]
)
connections.close_all()
