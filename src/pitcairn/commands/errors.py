"""Foreign errors become the command line's one kind, with what to do. Import only after Django is set up."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import DatabaseError, OperationalError

from pitcairn.commands.command import CommandError
from pitcairn.connections.services import ConnectionsError
from pitcairn.eventstore import EventStoreError
from pitcairn.experiences.services import ExperienceError
from pitcairn.experiments.services import GoalError

_NO_TABLES = ("no such table", "no such column", "does not exist", "has no column")


@contextmanager
def readable() -> Iterator[None]:
    """Turns what services and stores raise into CommandError."""
    try:
        yield
    except (ConnectionsError, ExperienceError, GoalError, EventStoreError) as error:
        raise CommandError(str(error)) from error
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    except DatabaseError as error:
        text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if any(words in text for words in _NO_TABLES):
            raise CommandError(f"the SQL store is not up to date ({text}); run `pitcairn migrate`") from error
        if isinstance(error, OperationalError):
            raise CommandError(f"the SQL store cannot be used: {text}. Check DATABASE_URL or the data folder") from error
        raise
