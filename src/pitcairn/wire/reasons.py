"""Why a message was refused: a closed list, with the words the debugger shows.

Names are Segment's where it has one (Delivery Overview, "failed on ingest"); the rest are ours.
"""

from enum import StrEnum


class DropReason(StrEnum):
    """The value is what the event store keeps; `explanation` is for people."""

    EMPTY_BATCH = "empty_batch"
    BATCH_TOO_LONG = "batch_too_long"
    MULTI_USER_ERROR = "multi_user_error"
    SOURCE_DISABLED = "source_disabled"
    NO_USER_ANON_ID = "no_user_anon_id"
    ID_REQUIRED = "id_required"
    ID_NOT_STRING = "id_not_string"
    EVENT_NOT_DEFINED = "event_not_defined"
    EVENT_NOT_STRING = "event_not_string"
    PROPERTIES_NOT_OBJECT = "properties_not_object"
    TRAITS_NOT_OBJECT = "traits_not_object"
    CONTEXT_NOT_OBJECT = "context_not_object"
    INTEGRATIONS_NOT_OBJECT = "integrations_not_object"
    NAME_NOT_STRING = "name_not_string"
    CATEGORY_NOT_STRING = "category_not_string"
    MESSAGE_ID_NOT_STRING = "message_id_not_string"
    TYPE_UNKNOWN = "type_unknown"
    MESSAGE_NOT_OBJECT = "message_not_object"
    MESSAGE_TOO_LARGE = "message_too_large"
    MESSAGE_UNREADABLE = "message_unreadable"
    DUPLICATE_MESSAGE = "duplicate_message"
    MALFORMED_JSON = "malformed_json"
    REQUEST_TOO_LARGE = "request_too_large"
    RATE_LIMITED = "rate_limited"
    ORIGIN_NOT_ALLOWED = "origin_not_allowed"
    INVALID_TOKEN = "invalid_token"  # noqa: S105 - a reason, no token
    SEGMENT_SOURCE = "segment_source"
    USER_SUPPRESSED = "user_suppressed"
    SCHEMA_VIOLATION = "schema_violation"
    COMMON_SCHEMA_VIOLATION = "common_schema_violation"
    UNPLANNED = "unplanned"
    UNPLANNED_AND_SCHEMA_VIOLATION = "unplanned_and_schema_violation"
    INTERNAL_ERROR = "internal_error"

    @property
    def explanation(self) -> str:
        """What was wrong and what the sender can do about it."""
        return EXPLANATIONS[self]


EXPLANATIONS: dict[DropReason, str] = {
    DropReason.EMPTY_BATCH: "The batch held no messages. Send at least one, or no request at all.",
    DropReason.BATCH_TOO_LONG: "The batch held more than 2,500 messages; none was taken. Send smaller batches.",
    DropReason.MULTI_USER_ERROR: "Some messages of this batch were refused, each with its own reason; the others were taken.",
    DropReason.SOURCE_DISABLED: "The source is disabled. Enable it under Connections, Sources, to take its messages.",
    DropReason.NO_USER_ANON_ID: "The message names nobody. Give it a userId or an anonymousId.",
    DropReason.ID_REQUIRED: "The call needs an id that it does not have: alias needs previousId and userId, group needs groupId.",
    DropReason.ID_NOT_STRING: "An id is empty, longer than 500 characters, or not a string. Send ids as non-empty strings.",
    DropReason.EVENT_NOT_DEFINED: "A track call needs an event name.",
    DropReason.EVENT_NOT_STRING: "The event name is not a string, or is empty.",
    DropReason.PROPERTIES_NOT_OBJECT: "properties must be a JSON object.",
    DropReason.TRAITS_NOT_OBJECT: "traits must be a JSON object.",
    DropReason.CONTEXT_NOT_OBJECT: "context must be a JSON object.",
    DropReason.INTEGRATIONS_NOT_OBJECT: "integrations must be a JSON object.",
    DropReason.NAME_NOT_STRING: "The name of a page or screen must be a non-empty string, or be left out.",
    DropReason.CATEGORY_NOT_STRING: "The category of a page or screen must be a string, or be left out.",
    DropReason.MESSAGE_ID_NOT_STRING: "messageId must be a string of at most 100 characters.",
    DropReason.TYPE_UNKNOWN: "type must be identify, track, page, screen, group or alias.",
    DropReason.MESSAGE_NOT_OBJECT: "A message must be a JSON object.",
    DropReason.MESSAGE_TOO_LARGE: "A message may have at most 32 KB.",
    DropReason.MESSAGE_UNREADABLE: "The message is JSON, but holds something that cannot be kept: broken text, a number out of "
    "range, or nesting that is too deep.",
    DropReason.DUPLICATE_MESSAGE: "A message with this messageId was taken in the last 24 hours; this copy was not counted "
    "again.",
    DropReason.MALFORMED_JSON: "The request's body is not JSON; it was answered 400 and nothing of it was taken.",
    DropReason.REQUEST_TOO_LARGE: "The request was over the limit (32 KB for one message, 500 KB for a batch); it was answered "
    "400 and nothing of it was taken.",
    DropReason.RATE_LIMITED: "The source sent more than its rate allows; it was answered 429 and told when to come again. Client "
    "libraries do.",
    DropReason.ORIGIN_NOT_ALLOWED: "A page of an origin that the source does not allow sent it; it was answered 403. Allow the "
    "origin in the source's settings if it is yours.",
    DropReason.INVALID_TOKEN: "The source takes calls with a bearer token only, and this one had none that counts; it was "
    "answered 401.",
    DropReason.SEGMENT_SOURCE: "The source takes what Segment delivers to /integrations/segment, not calls with its write key; "
    "it was answered 403.",
    DropReason.USER_SUPPRESSED: "The person was deleted and asked not to be known again; nothing of the message was kept.",
    DropReason.SCHEMA_VIOLATION: "The message breaks the rule that the source's tracking plan has for it, and the plan blocks "
    "such messages. Correct what sends it, or the rule.",
    DropReason.COMMON_SCHEMA_VIOLATION: "The message breaks the rule that the source's tracking plan has for every message, and "
    "the plan blocks such messages. Correct what sends it, or the rule.",
    DropReason.UNPLANNED: "The source's tracking plan has no rule for this event, and blocks what it does not know. Add a rule, "
    "or let unplanned events pass.",
    DropReason.UNPLANNED_AND_SCHEMA_VIOLATION: "The source's tracking plan has no rule for this event, and the message breaks "
    "the rule for every message as well.",
    DropReason.INTERNAL_ERROR: "A fault in Pitcairn kept this message from being processed. Its text is kept here; the "
    "server's log says more.",
}
