"""Accounts: the companies that group calls name, what is known of them, and who belongs to them."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from pitcairn.connections.queries import source_names
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.profiles import queries_accounts as queries
from pitcairn.profiles.queries_accounts import AccountDetail, AccountItem, AccountTraitItem
from pitcairn.profiles.views.words import flat, words

PAGE = 50
SHOWN_TRAITS = ("industry", "employees", "employee_count", "plan")
"""What a list of accounts says of each besides its name: the first of these that it has. Segment's reserved traits and kin."""


@require_GET
def accounts(request: MemberRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    before = request.GET.get("before", "")
    start = int(before) if before.isdigit() and before.isascii() and len(before) <= 13 else None
    found = queries.accounts(request.workspace.id, text=text, limit=PAGE + 1, before=start)
    older = int(found[PAGE - 1].last_seen_at.timestamp() * 1000) if len(found) > PAGE else None
    context = {
        "accounts": [(item, in_brief(item)) for item in found[:PAGE]],
        "q": text,
        "older": older,
        "before": start,
    }
    return render(request, "profiles/accounts.html", context)


@require_GET
def account(request: MemberRequest, account_id: int) -> HttpResponse:
    detail = queries.account(request.workspace.id, account_id)
    if detail is None:
        raise Http404
    after = request.GET.get("after", "")
    start = int(after) if after.isdigit() and after.isascii() and len(after) <= 18 else 0
    people = queries.account_people(request.workspace.id, account_id, limit=PAGE + 1, after=start)
    context = {
        "detail": detail,
        "account": detail.item,
        "traits": trait_rows(detail, source_names(request.workspace.id)),
        "people": people[:PAGE],
        "more": people[PAGE - 1].id if len(people) > PAGE else None,
        "after": start,
    }
    return render(request, "profiles/account.html", context)


@dataclass(frozen=True, kw_only=True)
class AccountTraitRow:
    """A trait of an account, or one value inside it, by the name conditions use."""

    name: str
    value: str
    trait: AccountTraitItem
    source: str


def trait_rows(detail: AccountDetail, sources: dict[int, str]) -> list[AccountTraitRow]:
    return [
        AccountTraitRow(name=name, value=words(value), trait=trait, source=sources.get(trait.source_id, ""))
        for trait in detail.traits
        for name, value in flat(trait.name, trait.value)
    ]


def in_brief(item: AccountItem) -> str:
    """`industry: Retail, employees: 40`: what tells accounts of one name apart."""
    found = [(name, item.traits[name].value) for name in SHOWN_TRAITS if name in item.traits]
    return ", ".join(f"{name}: {words(value)}" for name, value in found if not isinstance(value, dict | list))
