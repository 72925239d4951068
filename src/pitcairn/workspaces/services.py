"""What changes workspaces, users and the configuration revision."""

from collections.abc import Iterable

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


MAX_PUBLIC_TRAITS = 100


@transaction.atomic
def set_public_traits(workspace_id: int, names: Iterable[str]) -> list[str]:
    """Sets which traits pages may say to whoever claims to be somebody. Raises ValueError for what names no trait.

    A name is as in tokens: `traits.first_name` for a person's, `account.name` for one of an account of theirs.
    """
    cleaned = list(dict.fromkeys(filter(None, (name.strip() for name in names))))
    for name in cleaned:
        root, _, rest = name.partition(".")
        if root not in {"traits", "account"} or not all(rest.split(".")) or len(name) > 200 or "\0" in name:
            raise ValueError(
                f"{name!r} names no trait; write traits.first_name for a person's, or account.name for an account's"
            )
    if len(cleaned) > MAX_PUBLIC_TRAITS:
        raise ValueError(f"{len(cleaned)} traits are too many; the limit is {MAX_PUBLIC_TRAITS}")
    Workspace.objects.filter(id=workspace_id).update(public_traits=cleaned)
    configuration_changed()
    return cleaned


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
