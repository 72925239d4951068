"""What the tests of every room share: real servers to talk to, and SQL stores like the real ones for tests in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from hypothesis import HealthCheck, settings

from connections.outside import MailServer, WebServer, mail_server, web_server
from pitcairn.eventstore import EventStore
from server import NewServer, Server, Template, running

# How long an example takes says how busy the machine is, not whether the code is right. What the suite tries is the same
# every time, so that it passes or fails with the code alone; `--hypothesis-profile explore` tries other examples.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("pitcairn", settings.get_profile("explore"), derandomize=True)
settings.load_profile("pitcairn")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests go first: at the end one process would work on them alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def _data_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What this process does without a server of its own happens in a folder of its own: locks in it, above all."""
    from django.conf import settings as django_settings

    django_settings.DATA = tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    template = Template(tmp_path_factory.mktemp("template"))
    yield template
    template.drop(template.database)


@pytest.fixture(scope="session")
def server(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server that all tests share: use ids of your own (`server.unique`), and change no configuration."""
    with running(Server(template, tmp_path_factory.mktemp("server"))) as server:
        yield server


@pytest.fixture
def new_server(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewServer]:
    """Makes servers for one test alone, to configure, stop or kill: `new_server(PITCAIRN_STRICT_WRITE_KEYS="1")`."""
    made: list[Server] = []

    def make(*options: str, **settings: str) -> Server:
        made.append(Server(template, tmp_path_factory.mktemp("server"), settings, options))
        return made[-1].start()

    yield make
    for server in made:
        server.remove()


@pytest.fixture(scope="session")
def embedded_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventStore]:
    """The embedded event store of this process, which can have one folder open at a time: use a workspace of your own."""
    with EventStore.open(f"chdb://{tmp_path_factory.mktemp('events')}/a folder's ünïcode") as store:
        store.migrate()
        yield store


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Each process of the tests has databases of its own; on SQLite they are files, as in memory SQLite has other locks."""
    from django.conf import settings as django_settings

    folder: Path = tmp_path_factory.mktemp("sql")
    databases: dict[str, dict[str, Any]] = django_settings.DATABASES
    for alias, database in databases.items():
        if database["ENGINE"].endswith("sqlite3"):
            database.setdefault("TEST", {})["NAME"] = str(folder / f"{alias}.db")


@pytest.fixture
def mail(settings: LazySettings) -> Iterator[MailServer]:
    """A mail server that Django's mail goes to."""
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
        settings.DEFAULT_FROM_EMAIL = "pitcairn@acme.example"
        settings.PUBLIC_URL = "https://pitcairn.acme.example"
        yield server


@pytest.fixture
def web(settings: LazySettings) -> Iterator[WebServer]:
    """A web server that webhooks may reach."""
    with web_server() as server:
        from pitcairn.settings import _networks

        # What `PITCAIRN_DELIVERY_NETWORKS=127.0.0.0/8` sets.
        settings.DELIVERY_NETWORKS = _networks("127.0.0.0/8")
        yield server
