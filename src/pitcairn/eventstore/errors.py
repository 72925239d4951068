"""What can go wrong with the event store, as three kinds a caller treats differently."""


class EventStoreError(Exception):
    """The event store refused what was asked of it; asking again changes nothing."""


class EventStoreBusy(EventStoreError):  # noqa: N818 - named for the state, as the callers speak of it
    """Another process, or another folder in this process, holds the embedded engine."""


class EventStoreUnavailable(EventStoreError):  # noqa: N818
    """The ClickHouse server cannot be reached or does not answer; the same call may succeed later."""
