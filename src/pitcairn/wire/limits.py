"""Every limit on what comes in, with its reason. Sizes are Segment's unless another reason is given."""

SINGLE_REQUEST_BYTES = 32 * 1024
"""A request with one message; Segment answers 400 above it."""

BATCH_REQUEST_BYTES = 512_000
"""A batch request. Segment documents 500 KB, which is 512,000 bytes, and its Java and Ruby libraries fill them."""

MESSAGE_BYTES = 32 * 1024
"""One message inside a batch; a larger one is refused, its neighbours are taken."""

BATCH_MESSAGES = 2_500
"""Messages in one batch."""

NESTING = 200
"""Lists and objects in one another. Whatever reads a message later recurses as deep; Python's own bound is near 1,000."""

MESSAGE_ID_LENGTH = 100

ID_LENGTH = 500
"""userId, anonymousId, groupId, previousId: Segment drops group ids over 500 characters; identifiers are indexed."""

DUPLICATE_WINDOW_MS = 24 * 3600 * 1000
"""How long a messageId is remembered."""

RETRY_COUNT_MAX = 255
"""`X-Retry-Count` is kept in one byte; libraries stop at 10."""
