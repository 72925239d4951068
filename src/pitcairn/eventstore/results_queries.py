"""Named queries for results: who was exposed to what first, and who converted inside the window after it.

The rule, for one experience:

- a visitor's first exposure decides its audience segment, its variation, its time and its profile;
- a conversion is a Track message delivered to the Mutiny destination whose event is one of the goals;
- it belongs to the visitor whose id is its anonymous id, if that visitor was exposed; if not, to every exposed visitor of
  the same person, where merges are applied to both sides;
- it counts when first exposure <= its timestamp < first exposure + window, and a visitor converts at most once.

Only facts are read (exposures, messages, merges), so rows that come late and merges made later change the answer as if
they had always been there.
"""

# The name by which a message's `delivered_to` says that the personalizing destination took it.
DESTINATION = "mutiny"

# Who a profile is today. A later batch's row replaces an earlier one, so no chain is followed.
_SURVIVORS = """
    survivors AS (
        SELECT merges.loser_id AS loser_id, argMax(merges.winner_id, merges.batch) AS winner_id
        FROM merges
        WHERE merges.workspace_id = {workspace_id:UInt32}
        GROUP BY merges.loser_id
    )"""

_EXPOSED = """
        FROM exposures
        WHERE exposures.workspace_id = {workspace_id:UInt32}
          AND exposures.experience_id = {experience_id:UInt32}
          AND exposures.timestamp < fromUnixTimestamp64Milli({until:Int64}, 'UTC')"""

_CONVERSIONS = """
        FROM messages
        WHERE messages.workspace_id = {workspace_id:UInt32}
          AND messages.type = 'track'
          AND messages.event IN {events:Array(String)}
          AND messages.timestamp >= (SELECT min(exposures.timestamp) %(exposed)s)
          AND messages.timestamp < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
          AND has(messages.delivered_to, {destination:String})""" % {"exposed": _EXPOSED}  # noqa: UP031
