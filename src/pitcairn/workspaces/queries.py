"""What others may know of workspaces."""

from django.db import connection

from pitcairn.workspaces.models import Member, User, Workspace


def configuration_revision() -> int:
    """The revision in force; 0 before anything was configured. Plain SQL: every process asks twice a second."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT c.revision FROM workspaces_configurationrevision AS c WHERE c.id = 1")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def first_workspace() -> Workspace | None:
    return Workspace.objects.order_by("id").first()


def workspaces() -> list[Workspace]:
    return list(Workspace.objects.order_by("id"))


def public_traits(workspace_id: int) -> frozenset[str]:
    """The traits that the workspace's pages may say to anybody, as tokens name them: `traits.company.name`, `account.name`."""
    return frozenset(Workspace.objects.values_list("public_traits", flat=True).get(id=workspace_id))


def membership(user: User, workspace_id: int | None = None) -> Member | None:
    """The user's membership of the workspace, or of the first one they belong to."""
    members = Member.objects.select_related("workspace").filter(user=user)
    if workspace_id is not None:
        members = members.filter(workspace_id=workspace_id)
    return members.order_by("workspace_id").first()
