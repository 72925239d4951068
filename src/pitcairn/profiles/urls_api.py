"""The addresses of the Profile API: Segment's, the older ones with `namespaces` too."""

from django.urls import path, re_path

from pitcairn.profiles import api

_REST = r"(?P<space>[^/]+)/collections/(?P<collection>[^/]+)/profiles/(?P<identifier>.+)/(?P<name>[^/]+)/?"

urlpatterns = [
    re_path(rf"^v1/(?:spaces|namespaces)/{_REST}$", api.resource, name="profile-api"),
    path("v1/spaces/<path:rest>", api.unknown, name="profile-api-unknown"),
    path("v1/namespaces/<path:rest>", api.unknown, name="profile-api-unknown"),
]
