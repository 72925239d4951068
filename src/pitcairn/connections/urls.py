"""Sources, catalog, destinations, integrations and the debugger."""

from django.urls import path

from pitcairn.connections import urls_delivery, urls_filters, urls_schema
from pitcairn.connections.views import (
    catalog,
    debugger,
    destinations,
    identity_proof,
    oauth_apps,
    segment,
    source_settings,
    sources,
)

app_name = "connections"
urlpatterns = [
    path("connections/", sources.overview, name="overview"),
    path("connections/sources/", sources.source_list, name="sources"),
    path("connections/sources/new/", sources.new, name="source-new"),
    path("connections/sources/<int:source_id>/", sources.detail, name="source"),
    path("connections/sources/<int:source_id>/rename/", source_settings.rename, name="source-rename"),
    path("connections/sources/<int:source_id>/enabled/", sources.set_enabled, name="source-enabled"),
    path("connections/sources/<int:source_id>/arrived/", sources.arrived, name="source-arrived"),
    path("connections/sources/<int:source_id>/settings/", source_settings.settings, name="source-settings"),
    path(
        "connections/sources/<int:source_id>/write-key/", source_settings.replace_write_key, name="source-replace-key"
    ),
    path("connections/sources/<int:source_id>/api-key/", source_settings.new_api_key, name="source-new-api-key"),
    path(
        "connections/sources/<int:source_id>/identity-secret/",
        identity_proof.new_secret,
        name="source-identity-secret",
    ),
    path(
        "connections/sources/<int:source_id>/identity-secret/end/",
        identity_proof.end_secret,
        name="source-identity-end",
    ),
    path(
        "connections/sources/<int:source_id>/proves-identity/", identity_proof.set_proves, name="source-proves-identity"
    ),
    path("connections/sources/<int:source_id>/delete/", source_settings.delete_source, name="source-delete"),
    path("connections/oauth-apps/", oauth_apps.app_list, name="oauth-apps"),
    path("connections/oauth-apps/<int:app_id>/remove/", oauth_apps.remove, name="oauth-app-remove"),
    path("connections/catalog/", catalog.catalog_list, name="catalog"),
    path("connections/catalog/<slug:slug>/", catalog.entry, name="catalog-entry"),
    path("connections/catalog/<slug:slug>/sources/", catalog.choose_sources, name="connect-sources"),
    path("connections/catalog/<slug:slug>/settings/", catalog.enter_settings, name="connect-settings"),
    path("connections/destinations/", destinations.destination_list, name="destinations"),
    path("connections/destinations/<int:destination_id>/", destinations.detail, name="destination"),
    path(
        "connections/destinations/<int:destination_id>/enabled/", destinations.set_enabled, name="destination-enabled"
    ),
    path(
        "connections/destinations/<int:destination_id>/delete/",
        source_settings.delete_destination,
        name="destination-delete",
    ),
    path("connections/debugger/", debugger.page, name="debugger"),
    path("connections/debugger/stream/", debugger.stream, name="debugger-stream"),
    path("integrations/", segment.integrations, name="integrations"),
    path("integrations/segment/", segment.page, name="integration-segment"),
    path("integrations/segment/connect/", segment.connect, name="segment-connect"),
    path("integrations/segment/<int:source_id>/arrived/", segment.arrived, name="segment-arrived"),
    *urls_filters.urlpatterns,
    *urls_delivery.urlpatterns,
    *urls_schema.urlpatterns,
]
