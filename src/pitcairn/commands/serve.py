"""`pitcairn serve`: the server, alone or with the demo beside it."""

import json
import socket
from argparse import ArgumentParser, Namespace
from typing import Any

from rich.console import Console

from pitcairn.commands.command import PORT, Command, CommandError, Result

ROLES = ("all", "edge", "worker", "dashboard")
EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - only compared with


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--role",
        nargs="+",
        action="extend",
        choices=ROLES,
        metavar="ROLE",
        help="what this process does: all (default), or any of edge, worker and dashboard",
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=PORT, default=8000, help="default: 8000")
    parser.add_argument(
        "--demo",
        action="store_true",
        help="make the demo workspace where it is missing, and serve the demo website too",
    )
    parser.add_argument("--demo-port", type=PORT, default=8001, metavar="PORT", help="default: 8001")


def _run(arguments: Namespace) -> None:
    from pitcairn.asgi import ALL_ROLES, Role
    from pitcairn.server import CannotStart, serve

    wanted = set(arguments.role or ("all",))
    roles = ALL_ROLES if "all" in wanted else frozenset(Role(name) for name in wanted)
    ports = [arguments.port, arguments.demo_port] if arguments.demo else [arguments.port]
    for port in ports:
        require_free(arguments.host, port)
    _bring_up_to_date(alone=roles == ALL_ROLES)
    welcome: Result = {
        "url": _url(arguments.host, arguments.port),
        "roles": sorted(role.value for role in roles),
    }
    sites: dict[int, Any] = {}
    if arguments.demo:
        sites[arguments.demo_port] = _demo(arguments, welcome)

    def ready() -> None:
        print(json.dumps(welcome) if arguments.json else _words(welcome), flush=True)

    try:
        serve(roles, host=arguments.host, port=arguments.port, sites=sites, on_ready=ready)
    except CannotStart as error:
        raise CommandError(str(error)) from error


def require_free(host: str, port: int) -> None:
    """Raises CommandError when nothing could listen there: said before anything is started, and in words."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CommandError(f"cannot listen on {host}:{port}: {reason}. Choose another with --host or --port") from error


def _bring_up_to_date(*, alone: bool) -> None:
    """A process that does everything updates the tables itself. One of several never does: others may be running."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from pitcairn.commands.migrate import migrate_sql

    if alone:
        migrate_sql()
        return
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise CommandError(f"the SQL store lacks {len(missing)} migrations; run `pitcairn migrate` first")


def _demo(arguments: Namespace, welcome: Result) -> Any:
    from django.conf import settings

    from pitcairn.demo import seed, site

    demo = seed.seed()
    welcome["demoUrl"] = _url(arguments.host, arguments.demo_port)
    welcome["writeKey"] = demo.write_key
    welcome["email"] = demo.email
    password = seed.initial_password()
    if password is not None:
        welcome["password"] = password
        welcome["passwordFile"] = str(demo.password_file)
    return site.application(site.SITE_FOLDER, settings.PUBLIC_URL or f":{arguments.port}", demo.write_key)


def _url(host: str, port: int) -> str:
    name = "localhost" if host in (*EVERYWHERE, "127.0.0.1", "::1") else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"


def _elsewhere(welcome: Result) -> str:
    """The options that tell `demo traffic` where to go; none where its defaults are right."""
    from pitcairn.commands.demo import DEFAULT_HOST, DEFAULT_SITE

    options = (("--host", welcome["url"], DEFAULT_HOST), ("--site", welcome["demoUrl"], DEFAULT_SITE))
    return "".join(f" {option} {url}" for option, url, default in options if url != default)


def _words(welcome: Result) -> str:
    if "demoUrl" not in welcome:
        return f"Pitcairn serves {', '.join(welcome['roles'])} on {welcome['url']}. Stop it with Ctrl-C."
    password = welcome.get("password")
    return "\n".join((
        "",
        "Pitcairn is running.",
        "",
        f"  Dashboard      {welcome['url']}",
        f"                 sign in as  {welcome['email']}",
        f"                 password    {password or 'the one you chose'}",
        *((f"                 (made for this installation, kept in {welcome['passwordFile']})",) if password else ()),
        f"  Demo website   {welcome['demoUrl']}",
        f"  Some traffic   .venv/bin/pitcairn demo traffic --visitors 1000{_elsewhere(welcome)}   (in another terminal)",
        "",
        "Stop it with Ctrl-C.",
        "",
    ))  # fmt: skip


def _show(_result: Result, _console: Console) -> None:
    """Everything was said when the server was ready."""


SERVE = Command(
    words="serve",
    summary="run the server: by default everything, in one process on one port",
    arguments=_arguments,
    run=_run,
    show=_show,
)
