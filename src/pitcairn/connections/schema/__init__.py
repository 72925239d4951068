"""What events and properties each source sends.

Names, types and times are counted by the pipeline as messages pass (`recording.py`): to find them in the event store means
to parse the JSON of every message ever kept, seconds for each million, while counting costs some two microseconds a message.
How many messages came when is asked of the event store, where it is a quick scan of three columns.
"""
