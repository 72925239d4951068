"""Looks into a data folder that no server has open, and prints what is in it as JSON.

    PITCAIRN_DATA=DIR python tests/crash/look.py

`messages` holds how often each message id is stored; `people` what is known of each user id; `inbox` the messages that
still wait there.
"""

import json
import os
from typing import Any

import django


def look() -> dict[str, Any]:
    from django.conf import settings

    from pitcairn.connections.models import Source
    from pitcairn.edge import inbox
    from pitcairn.eventstore import EventStore
    from pitcairn.pipeline.models import PipelineState
    from pitcairn.profiles.models import Identifier, Profile
    from pitcairn.profiles.queries import profile, profile_of

    workspace = Source.objects.get(name="backend").workspace_id
    state = PipelineState.objects.filter(id=1).first()
    waiting = [
        json.loads(item)
        for entry in inbox.read_after(state.inbox_position if state else 0, 1_000_000)
        for request in entry.requests
        for item in request.items
    ]
    people = {}
    for user_id in Identifier.objects.filter(workspace_id=workspace, type="user_id").values_list("value", flat=True):
        found = profile_of(workspace, "user_id", user_id)
        detail = profile(workspace, found or 0)
        assert detail is not None, f"user_id:{user_id} points to {found}, which is no living profile"
        people[user_id] = {
            "traits": {trait.name: trait.value for trait in detail.traits},
            "identifiers": sorted(f"{one.type}:{one.value}" for one in detail.item.identifiers),
            "ids": detail.ids,
        }
    with EventStore.open(settings.EVENTS_URL) as store:
        owner = {id_: user_id for user_id, person in people.items() for id_ in person["ids"]}
        rows = store._rows(
            "SELECT message_id, profile_id FROM messages WHERE workspace_id = {w:UInt32}", {"w": workspace}
        )
        reasons = store._rows(
            "SELECT reason, count() FROM refusals WHERE workspace_id = {w:UInt32} GROUP BY reason", {"w": workspace}
        )
        last = store.last_batch()
    messages: dict[str, int] = {}
    for message_id, _ in rows:
        messages[message_id] = messages.get(message_id, 0) + 1
    return {
        "messages": messages,
        "owners": {message_id: owner.get(profile_id) for message_id, profile_id in rows},
        "people": people,
        "profiles": Profile.objects.filter(workspace_id=workspace, merged_into__isnull=True).count(),
        "refused": dict(reasons),
        "inbox": [message.get("messageId") for body in waiting for message in body.get("batch", [body])],
        "batches": [state.batch if state else 0, last],
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pitcairn.settings")
    django.setup()
    print(json.dumps(look()))
