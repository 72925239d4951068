"""Filters and mapping of a destination."""

from django.urls import path

from pitcairn.connections.views import filters, mapping

ONE = "connections/destinations/<int:destination_id>"

urlpatterns = [
    path(f"{ONE}/filters/", filters.filter_list, name="destination-filters"),
    path(f"{ONE}/filters/new/", filters.new, name="destination-filter-new"),
    path(f"{ONE}/filters/<int:filter_id>/", filters.edit, name="destination-filter"),
    path(f"{ONE}/filters/<int:filter_id>/enabled/", filters.set_enabled, name="destination-filter-enabled"),
    path(f"{ONE}/filters/<int:filter_id>/delete/", filters.delete, name="destination-filter-delete"),
    path(f"{ONE}/mapping/", mapping.page, name="destination-mapping"),
]
