"""`pitcairn user add`."""

import secrets
import sys
from argparse import ArgumentParser, Namespace

from rich.console import Console

from pitcairn.commands.command import Command, CommandError, Result

PASSWORD_BYTES = 15
"""120 bits, written as 20 characters that are safe to copy."""


def new_password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("email", metavar="EMAIL", help="what the user signs in with")
    parser.add_argument("--name", default="", help="how the user is called on the pages")
    parser.add_argument("--role", choices=("owner", "editor", "viewer"), default="owner", help="default: owner")
    parser.add_argument("--workspace", metavar="NAME", help="by name or id; made when missing (default: the first one)")
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from stdin, instead of having one made"
    )


def _add(arguments: Namespace) -> Result:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email
    from django.db import transaction

    from pitcairn.commands import choose
    from pitcairn.workspaces.models import Role
    from pitcairn.workspaces.services import add_user

    try:
        validate_email(arguments.email)
    except ValidationError as error:
        raise CommandError(f"{arguments.email!r} is not an email address; users sign in with one") from error
    made = not arguments.password_stdin
    password = new_password() if made else sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise CommandError("no password came on stdin; write it there as one line, or leave --password-stdin out")
    if not made:
        validate_password(password)
    with transaction.atomic():
        workspace = choose.workspace_or_new(arguments.workspace)
        user = add_user(
            email=arguments.email,
            password=password,
            workspace=workspace,
            role=Role(arguments.role),
            name=arguments.name,
        )
    result: Result = {
        "id": user.id,
        "email": user.email,
        "role": arguments.role,
        "workspace": {"id": workspace.id, "name": workspace.name},
    }
    return {**result, "password": password} if made else result


def _show_added(result: Result, console: Console) -> None:
    console.print(f"{result['email']} is {result['role']} of the workspace {result['workspace']['name']!r}.")
    if "password" in result:
        console.print(f"Password: {result['password']}", soft_wrap=True)
        console.print("It is shown this once and kept nowhere in readable form.")


ADD = Command(
    words="user add",
    summary="add a user to a workspace, or give an existing user a new password",
    arguments=_add_arguments,
    run=_add,
    show=_show_added,
)
