"""Fills the data folder that PITCAIRN_DATA names with what the tests of a running server work on.

    PITCAIRN_DATA=DIR python tests/seed.py

Run by `tests/server.py` in a process of its own: settings are read once per process, and the tests' own process has its own.
"""

import json
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pitcairn.settings")

import django

django.setup()

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.db import connections

from pitcairn.commands.migrate import migrate_sql
from pitcairn.connections import oauth_apps, source_settings
from pitcairn.connections import services as connections_services
from pitcairn.connections.models import Source
from pitcairn.workspaces import services as workspaces_services
from pitcairn.workspaces.models import Role
from server import ELSEWHERE, EMAIL, MUTINY_KEY, ORIGINS, PASSWORD, SEGMENT_KEY, WORKSPACE, WRITE_KEYS

migrate_sql()
workspace = workspaces_services.create_workspace(WORKSPACE)
workspaces_services.add_user(email=EMAIL, password=PASSWORD, workspace=workspace, role=Role.OWNER, name="Owner")
kinds = {
    "website": "browser",
    "app": "mobile",
    "backend": "server",
    "unconnected": "browser",
    "disabled": "browser",
    "limited": "server",
    "fenced": "browser",
    "tokens": "server",
    "segment": "segment",
}
sources = {
    name: connections_services.create_source(
        workspace_id=workspace.id, name=name, kind=kind, write_key=WRITE_KEYS[name]
    ).id
    for name, kind in kinds.items()
}
connections_services.set_source_enabled(workspace_id=workspace.id, source_id=sources["disabled"], enabled=False)
rules = {
    "rate_limit": None,
    "allowed_origins": [],
    "requires_token": False,
    "asks_consent": False,
    "honours_gpc": False,
}
for name, rule in {
    "limited": {"rate_limit": 1},
    "fenced": {"allowed_origins": ORIGINS},
    "tokens": {"requires_token": True},
}.items():
    source_settings.set_source_rules(workspace_id=workspace.id, source_id=sources[name], **{**rules, **rule})
Source.objects.filter(id=sources["segment"]).update(secret=SEGMENT_KEY)
off = connections_services.create_source(workspace_id=workspace.id, name="segment, disabled", kind="segment")
Source.objects.filter(id=off.id).update(secret=f"{SEGMENT_KEY}-disabled", enabled=False)
private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
public_text = private_key.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
app = oauth_apps.create_oauth_app(workspace_id=workspace.id, name="Importer", public_key=public_text.decode())
private_text = private_key.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
(settings.DATA / "oauth-app.json").write_text(
    json.dumps({"client_id": app.client_id, "key_id": app.key_id, "private_key": private_text.decode()})
)
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
