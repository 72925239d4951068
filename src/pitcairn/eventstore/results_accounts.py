"""The named query for results by account: what an account has in one part of an experience, times what it has in another.

A *cell* is one side (control, or all variations) of one segment in one allocation epoch. An account is one unit, wherever
its visitors were counted: so sums are of products over pairs of cells, each pair in both orders, and each cell with itself.
The cell of segment 0 and epoch 0 is the whole side. A person without account is one of their own; with several, theirs is the
one with the lowest id.
"""

# ruff: noqa: S608 - made of fragments of `results_queries`; values are bound

from collections.abc import Sequence

from pitcairn.eventstore.records import GoalQuery
from pitcairn.eventstore.results_queries import _BETWEEN, units  # the same fragments


def account_products(goals: Sequence[GoalQuery]) -> str:
    return f"""{units(goals)},
    accounts_of AS (
        SELECT people.profile_id AS profile_id, argMax(people.accounts, people.batch) AS accounts
        FROM people
        WHERE people.workspace_id = {{workspace_id:UInt32}}
        GROUP BY people.profile_id
        HAVING notEmpty(accounts)
    ),
    parts AS (
        SELECT outcomes.goal AS goal, toUInt32(bitShiftRight(outcomes.arm, 32)) AS segment_id, outcomes.epoch AS epoch,
            toUInt8(bitAnd(outcomes.arm, 4294967295) > 0) AS treated,
            if(notEmpty(accounts_of.accounts), arrayMin(accounts_of.accounts), 0) AS account,
            if(account > 0, 0, outcomes.unit) AS unit,
            toFloat64(count()) AS size, sum(outcomes.value) AS total
        FROM outcomes
        LEFT JOIN accounts_of ON accounts_of.profile_id = outcomes.person
        WHERE splitByString('{_BETWEEN}', outcomes.traits)[1] = ''
        GROUP BY goal, segment_id, epoch, treated, account, unit
    ),
    accounts AS (
        SELECT parts.goal AS goal, groupArray((parts.segment_id, parts.epoch, parts.treated, parts.size, parts.total)) AS cells,
            arrayMap(
                side -> (toUInt32(0), toUInt32(0), side,
                    arraySum(arrayMap(cell -> if(cell.3 = side, cell.4, 0.), cells)),
                    arraySum(arrayMap(cell -> if(cell.3 = side, cell.5, 0.), cells))),
                arrayDistinct(arrayMap(cell -> cell.3, cells))
            ) AS sides
        FROM parts
        GROUP BY parts.goal, parts.account, parts.unit
    ),
    pairs AS (
        SELECT accounts.goal AS goal, one AS one, other AS other
        FROM accounts
        ARRAY JOIN accounts.cells AS one
        ARRAY JOIN accounts.cells AS other
        UNION ALL
        SELECT accounts.goal AS goal, side AS one, side AS other
        FROM accounts
        ARRAY JOIN accounts.sides AS side
    )
SELECT pairs.goal, pairs.one.1 AS segment_id, pairs.one.2 AS epoch, pairs.one.3 AS treated,
    pairs.other.1 AS other_segment_id, pairs.other.2 AS other_epoch, pairs.other.3 AS other_treated,
    count(), sum(pairs.one.4), sum(pairs.one.5),
    sum(pairs.one.4 * pairs.other.4), sum(pairs.one.4 * pairs.other.5),
    sum(pairs.one.5 * pairs.other.4), sum(pairs.one.5 * pairs.other.5)
FROM pairs
GROUP BY pairs.goal, segment_id, epoch, treated, other_segment_id, other_epoch, other_treated
ORDER BY pairs.goal, segment_id, epoch, treated, other_segment_id, other_epoch, other_treated
"""
