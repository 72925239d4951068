"""People."""

from django.urls import path

from pitcairn.profiles import views

app_name = "profiles"
urlpatterns = [
    path("", views.people, name="list"),
    path("<int:profile_id>/", views.profile, name="profile"),
    path("<int:profile_id>/delete/", views.delete, name="delete"),
    path("deleted/", views.deleted, name="deleted"),
    path("deleted/allow/", views.allow_again, name="allow-again"),
]
