"""What sources are expected to send: JSON Schemas, and what happens to a message that breaks one.

A plan is a list of rules. A rule is about one kind of message (`track` and its event, `page` or `screen` and its name,
`identify`, `group`) or, as `common`, about every message; its JSON Schema describes the message as Segment writes it, with
`properties`, `traits` and `context` at the top, so that plans of Segment's can be taken over as they are.
"""
