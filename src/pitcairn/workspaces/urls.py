"""Settings of a workspace and of oneself."""

from django.urls import path

from pitcairn.experiments.views_goals import internal_traffic
from pitcairn.workspaces import views, views_api_keys

app_name = "workspaces"
urlpatterns = [
    path("", views.settings, name="settings"),
    path("public-traits/", views.public_traits, name="public-traits"),
    path("api-keys/", views_api_keys.keys, name="api-keys"),
    path("api-keys/<int:key_id>/revoke/", views_api_keys.revoke, name="api-key-revoke"),
    path("own-visits/", internal_traffic, name="internal-traffic"),
    path("password/", views.change_password, name="password"),
]
