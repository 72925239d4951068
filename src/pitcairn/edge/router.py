"""Which SQL database holds which table."""

from typing import Any

from django.conf import settings
from django.db.models import Model

INBOX_APP = "edge"


def inbox_alias() -> str:
    """The database alias of the inbox: its own SQLite file, or the one PostgreSQL database."""
    return "inbox" if "inbox" in settings.DATABASES else "default"


class InboxRouter:
    """Sends the inbox to its own database and everything else to `default`."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return inbox_alias() if model._meta.app_label == INBOX_APP else "default"

    db_for_write = db_for_read

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return (one._meta.app_label == INBOX_APP) == (other._meta.app_label == INBOX_APP)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == (inbox_alias() if app_label == INBOX_APP else "default")
