"""What sources send, and tracking plans."""

from django.urls import path

from pitcairn.connections.views import schema, tracking_plans

_PLAN = "connections/tracking-plans/<int:plan_id>/"
urlpatterns = [
    path("connections/sources/<int:source_id>/schema/", schema.event_list, name="source-schema"),
    path("connections/sources/<int:source_id>/schema/<int:event_id>/", schema.event, name="source-schema-event"),
    path("connections/sources/<int:source_id>/schema/<int:event_id>/forget/", schema.forget, name="schema-forget"),
    path("connections/tracking-plans/", tracking_plans.plan_list, name="tracking-plans"),
    path("connections/tracking-plans/new/", tracking_plans.new, name="tracking-plan-new"),
    path(_PLAN, tracking_plans.rules, name="tracking-plan"),
    path(f"{_PLAN}rule/", tracking_plans.rule, name="tracking-plan-rule"),
    path(f"{_PLAN}rule/remove/", tracking_plans.remove_rule, name="tracking-plan-rule-remove"),
    path(f"{_PLAN}add/", tracking_plans.add, name="tracking-plan-add"),
    path(f"{_PLAN}violations/", tracking_plans.violations, name="tracking-plan-violations"),
    path(f"{_PLAN}violations/clear/", tracking_plans.clear_violations, name="tracking-plan-clear"),
    path(f"{_PLAN}try/", tracking_plans.trial, name="tracking-plan-trial"),
    path(f"{_PLAN}settings/", tracking_plans.settings, name="tracking-plan-settings"),
    path(f"{_PLAN}delete/", tracking_plans.delete, name="tracking-plan-delete"),
    path(f"{_PLAN}export/", tracking_plans.export, name="tracking-plan-export"),
]
