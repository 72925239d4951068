"""What others may know of workspaces."""

from pitcairn.workspaces.models import ConfigurationRevision, Member, User, Workspace


def configuration_revision() -> int:
    return ConfigurationRevision.objects.filter(id=1).values_list("revision", flat=True).first() or 0


def first_workspace() -> Workspace | None:
    return Workspace.objects.order_by("id").first()


def workspaces() -> list[Workspace]:
    return list(Workspace.objects.order_by("id"))


def membership(user: User, workspace_id: int | None = None) -> Member | None:
    """The user's membership of the workspace, or of the first one they belong to."""
    members = Member.objects.select_related("workspace").filter(user=user)
    if workspace_id is not None:
        members = members.filter(workspace_id=workspace_id)
    return members.order_by("workspace_id").first()
