"""Django's settings, and the only place that reads the environment.

| variable | default | what it sets |
|---|---|---|
| `PITCAIRN_DATA` | `./data` | the data folder: SQL store, inbox, event store, secret key |
| `DATABASE_URL` | SQLite in the data folder | `postgresql://user:password@host:port/name` moves the SQL store there |
| `EVENTS_URL` | `chdb:///DATA/events` | `http://…` or `https://…` moves the event store to a ClickHouse server |
| `PITCAIRN_PUBLIC_URL` | from the request | the address browsers and client libraries reach this server at |
| `PITCAIRN_COUNTRY_HEADER` | `cf-ipcountry` | the request header in which a proxy names the visitor's country |
| `PITCAIRN_IP_DATA` | none | files in MaxMind's format: where an address is and whose, as `/data/city.mmdb, /data/asn.mmdb` |
| `PITCAIRN_TRUSTED_PROXIES` | `0` | how many proxies in front append to `X-Forwarded-For` |
| `PITCAIRN_STRICT_WRITE_KEYS` | off | answer 401 to an unknown write key, where Segment answers 200 |
| `PITCAIRN_DELIVERY_NETWORKS` | none | private networks that destinations may be in, as `10.1.0.0/16, 192.168.7.9` |
| `PITCAIRN_SMTP_URL` | none | the mail server that alerts go through: `smtp://user:password@host:587`, or `smtps://…:465` |
| `PITCAIRN_MAIL_FROM` | `pitcairn@` the mail server's host | the sender of those emails |
| `PITCAIRN_DEBUG` | off | Django's debug pages; for work on Pitcairn itself |
"""

import ipaddress
import os
import secrets
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

PACKAGE = Path(__file__).resolve().parent


def _flag(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in {"1", "true", "yes", "on"}


def _networks(text: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    networks = []
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            networks.append(ipaddress.ip_network(part))
        except ValueError as error:
            raise ValueError(
                f"PITCAIRN_DELIVERY_NETWORKS has {part!r}, which is no network ({error}); write it as 10.1.0.0/16"
            ) from error
    return tuple(networks)


DATA = Path(os.environ.get("PITCAIRN_DATA", "data")).resolve()
DATA.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds everything, keys and sessions included

EVENTS_URL = os.environ.get("EVENTS_URL") or f"chdb://{DATA / 'events'}"
PUBLIC_URL = os.environ.get("PITCAIRN_PUBLIC_URL", "").rstrip("/")
COUNTRY_HEADER = os.environ.get("PITCAIRN_COUNTRY_HEADER", "cf-ipcountry").lower()
IP_DATA = tuple(Path(name.strip()) for name in os.environ.get("PITCAIRN_IP_DATA", "").split(",") if name.strip())
TRUSTED_PROXIES = int(os.environ.get("PITCAIRN_TRUSTED_PROXIES", "0"))
STRICT_WRITE_KEYS = _flag("PITCAIRN_STRICT_WRITE_KEYS")
DELIVERY_NETWORKS = _networks(os.environ.get("PITCAIRN_DELIVERY_NETWORKS", ""))
DEBUG = _flag("PITCAIRN_DEBUG")


def _secret_key() -> str:
    """The installation's own secret, made on first use and kept in the data folder, readable by its owner alone."""
    path = DATA / "secret_key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        key = secrets.token_urlsafe(50)
        file.write(key)
        return key


SECRET_KEY = _secret_key()


def _sqlite(name: str) -> dict[str, object]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(DATA / name),
        "OPTIONS": {
            # FULL: a commit has reached the disk when it returns, which is what a 200 promises.
            # The checkpoint size and the cache are for the pipeline's batches, which touch thousands of pages.
            # What is deleted is overwritten, so that nothing of a deleted person stays in freed pages. Not in the inbox:
            # everything in it is deleted soon, and it is written anew after a deletion (`pipeline/erasing.py`).
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
            "PRAGMA wal_autocheckpoint=8000; PRAGMA cache_size=-32000; "
            f"PRAGMA secure_delete={'OFF' if name == 'inbox.db' else 'ON'};",
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
        },
    }


def _postgresql(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(
            f"DATABASE_URL has the scheme {parts.scheme!r}; write postgresql://user:password@host:port/name"
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        # A request has a thread of its own, and nobody would find a connection again that is kept for longer.
        "CONN_MAX_AGE": 0,
    }


_database_url = os.environ.get("DATABASE_URL", "")
# The inbox has a SQLite file of its own, so that accepting messages never waits for the pipeline's write lock.
# On PostgreSQL, where writers do not block each other, it is a table like the others.
DATABASES: dict[str, dict[str, object]] = (
    {"default": _postgresql(_database_url)}
    if _database_url
    else {"default": _sqlite("pitcairn.db"), "inbox": _sqlite("inbox.db")}
)
DATABASE_ROUTERS = ["pitcairn.edge.router.InboxRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "pitcairn.workspaces",
    "pitcairn.edge",
    "pitcairn.pipeline",
    "pitcairn.connections",
    "pitcairn.profiles",
    "pitcairn.engage",
    "pitcairn.experiences",
    "pitcairn.experiments",
    "pitcairn.hosted",
    "pitcairn.dashboard",
]
AUTH_USER_MODEL = "workspaces.User"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "pitcairn.api.envelope.EnvelopeMiddleware",
    "pitcairn.dashboard.static_files.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "pitcairn.dashboard.middleware.DashboardMiddleware",
]
ROOT_URLCONF = "pitcairn.dashboard.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "pitcairn.dashboard.context.shell",
            ],
        },
    }
]
ASGI_APPLICATION = "pitcairn.asgi.application"

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
CSRF_FAILURE_VIEW = "pitcairn.dashboard.views.csrf_failure"

# Any Host: which names a self-hosted server goes by is for its proxy to say. Nothing builds links for e-mail from it.
ALLOWED_HOSTS = ["*"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
_secure = PUBLIC_URL.startswith("https://")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SESSION_COOKIE_NAME = "pitcairn_session"
CSRF_COOKIE_NAME = "pitcairn_csrf"
SESSION_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"


def _mail(url: str) -> dict[str, object]:
    """The mail server that the URL names: over TLS from the start with `smtps`, else by STARTTLS unless `?starttls=no`."""
    parts = urlsplit(url)
    if url and (parts.scheme not in {"smtp", "smtps"} or not parts.hostname):
        raise ValueError("PITCAIRN_SMTP_URL is no mail server; write smtp://user:password@host:587, or smtps://…:465")
    implicit = parts.scheme == "smtps"
    return {
        "HOST": parts.hostname or "",
        "PORT": parts.port or (465 if implicit else 587),
        "HOST_USER": unquote(parts.username or ""),
        "HOST_PASSWORD": unquote(parts.password or ""),
        "USE_SSL": implicit,
        "USE_TLS": not implicit and parse_qs(parts.query).get("starttls") != ["no"],
    }


_mail_server = _mail(os.environ.get("PITCAIRN_SMTP_URL", ""))
EMAIL_HOST, EMAIL_PORT = _mail_server["HOST"], _mail_server["PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail_server["HOST_USER"], _mail_server["HOST_PASSWORD"]
EMAIL_USE_SSL, EMAIL_USE_TLS = _mail_server["USE_SSL"], _mail_server["USE_TLS"]
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("PITCAIRN_MAIL_FROM") or f"pitcairn@{EMAIL_HOST or 'localhost'}"

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "pitcairn": {"level": "INFO"},
        # Anybody can ask for a page that is not there, or with a Host header that is none. Neither is for a person to act on.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
