"""Every address of the dashboard."""

from django.urls import include, path

from pitcairn.api.urls import management_api
from pitcairn.dashboard import views
from pitcairn.experiments.views_sharing import shared_results

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("theme/", views.theme, name="theme"),
    path("switch-workspace/", views.switch_workspace, name="switch-workspace"),
    path("", include("pitcairn.connections.urls")),
    path("", include("pitcairn.profiles.urls_api")),
    path("people/", include("pitcairn.profiles.urls")),
    path("audiences/", include("pitcairn.engage.urls")),
    path("shared/results/<str:token>/", shared_results, name="shared-results"),
    path("experiences/", include("pitcairn.experiences.urls")),
    path("hosted-pages/", include("pitcairn.hosted.urls")),
    path("editor/", include("pitcairn.experiences.urls_editor")),
    path("api/v1/", management_api().urls),
    path("settings/", include("pitcairn.workspaces.urls")),
]
handler403 = "pitcairn.dashboard.views.forbidden"
handler404 = "pitcairn.dashboard.views.not_found"
handler500 = "pitcairn.dashboard.views.failed"
