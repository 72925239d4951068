"""`pitcairn check-install URL`: whether a page of a website has the tag installed right."""

import asyncio
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from rich.console import Console

from pitcairn.commands.command import Command, CommandError, Result

if TYPE_CHECKING:
    from pitcairn.connections.destination import Request

TIMEOUT_SECONDS = 15.0


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL", help="the address of a page, as visitors open it")


def _run(arguments: Namespace) -> Result:
    from pitcairn.connections.queries import website_keys

    findings = asyncio.run(_look(arguments.url, website_keys()))
    return {"url": arguments.url, "right": all(one["ok"] for one in findings), "findings": findings}


def _get(url: str) -> "Request":
    from pitcairn.connections.destination import Request

    return Request(messages=(), url=url, body=b"", method="GET")


async def _look(url: str, write_keys: frozenset[str]) -> list[Result]:
    import msgspec
    from django.conf import settings

    from pitcairn.connections.delivery.transport import Transport, TransportError
    from pitcairn.connections.install_check import check_page, check_tag, installed_on

    transport = Transport(settings.DELIVERY_NETWORKS)
    try:
        try:
            page = await transport.send(_get(url), TIMEOUT_SECONDS)
        except TransportError as error:
            raise CommandError(f"{url} cannot be read: {error.detail}") from error
        if page.status != 200:
            raise CommandError(f"{url} answered {page.status}; give the address that visitors end up at.")
        html = page.body.decode("utf-8", "replace")
        findings = check_page(url, html, page.headers, write_keys)
        installed = installed_on(url, html)
        if installed is not None:
            try:
                tag = await transport.send(_get(installed.tag_url), TIMEOUT_SECONDS)
                findings.append(check_tag(installed, tag.status, tag.headers.get("content-type", "")))
            except TransportError as error:
                findings.append(check_tag(installed, 0, "", error.detail))
    finally:
        await transport.close()
    return [msgspec.to_builtins(one) for one in findings]


def _show(result: Result, console: Console) -> None:
    for one in result["findings"]:
        console.print(f"{'right' if one['ok'] else 'WRONG'}  {one['what']}: {one['said']}.", soft_wrap=True)
    console.print("The tag is installed right." if result["right"] else "The tag is not installed right.")


CHECK_INSTALL = Command(
    words="check-install",
    summary="look whether a page has the tag installed right",
    arguments=_arguments,
    run=_run,
    show=_show,
)
