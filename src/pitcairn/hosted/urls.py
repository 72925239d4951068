"""The addresses of hosted pages in the dashboard. `/p/…` is the edge's."""

from django.urls import path

from pitcairn.hosted.views import form, life, links, pages

app_name = "hosted"
urlpatterns = [
    path("", pages.pages, name="list"),
    path("new/", form.new, name="new"),
    path("as-typed/", form.as_typed, name="as-typed"),
    path("<int:page_id>/", pages.detail, name="detail"),
    path("<int:page_id>/frame/", pages.frame, name="frame"),
    path("<int:page_id>/edit/", form.edit, name="edit"),
    path("<int:page_id>/versions/", pages.versions, name="versions"),
    path("<int:page_id>/versions/<int:number>/restore/", pages.restore, name="restore"),
    path("<int:page_id>/links/", links.links, name="links"),
    path("<int:page_id>/links.csv", links.download, name="links-csv"),
    path("<int:page_id>/links/<int:hosted_link_id>/revoke/", links.revoke, name="revoke"),
    path("<int:page_id>/start/", life.start, name="start"),
    path("<int:page_id>/general/", life.general, name="general"),
    path("<int:page_id>/duplicate/", life.duplicate, name="duplicate"),
    path("<int:page_id>/archive/", life.archive, name="archive"),
    path("<int:page_id>/delete/", life.delete, name="delete"),
]
