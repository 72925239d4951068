"""Settings of a workspace and of oneself."""

from django.urls import path

from pitcairn.workspaces import views

app_name = "workspaces"
urlpatterns = [
    path("", views.settings, name="settings"),
    path("public-traits/", views.public_traits, name="public-traits"),
    path("password/", views.change_password, name="password"),
]
