"""The health of live experiences: whether their changes still find their elements, and what they cost the views that have them.

- `rules` decides from counts, without a store or a clock, whether an element was lost, is back, or costs too much;
- `watching` goes from the vitals in the event store to alarms, every few minutes, in the worker;
- `alarms` is what others may know of alarms, in words;
- `figures` and `chart` are what an experience's page shows.
"""
