"""The gallery of templates: every one can be saved as it is, and says something of somebody."""

import pytest

from pitcairn.conditions import check_place, describe, parse
from pitcairn.conditions.history import compile_history
from pitcairn.conditions.records import Event, History
from pitcairn.engage.audience_templates import TEMPLATES, AudienceTemplate, template_of

DAY = 86_400_000
NOW = 1_000 * DAY
ALL = [pytest.param(template, id=template.slug) for group in TEMPLATES for template in group.templates]


def did(*events: tuple[str, float]) -> list[Event]:
    """Events by name and age in days."""
    return [Event("track", name, round(NOW - days * DAY)) for name, days in events]


def prices(*days: float) -> list[Event]:
    return [Event("page", "Pricing", round(NOW - age * DAY), context={"page": {"path": "/pricing"}}) for age in days]


ACCOUNT = {
    "plan": "trial",
    "trial_ends_at": "1972-09-29T00:00:00Z",
    "renews_at": "1972-10-20T00:00:00Z",
    "employees": "5000",
}
ORDER = "Order Completed"
MEMBERS: dict[str, History] = {
    "cart-abandoners": History(did(("Product Added", 2), (ORDER, 3))),
    "checkout-abandoners": History(did(("Checkout Started", 0.5))),
    "recent-buyers": History(did((ORDER, 29))),
    "first-time-buyers": History(did((ORDER, 29))),
    "repeat-buyers": History(did((ORDER, 9), (ORDER, 99), (ORDER, 199))),
    "big-spenders": History([Event("track", ORDER, NOW - DAY * day, {"revenue": 250}) for day in (1, 300)]),
    "lapsed-buyers": History(did((ORDER, 90))),
    "window-shoppers": History(did(*[("Product Viewed", day) for day in range(1, 6)], (ORDER, 20))),
    "discount-seekers": History(did(("Coupon Applied", 1), ("Coupon Applied", 100))),
    "new-sign-ups": History(did(("Signed Up", 6))),
    "trials-without-invite": History(did(("Trial Started", 10), ("Invite Sent", 5))),
    "trials-ending": History(accounts=[ACCOUNT]),
    "looking-at-prices": History(prices(1, 6), accounts=[ACCOUNT]),
    "power-users": History(did(*[("Signed In", day) for day in range(10)])),
    "slipping-away": History(did(("Signed In", 15), ("Signed In", 20), ("Signed In", 59))),
    "large-companies": History(accounts=[ACCOUNT]),
    "admins-on-trial": History(traits={"role": "owner"}, accounts=[ACCOUNT]),
    "renewals-coming": History(accounts=[ACCOUNT]),
}
OTHERS: dict[str, History] = {
    "cart-abandoners": History(did(("Product Added", 2), (ORDER, 1.5))),
    "checkout-abandoners": History(did(("Checkout Started", 0.1))),
    "first-time-buyers": History(did((ORDER, 29), (ORDER, 300))),
    "lapsed-buyers": History(did((ORDER, 90), (ORDER, 2))),
    "window-shoppers": History(did(*[("Product Viewed", day) for day in range(1, 6)], (ORDER, 3))),
    "trials-without-invite": History(did(("Trial Started", 10), ("Invite Sent", 8))),
    "looking-at-prices": History(prices(1, 6), accounts=[{"plan": "pro"}]),
    "slipping-away": History(did(("Signed In", 15), ("Signed In", 20), ("Signed In", 59), ("Signed In", 1))),
}


@pytest.mark.parametrize("template", ALL)
def test_template_is_an_audience_of_those_it_speaks_of(template: AudienceTemplate) -> None:
    condition = parse(template.condition)
    check_place(condition, "person")
    holds = compile_history(condition)
    assert holds(MEMBERS[template.slug], NOW) is True, describe(condition)
    assert holds(OTHERS.get(template.slug, History()), NOW) is False
    assert holds(History(), NOW) is False
    assert template.description.endswith(".")


def test_templates_are_found_by_their_own_names() -> None:
    templates = [template for group in TEMPLATES for template in group.templates]
    assert [template_of(template.slug) for template in templates] == templates
    assert len({template.name for template in templates}) == len(templates)
    assert template_of("nothing") is None
