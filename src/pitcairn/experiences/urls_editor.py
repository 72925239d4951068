"""What the visual editor and a preview on a customer's page ask for. `BY_TOKEN` of the dashboard's middleware names those it
guards."""

from django.urls import path

from pitcairn.experiences import editor_views
from pitcairn.experiences.views import overlay
from pitcairn.experiences.views import previews as preview_views

app_name = "editor"
urlpatterns = [
    path("editor.js", editor_views.script, name="script"),
    path("preview.js", preview_views.script, name="preview"),
    path("why.js", overlay.script, name="why-script"),
    path("why", overlay.why, name="why"),
    path("experience", editor_views.experience, name="experience"),
]
