"""The addresses of experiences; those of goals and results, which belong to an experience, stand among them."""

from django.urls import include, path

from pitcairn.experiences import editor_views
from pitcairn.experiences.views import (
    component_preview,
    estimates,
    experiences,
    form,
    health,
    life,
    overlay,
    previews,
    programme,
    versions,
    why,
)
from pitcairn.experiments.views_programme import programme_page

app_name = "experiences"
urlpatterns = [
    path("", experiences.experiences, name="list"),
    path("new/", form.new, name="new"),
    path("priority/", programme.priority, name="priority"),
    path("holdout/", programme.holdout, name="holdout"),
    path("component-preview/", component_preview.preview, name="component-preview"),
    path("component-preview/frame/", component_preview.frame, name="component-preview-frame"),
    path("programme/", programme_page, name="programme"),
    path("sizes/", estimates.sizes, name="sizes"),
    path("why/", why.why, name="why"),
    path("why/on-your-website/", overlay.open_overlay, name="open-why"),
    path("why.json", why.why_json, name="why-json"),
    path("<int:experience_id>/", experiences.detail, name="detail"),
    path("<int:experience_id>/edit/", form.edit, name="edit"),
    path("<int:experience_id>/on-your-website/", editor_views.open_editor, name="open-editor"),
    path("<int:experience_id>/health/", health.health_page, name="health"),
    path("<int:experience_id>/targeting/", estimates.targeting, name="targeting"),
    path("<int:experience_id>/versions/", versions.versions, name="versions"),
    path("<int:experience_id>/versions/<int:number>/", versions.version, name="version"),
    path("<int:experience_id>/versions/<int:number>/restore/", versions.restore, name="restore"),
    path("<int:experience_id>/preview/", previews.links, name="preview"),
    path("<int:experience_id>/preview/<int:preview_id>/revoke/", previews.revoke, name="preview-revoke"),
    path("<int:experience_id>/why/", why.why_of, name="why-of"),
    path("<int:experience_id>/start/", life.start, name="start"),
    path("<int:experience_id>/pause/", life.pause, name="pause"),
    path("<int:experience_id>/promote/", life.promote, name="promote"),
    path("<int:experience_id>/duplicate/", life.duplicate, name="duplicate"),
    path("<int:experience_id>/archive/", life.archive, name="archive"),
    path("<int:experience_id>/delete/", life.delete, name="delete"),
    path("<int:experience_id>/", include("pitcairn.experiments.urls")),
]
