"""The addresses of experiences; those of goals and results, which belong to an experience, stand among them."""

from django.urls import include, path

from pitcairn.experiences import editor_views, views

app_name = "experiences"
urlpatterns = [
    path("", views.experiences, name="list"),
    path("new/", views.new, name="new"),
    path("<int:experience_id>/", views.detail, name="detail"),
    path("<int:experience_id>/edit/", views.edit, name="edit"),
    path("<int:experience_id>/on-your-website/", editor_views.open_editor, name="open-editor"),
    path("<int:experience_id>/start/", views.start, name="start"),
    path("<int:experience_id>/pause/", views.pause, name="pause"),
    path("<int:experience_id>/end/", views.end, name="end"),
    path("<int:experience_id>/delete/", views.delete, name="delete"),
    path("<int:experience_id>/", include("pitcairn.experiments.urls")),
]
