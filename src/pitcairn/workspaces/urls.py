"""Settings of a workspace and of oneself."""

from django.urls import path

from pitcairn.experiments.views_goals import internal_traffic
from pitcairn.workspaces import views

app_name = "workspaces"
urlpatterns = [
    path("", views.settings, name="settings"),
    path("own-visits/", internal_traffic, name="internal-traffic"),
    path("public-traits/", views.public_traits, name="public-traits"),
    path("password/", views.change_password, name="password"),
]
