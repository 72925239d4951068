"""What changes workspaces, users and the configuration revision."""

from django.db import transaction
from django.db.models import F

from pitcairn.workspaces.models import ConfigurationRevision, Member, Role, User, Workspace


def configuration_changed() -> None:
    """Grows the configuration revision. Call it inside the transaction of the change, so that both are seen at once."""
    if not ConfigurationRevision.objects.filter(id=1).update(revision=F("revision") + 1):
        ConfigurationRevision.objects.create(id=1, revision=1)


@transaction.atomic
def create_workspace(name: str) -> Workspace:
    workspace = Workspace.objects.create(name=name)
    configuration_changed()
    return workspace


@transaction.atomic
def add_user(*, email: str, password: str, workspace: Workspace, role: Role = Role.EDITOR, name: str = "") -> User:
    """Makes the user, or gives the user with this email the password, and membership of the workspace."""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        user = User.objects.create_user(email=email, password=password, name=name)
    else:
        user.set_password(password)
        user.save(update_fields=["password"])
    Member.objects.update_or_create(workspace=workspace, user=user, defaults={"role": role})
    return user
