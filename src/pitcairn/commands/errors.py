"""Foreign errors become the command line's one kind, with what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from pitcairn.commands.command import CommandError

_NO_TABLES = ("no such table", "no such column", "does not exist", "has no column")


@contextmanager
def readable() -> Iterator[None]:
    """Turns what services and stores raise into CommandError; what nobody expects stays as it is."""
    try:
        yield
    except CommandError:
        raise
    except Exception as error:
        text = _in_words(error)
        if text is None:
            raise
        raise CommandError(text) from error


def _in_words(error: Exception) -> str | None:
    # Imported when needed: most commands meet no error, and would wait for imports that they do not use.
    from django.core.exceptions import ImproperlyConfigured, ValidationError
    from django.db import DatabaseError, OperationalError

    from pitcairn.connections.services import ConnectionsError
    from pitcairn.control import CommandFailed
    from pitcairn.engage.services import AudienceError
    from pitcairn.eventstore import EventStoreError
    from pitcairn.experiences.services import ExperienceError
    from pitcairn.experiments.results import ResultsError
    from pitcairn.experiments.services import GoalError

    ours = (AudienceError, CommandFailed, ConnectionsError, EventStoreError, ExperienceError, GoalError, ResultsError)
    if isinstance(error, (*ours, ImproperlyConfigured)):
        return str(error)
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, DatabaseError):
        text = next(iter(str(error).strip().splitlines()), type(error).__name__)
        if any(words in text for words in _NO_TABLES):
            return f"the SQL store is not up to date ({text}); run `pitcairn migrate`"
        if isinstance(error, OperationalError):
            return f"the SQL store cannot be used: {text}. Check DATABASE_URL or the data folder"
    return None
