"""What changes sources and destinations. Every change grows the configuration revision in its own transaction."""

import re
import secrets as secrets_module
import string
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings as django_settings
from django.db import transaction

from pitcairn.connections.delivery.addresses import AddressRefused, Guard
from pitcairn.connections.destination import Manifest, SettingField
from pitcairn.connections.models import Destination, Source, SourceKind
from pitcairn.connections.registry import catalog
from pitcairn.workspaces.services import configuration_changed

WRITE_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
NAME_LENGTH = 100
SETTING_LENGTH = 20_000
_LETTERS_AND_DIGITS = string.ascii_letters + string.digits


class ConnectionsError(Exception):
    """A change that cannot be made. The text says why and what to do; `field` names the input it is about, or is ""."""

    def __init__(self, text: str, *, field: str = "") -> None:
        super().__init__(text)
        self.field = field


def new_write_key() -> str:
    """32 letters and digits: public, in the pages of the customer's website, and never an option on a command line."""
    return "".join(secrets_module.choice(_LETTERS_AND_DIGITS) for _ in range(32))


def new_api_key() -> str:
    """A random key for a destination that takes any."""
    return secrets_module.token_urlsafe(24)


@transaction.atomic
def create_source(
    *, workspace_id: int, name: str, kind: str = SourceKind.BROWSER, write_key: str | None = None
) -> Source:
    """Makes a source, enabled. Raises `ConnectionsError` for a taken or empty name, an unknown kind or a taken key."""
    name = _free_name(Source, workspace_id, name)
    if kind not in SourceKind.values:
        raise ConnectionsError(
            f"{kind!r} is not a kind of source; use one of {', '.join(SourceKind.values)}.", field="kind"
        )
    if write_key is None:
        write_key = new_write_key()
    elif not WRITE_KEY.fullmatch(write_key):
        raise ConnectionsError(
            f"The write key {write_key!r} cannot be used; it needs 8 to 64 letters, digits, - or _.", field="write_key"
        )
    elif Source.objects.filter(write_key=write_key).exists():
        raise ConnectionsError(
            f"The write key {write_key!r} is taken by another source; choose another.", field="write_key"
        )
    source = Source.objects.create(workspace_id=workspace_id, name=name, kind=kind, write_key=write_key)
    configuration_changed()
    return source


@transaction.atomic
def rename_source(*, workspace_id: int, source_id: int, name: str) -> Source:
    source = source_of(workspace_id, source_id)
    source.name = _free_name(Source, workspace_id, name, besides=source_id)
    source.save(update_fields=["name"])
    configuration_changed()
    return source


@transaction.atomic
def set_source_enabled(*, workspace_id: int, source_id: int, enabled: bool) -> Source:
    """A disabled source's messages are refused as `source_disabled`."""
    source = source_of(workspace_id, source_id)
    source.enabled = enabled
    source.save(update_fields=["enabled"])
    configuration_changed()
    return source


@transaction.atomic
def create_destination(
    *,
    workspace_id: int,
    slug: str,
    name: str | None = None,
    source_ids: Sequence[int],
    settings: Mapping[str, Any],
    enabled: bool = False,
) -> Destination:
    """Adds a destination of the catalog and connects it to sources of the workspace.

    `settings` holds secret and plain settings by their manifest key. Without a name it takes the catalog's, with a
    number when that is taken. Raises `ConnectionsError` for an unknown slug, setting or source, and for `enabled`
    without a required setting.
    """
    manifest = manifest_of(slug)
    plain, secret = _split(manifest, {**manifest.defaults, **settings})
    _check(slug, {**plain, **secret})
    chosen = free_name(workspace_id, manifest) if name is None else _free_name(Destination, workspace_id, name)
    if enabled:
        _require(manifest, {**plain, **secret})
    destination = Destination.objects.create(
        workspace_id=workspace_id, slug=slug, name=chosen, enabled=enabled, settings=plain, secrets=secret
    )
    destination.sources.set(_sources(workspace_id, source_ids))
    configuration_changed()
    return destination


@transaction.atomic
def update_destination(
    *,
    workspace_id: int,
    destination_id: int,
    name: str | None = None,
    source_ids: Sequence[int] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Destination:
    """Changes what is given and leaves the rest. A secret given as "" keeps the old one, which nobody can read back.

    Raises `ConnectionsError` as `create_destination` does, and when an enabled destination would lose a required
    setting.
    """
    destination = destination_of(workspace_id, destination_id)
    manifest = manifest_of(destination.slug)
    if name is not None:
        destination.name = _free_name(Destination, workspace_id, name, besides=destination_id)
    if settings is not None:
        plain, secret = _split(manifest, settings)
        destination.settings = {**destination.settings, **plain}
        destination.secrets = {**destination.secrets, **{key: value for key, value in secret.items() if value}}
        _check(destination.slug, {**destination.settings, **destination.secrets})
    if destination.enabled:
        _require(manifest, {**destination.settings, **destination.secrets})
    destination.save()
    if source_ids is not None:
        destination.sources.set(_sources(workspace_id, source_ids))
    configuration_changed()
    return destination


@transaction.atomic
def set_destination_enabled(*, workspace_id: int, destination_id: int, enabled: bool) -> Destination:
    """Raises `ConnectionsError` when it is to be enabled and a required setting is missing."""
    destination = destination_of(workspace_id, destination_id)
    if enabled:
        _require(manifest_of(destination.slug), {**destination.settings, **destination.secrets})
    destination.enabled = enabled
    destination.save(update_fields=["enabled", "updated_at"])
    configuration_changed()
    return destination


def setting_problems(manifest: Manifest, settings: Mapping[str, Any]) -> dict[str, str]:
    """Everything that is wrong with these settings, by key; a form shows it all at once."""
    problems: dict[str, str] = {}
    fields = {field.key: field for field in manifest.settings}
    for key, value in settings.items():
        try:
            _checked(manifest, fields[key], value)
        except ConnectionsError as error:
            problems[key] = str(error)
    check = catalog()[manifest.slug].check
    return {**(check(settings) if check else {}), **problems}


def _check(slug: str, settings: Mapping[str, Any]) -> None:
    """Asks the destination itself. Raises `ConnectionsError` about the first setting that it does not like."""
    check = catalog()[slug].check
    for key, problem in check(settings).items() if check else ():
        raise ConnectionsError(problem, field=key)


def manifest_of(slug: str) -> Manifest:
    entry = catalog().get(slug)
    if entry is None:
        raise ConnectionsError(f"{slug!r} is not in the catalog; it has {', '.join(sorted(catalog()))}.", field="slug")
    return entry.manifest


def _split(manifest: Manifest, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The plain settings and the secret ones, each checked against the manifest."""
    fields = {field.key: field for field in manifest.settings}
    plain: dict[str, Any] = {}
    secret: dict[str, str] = {}
    for key, value in settings.items():
        if key not in fields:
            known = ", ".join(fields) or "none"
            raise ConnectionsError(f"{manifest.name} has no setting {key!r}; its settings are: {known}.", field=key)
        checked = _checked(manifest, fields[key], value)
        if fields[key].type == "secret":
            secret[key] = checked
        else:
            plain[key] = checked
    return plain, secret


def _checked(manifest: Manifest, field: SettingField, value: Any) -> Any:
    if field.type in {"string", "secret", "text", "url", "choice"} and isinstance(value, str):
        return _checked_text(manifest, field, value.strip())
    if field.type == "boolean" and isinstance(value, bool):
        return value
    if field.type == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        return value
    wanted = {"boolean": "true or false", "number": "a number"}.get(field.type, "text")
    # The value stays out of the text when it is a secret: error texts reach logs.
    shown = "The value" if field.type == "secret" else repr(value)
    raise ConnectionsError(
        f"{shown} does not fit {field.label} of {manifest.name}; it must be {wanted}.", field=field.key
    )


def _checked_text(manifest: Manifest, field: SettingField, value: str) -> str:
    if field.type == "url" and value:
        try:
            Guard(django_settings.DELIVERY_NETWORKS).target(value)
        except AddressRefused as error:
            raise ConnectionsError(str(error), field=field.key) from error
    if field.type == "choice" and value not in field.options:
        raise ConnectionsError(
            f"{value!r} does not fit {field.label} of {manifest.name}; it must be one of: {', '.join(field.options)}.",
            field=field.key,
        )
    if len(value) > SETTING_LENGTH:
        raise ConnectionsError(
            f"{field.label} has {len(value):,} characters; use at most {SETTING_LENGTH:,}.", field=field.key
        )
    return value


def _require(manifest: Manifest, settings: Mapping[str, Any]) -> None:
    missing = manifest.missing(settings)
    if missing:
        labels = " and ".join(field.label for field in missing)
        raise ConnectionsError(
            f"{manifest.name} cannot be enabled without {labels}. Fill it in first.", field=missing[0].key
        )


def _free_name(
    model: type[Source] | type[Destination], workspace_id: int, name: str, *, besides: int | None = None
) -> str:
    name = name.strip()
    if not name:
        raise ConnectionsError("The name is empty. Give it one that others will recognize.", field="name")
    if len(name) > NAME_LENGTH:
        raise ConnectionsError(f"The name has {len(name)} characters; use at most {NAME_LENGTH}.", field="name")
    same = model._default_manager.filter(workspace_id=workspace_id, name=name).exclude(id=besides or 0)
    if same.exists():
        kind = "source" if model is Source else "destination"
        raise ConnectionsError(f"There is already a {kind} called {name!r}. Choose another name.", field="name")
    return name


def free_name(workspace_id: int, manifest: Manifest) -> str:
    """The catalog's name, with a number when a destination already has it."""
    taken = set(Destination.objects.filter(workspace_id=workspace_id).values_list("name", flat=True))
    name, number = manifest.name, 1
    while name in taken:
        number += 1
        name = f"{manifest.name} {number}"
    return name


def source_of(workspace_id: int, source_id: int) -> Source:
    """Raises `ConnectionsError` when the workspace has no such source."""
    source = Source.objects.filter(workspace_id=workspace_id, id=source_id).first()
    if source is None:
        raise ConnectionsError(f"There is no source {source_id} in this workspace.")
    return source


def _sources(workspace_id: int, source_ids: Sequence[int]) -> list[Source]:
    found = list(Source.objects.filter(workspace_id=workspace_id, id__in=source_ids))
    missing = set(source_ids) - {source.id for source in found}
    if missing:
        ids = ", ".join(map(str, sorted(missing)))
        raise ConnectionsError(f"There is no source {ids} in this workspace.", field="source_ids")
    return found


def destination_of(workspace_id: int, destination_id: int) -> Destination:
    """Raises `ConnectionsError` when the workspace has no such destination."""
    destination = Destination.objects.filter(workspace_id=workspace_id, id=destination_id).first()
    if destination is None:
        raise ConnectionsError(f"There is no destination {destination_id} in this workspace.")
    return destination
