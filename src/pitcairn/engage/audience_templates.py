"""Audiences to begin with: the gallery of templates.

Their events are those of Segment's specifications for ecommerce and for B2B software, so that they fit what many websites
send already; traits of accounts are named as most are. Each is a condition that can be saved as it is and changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class AudienceTemplate:
    slug: str
    name: str
    description: str
    condition: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class TemplateGroup:
    name: str
    templates: tuple[AudienceTemplate, ...]


def _days(amount: int) -> dict[str, Any]:
    return {"amount": amount, "unit": "days"}


def _last(days: int) -> dict[str, Any]:
    return {"oldest": _days(days)}


_NEVER = {"operator": "equals", "value": 0}

_ECOMMERCE = TemplateGroup(
    name="Ecommerce",
    templates=(
        AudienceTemplate(
            slug="cart-abandoners",
            name="Cart abandoners",
            description="Put something into the cart this week and did not order within a day.",
            condition={
                "event": "Product Added",
                "window": _last(7),
                "then": [{"did": False, "event": "Order Completed", "within": _days(1)}],
            },
        ),
        AudienceTemplate(
            slug="checkout-abandoners",
            name="Checkout abandoners",
            description="Began to pay in the last three days and did not finish within four hours.",
            condition={
                "event": "Checkout Started",
                "window": _last(3),
                "then": [{"did": False, "event": "Order Completed", "within": {"amount": 4, "unit": "hours"}}],
            },
        ),
        AudienceTemplate(
            slug="recent-buyers",
            name="Order completed last 30days",
            description="Ordered in the last 30 days: for thanks, care instructions and what goes with it.",
            condition={"event": "Order Completed", "window": _last(30)},
        ),
        AudienceTemplate(
            slug="first-time-buyers",
            name="First-time buyers",
            description="Ordered for the first time in the last 30 days.",
            condition={
                "all": [
                    {"event": "Order Completed", "operator": "equals", "value": 1},
                    {"event": "Order Completed", "window": _last(30)},
                ]
            },
        ),
        AudienceTemplate(
            slug="repeat-buyers",
            name="Repeat buyers",
            description="Ordered at least three times within a year.",
            condition={"event": "Order Completed", "window": _last(365), "operator": "at_least", "value": 3},
        ),
        AudienceTemplate(
            slug="big-spenders",
            name="Big spenders",
            description="Ordered for 500 or more within a year, in whatever currency revenue is sent.",
            condition={
                "event": "Order Completed",
                "window": _last(365),
                "measure": "sum",
                "property": "revenue",
                "operator": "at_least",
                "value": 500,
            },
        ),
        AudienceTemplate(
            slug="lapsed-buyers",
            name="Lapsed buyers",
            description="Ordered once, but not in the last 90 days.",
            condition={
                "all": [
                    {"event": "Order Completed", "window": {"newest": _days(90)}},
                    {"event": "Order Completed", "window": _last(90), **_NEVER},
                ]
            },
        ),
        AudienceTemplate(
            slug="window-shoppers",
            name="Window shoppers",
            description="Looked at five products or more in two weeks and ordered none.",
            condition={
                "all": [
                    {"event": "Product Viewed", "window": _last(14), "operator": "at_least", "value": 5},
                    {"event": "Order Completed", "window": _last(14), **_NEVER},
                ]
            },
        ),
        AudienceTemplate(
            slug="discount-seekers",
            name="Discount seekers",
            description="Used two coupons or more in half a year.",
            condition={"event": "Coupon Applied", "window": _last(180), "operator": "at_least", "value": 2},
        ),
    ),
)

_SAAS = TemplateGroup(
    name="B2B SaaS",
    templates=(
        AudienceTemplate(
            slug="new-sign-ups",
            name="New sign-ups",
            description="Signed up in the last seven days.",
            condition={"event": "Signed Up", "window": _last(7)},
        ),
        AudienceTemplate(
            slug="trials-without-invite",
            name="Trials without invite",
            description="Began a trial this month and invited nobody in the first three days.",
            condition={
                "event": "Trial Started",
                "window": _last(30),
                "then": [{"did": False, "event": "Invite Sent", "within": _days(3)}],
            },
        ),
        AudienceTemplate(
            slug="trials-ending",
            name="Trials ending",
            description="People of accounts whose trial ends within three days.",
            condition={"fact": "account", "name": "trial_ends_at", "operator": "within_next", "value": _days(3)},
        ),
        AudienceTemplate(
            slug="looking-at-prices",
            name="Looking at prices",
            description="Viewed the prices at least twice this week and does not pay yet.",
            condition={
                "all": [
                    {
                        "event": "",
                        "type": "page",
                        "where": {
                            "fact": "context",
                            "name": "page.path",
                            "operator": "starts_with",
                            "value": "/pricing",
                        },
                        "window": _last(7),
                        "operator": "at_least",
                        "value": 2,
                    },
                    {"not": {"fact": "account", "name": "plan", "operator": "one_of", "value": ["pro", "enterprise"]}},
                ]
            },
        ),
        AudienceTemplate(
            slug="power-users",
            name="Power users",
            description="Signed in ten times or more in two weeks.",
            condition={"event": "Signed In", "window": _last(14), "operator": "at_least", "value": 10},
        ),
        AudienceTemplate(
            slug="slipping-away",
            name="Slipping away",
            description="Came regularly until two weeks ago, and not since.",
            condition={
                "all": [
                    {
                        "event": "Signed In",
                        "window": {"oldest": _days(60), "newest": _days(14)},
                        "operator": "at_least",
                        "value": 3,
                    },
                    {"event": "Signed In", "window": _last(14), **_NEVER},
                ]
            },
        ),
        AudienceTemplate(
            slug="large-companies",
            name="Large companies",
            description="People of accounts with a thousand employees or more.",
            condition={"fact": "account", "name": "employees", "operator": "at_least", "value": 1000},
        ),
        AudienceTemplate(
            slug="admins-on-trial",
            name="Admins on trial",
            description="Those who decide, while their account is on trial.",
            condition={
                "all": [
                    {"fact": "trait", "name": "role", "operator": "one_of", "value": ["admin", "owner"]},
                    {"fact": "account", "name": "plan", "operator": "equals", "value": "trial"},
                ]
            },
        ),
        AudienceTemplate(
            slug="renewals-coming",
            name="Renewals coming",
            description="People of accounts that renew within 30 days.",
            condition={"fact": "account", "name": "renews_at", "operator": "within_next", "value": _days(30)},
        ),
    ),
)

TEMPLATES: tuple[TemplateGroup, ...] = (_ECOMMERCE, _SAAS)


def template_of(slug: str) -> AudienceTemplate | None:
    """The template of this name, or None."""
    return next((one for group in TEMPLATES for one in group.templates if one.slug == slug), None)
