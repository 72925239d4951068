"""People."""

from django.urls import path

from pitcairn.profiles import views

app_name = "profiles"
urlpatterns = [
    path("", views.people, name="list"),
    path("<int:profile_id>/", views.profile, name="profile"),
]
