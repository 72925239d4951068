"""Audiences, lists and computed traits."""

from django.urls import path

from pitcairn.engage.views import audiences, builder, computed_traits, lists, reasons, syncs

app_name = "engage"
urlpatterns = [
    path("", audiences.audiences, name="list"),
    path("new/", builder.new, name="new"),
    path("templates/", builder.templates, name="templates"),
    path("lists/new/", lists.new, name="list-new"),
    path("traits/", computed_traits.traits, name="traits"),
    path("traits/new/", computed_traits.new, name="trait-new"),
    path("traits/<int:trait_id>/", computed_traits.trait, name="trait"),
    path("traits/<int:trait_id>/edit/", computed_traits.edit, name="trait-edit"),
    path("traits/<int:trait_id>/enable/", computed_traits.enable, name="trait-enable"),
    path("traits/<int:trait_id>/disable/", computed_traits.disable, name="trait-disable"),
    path("traits/<int:trait_id>/delete/", computed_traits.delete, name="trait-delete"),
    path("<int:audience_id>/", audiences.audience, name="audience"),
    path("<int:audience_id>/edit/", builder.edit, name="edit"),
    path("<int:audience_id>/list/", lists.edit, name="list-edit"),
    path("<int:audience_id>/people/", audiences.people, name="people"),
    path("<int:audience_id>/people/<int:profile_id>/", reasons.why, name="why"),
    path("<int:audience_id>/overlap/", audiences.overlap, name="overlap"),
    path("<int:audience_id>/enable/", audiences.enable, name="enable"),
    path("<int:audience_id>/disable/", audiences.disable, name="disable"),
    path("<int:audience_id>/recompute/", audiences.recompute, name="recompute"),
    path("<int:audience_id>/delete/", audiences.delete, name="delete"),
    path("<int:computation_id>/destinations/", syncs.syncs, name="syncs"),
    path("<int:computation_id>/destinations/new/", syncs.new, name="sync-new"),
    path("<int:computation_id>/destinations/<int:destination_id>/", syncs.edit, name="sync-edit"),
    path("<int:computation_id>/destinations/<int:destination_id>/pause/", syncs.pause, name="sync-pause"),
    path("<int:computation_id>/destinations/<int:destination_id>/resume/", syncs.resume, name="sync-resume"),
    path("<int:computation_id>/destinations/<int:destination_id>/resync/", syncs.resync, name="sync-resync"),
    path("<int:computation_id>/destinations/<int:destination_id>/remove/", syncs.disconnect, name="sync-disconnect"),
]
