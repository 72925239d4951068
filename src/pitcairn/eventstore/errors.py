"""What can go wrong with the event store, as three kinds a caller treats differently."""


class EventStoreError(Exception):
    """The event store refused what was asked of it; asking again changes nothing."""


class EventStoreBusy(EventStoreError):
    """Another process, or another folder in this process, holds the embedded engine."""


class EventStoreUnavailable(EventStoreError):
    """The ClickHouse server cannot be reached or does not answer; the same call may succeed later."""
