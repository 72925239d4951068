"""The request as every page behind sign-in sees it."""

from django.http import HttpRequest

from pitcairn.workspaces.models import Member, User, Workspace


class MemberRequest(HttpRequest):
    """A request of a signed-in member. `DashboardMiddleware` sets the two attributes before any view runs."""

    user: User
    member: Member
    workspace: Workspace
