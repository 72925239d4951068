"""What the visual editor on a customer's page asks for. `BY_TOKEN` of the dashboard's middleware names those it guards."""

from django.urls import path

from pitcairn.experiences import editor_views

app_name = "editor"
urlpatterns = [
    path("editor.js", editor_views.script, name="script"),
    path("experience", editor_views.experience, name="experience"),
]
