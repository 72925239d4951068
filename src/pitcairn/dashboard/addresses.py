"""Where this server is reached."""

from django.conf import settings
from django.http import HttpRequest


def public_url(request: HttpRequest) -> str:
    """The address for browsers and client libraries, without a slash at the end: as set, else as this request came."""
    configured: str = settings.PUBLIC_URL
    return configured or f"{request.scheme}://{request.get_host()}"
