"""Sources, catalog, destinations, integrations and the debugger."""

from django.urls import path

from pitcairn.connections import urls_delivery, urls_filters, urls_schema
from pitcairn.connections.views import catalog, debugger, destinations, sources

app_name = "connections"
urlpatterns = [
    path("connections/", sources.overview, name="overview"),
    path("connections/sources/", sources.source_list, name="sources"),
    path("connections/sources/new/", sources.new, name="source-new"),
    path("connections/sources/<int:source_id>/", sources.detail, name="source"),
    path("connections/sources/<int:source_id>/rename/", sources.rename, name="source-rename"),
    path("connections/sources/<int:source_id>/enabled/", sources.set_enabled, name="source-enabled"),
    path("connections/sources/<int:source_id>/arrived/", sources.arrived, name="source-arrived"),
    path("connections/catalog/", catalog.catalog_list, name="catalog"),
    path("connections/catalog/<slug:slug>/", catalog.entry, name="catalog-entry"),
    path("connections/catalog/<slug:slug>/sources/", catalog.choose_sources, name="connect-sources"),
    path("connections/catalog/<slug:slug>/settings/", catalog.enter_settings, name="connect-settings"),
    path("connections/destinations/", destinations.destination_list, name="destinations"),
    path("connections/destinations/<int:destination_id>/", destinations.detail, name="destination"),
    path(
        "connections/destinations/<int:destination_id>/enabled/", destinations.set_enabled, name="destination-enabled"
    ),
    path("connections/debugger/", debugger.page, name="debugger"),
    path("connections/debugger/stream/", debugger.stream, name="debugger-stream"),
    path("integrations/", destinations.integrations, name="integrations"),
    path("integrations/segment/", destinations.integration_segment, name="integration-segment"),
    *urls_filters.urlpatterns,
    *urls_delivery.urlpatterns,
    *urls_schema.urlpatterns,
]
