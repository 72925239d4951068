"""`pitcairn demo seed`, `pitcairn demo traffic` and `pitcairn demo site`."""

import secrets
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pitcairn.commands.command import PORT, Command, CommandError, Result, whole_number
from pitcairn.commands.output import Rows

DEFAULT_HOST = "http://localhost:8000"
DEFAULT_SITE = "http://localhost:8001"


def _seed(_arguments: Namespace) -> Result:
    from pitcairn.demo import seed

    demo = seed.seed()
    password = seed.initial_password()
    return {
        "made": list(demo.made),
        "workspace": {"id": demo.workspace.id, "name": demo.workspace.name},
        "source": {"id": demo.source_id, "name": seed.SOURCE, "writeKey": demo.write_key},
        "destination": {"id": demo.destination_id, "slug": seed.DESTINATION},
        "goal": seed.GOAL,
        "experience": {"id": demo.experience_id, "name": seed.EXPERIENCE},
        "email": demo.email,
        **({"password": password, "passwordFile": str(demo.password_file)} if password else {}),
    }


def _show_seeded(result: Result, console: Console) -> None:
    made = result["made"]
    console.print(f"Made: {', '.join(made)}." if made else "The demo is there already; nothing was changed.")
    console.print(f"Write key of {result['source']['name']!r}: {result['source']['writeKey']}", soft_wrap=True)
    console.print(f"Sign in as {result['email']}", soft_wrap=True)
    if "password" in result:
        console.print(f"Password: {result['password']}   (kept in {result['passwordFile']})", soft_wrap=True)


def _traffic_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--visitors", type=whole_number(1, 1_000_000), default=1000, metavar="N", help="how many come (default: 1000)"
    )
    parser.add_argument(
        "--seed", metavar="TEXT", help="the same seed is the same visitors (default: new ones each time)"
    )
    parser.add_argument(
        "--host", metavar="URL", default=DEFAULT_HOST, help=f"where Pitcairn is (default: {DEFAULT_HOST})"
    )
    parser.add_argument(
        "--site", metavar="URL", default=DEFAULT_SITE, help=f"the website they visit, in name (default: {DEFAULT_SITE})"
    )
    parser.add_argument("--write-key", metavar="KEY", help="the source to send to (default: the demo website's)")


@contextmanager
def _progress(total: int, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr, where it does not mix with the result."""
    if not shown:
        yield lambda _done: None
        return
    columns = (TextColumn("Visits"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("visits", total=total)
        yield lambda done: bar.advance(task, done)


def _traffic(arguments: Namespace) -> Result:
    from pitcairn.demo import seed
    from pitcairn.demo.browser import UnreachableError
    from pitcairn.demo.traffic import Traffic

    write_key = arguments.write_key or seed.demo_write_key()
    if write_key is None:
        raise CommandError("the demo is not set up in this data folder; run `pitcairn demo seed`, or give --write-key")
    with _progress(2 * arguments.visitors, shown=sys.stderr.isatty()) as progress:
        traffic = Traffic(
            host=arguments.host,
            write_key=write_key,
            site=arguments.site,
            visitors=arguments.visitors,
            seed=arguments.seed or secrets.token_hex(6),
            goal=seed.GOAL,
            progress=progress,
        )
        try:
            return traffic.run()
        except UnreachableError as error:
            raise CommandError(f"{error}. Is the server running there? `pitcairn serve` starts it") from error


def _show_traffic(result: Result, console: Console) -> None:
    kinds = result["kinds"]
    messages = result["messages"]
    console.print(
        f"{result['visitors']:,} visitors: {kinds['small']:,} of small companies, {kinds['large']:,} of large ones, "
        f"{kinds['anonymous']:,} never identified; {result['converted']:,} converted."
    )
    console.print(
        f"{messages['total']:,} messages, {messages['sentAgain']:,} of them sent twice; {result['requests']:,} "
        f"requests in {result['seconds']} s, {result['requestsPerSecond']:,} a second. Seed {result['seed']}."
    )
    if not result["experiences"]:
        console.print("No experience was shown to anyone.")
        return
    rows = Rows("Experience", "Segment", "", "Visitors", "Converted", right=("Visitors", "Converted"))
    for row in result["experiences"]:
        for arm in ("personalized", "control"):
            rows.add(
                row["experience"],
                row["audienceSegment"],
                arm,
                f"{row[arm]['visitors']:,}",
                f"{row[arm]['converted']:,}",
            )
    console.print(rows)


def _site_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--port", type=PORT, default=8001, help="default: 8001")
    parser.add_argument(
        "--host", metavar="URL", default=DEFAULT_HOST, help=f"where Pitcairn is (default: {DEFAULT_HOST})"
    )
    parser.add_argument("--write-key", metavar="KEY", help="the source its pages send to (default: the demo website's)")


def _site(arguments: Namespace) -> None:
    import uvicorn

    from pitcairn.commands.serve import require_free
    from pitcairn.demo import seed, site

    write_key = arguments.write_key or seed.demo_write_key()
    if write_key is None:
        raise CommandError("the demo is not set up in this data folder; run `pitcairn demo seed`, or give --write-key")
    require_free("127.0.0.1", arguments.port)
    website: Any = site.application(site.SITE_FOLDER, arguments.host, write_key)
    if not arguments.json:
        print(f"The demo website is on http://localhost:{arguments.port}. Stop it with Ctrl-C.", flush=True)
    uvicorn.run(website, host="127.0.0.1", port=arguments.port, log_config=None, access_log=False, server_header=False)


SEED = Command(
    words="demo seed",
    summary="make the demo workspace: source, destination, goal and a live experience; again, it makes what is missing",
    run=_seed,
    show=_show_seeded,
)
TRAFFIC = Command(
    words="demo traffic",
    summary="visit the demo website as many people would, over real HTTP, and say what was sent",
    arguments=_traffic_arguments,
    run=_traffic,
    show=_show_traffic,
)
SITE = Command(
    words="demo site",
    summary="serve the demo website alone",
    arguments=_site_arguments,
    run=_site,
    show=lambda _result, _console: None,
)
