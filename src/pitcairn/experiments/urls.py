"""The addresses of goals, plan and results, under the experience they belong to."""

from django.urls import path

from pitcairn.experiments import views, views_goals, views_plan, views_sharing

urlpatterns = [
    path("goals/", views_goals.goals, name="goals"),
    path("goals/new/", views_goals.new_goal, name="goal-new"),
    path("goals/<int:goal_id>/", views_goals.edit_goal, name="goal"),
    path("goals/<int:goal_id>/delete/", views_goals.delete_goal, name="goal-delete"),
    path("plan/", views_plan.plan, name="plan"),
    path("results/", views.results_page, name="results"),
    path("results/stream/", views.results_stream, name="results-stream"),
    path("results/now/", views.results_now, name="results-now"),
    path("results/sql/", views.results_sql, name="results-sql"),
    path("results/sharing/", views_sharing.sharing, name="results-sharing"),
    path("results/sharing/link/", views_sharing.make_link, name="results-link"),
    path("results/sharing/link/<int:link_id>/revoke/", views_sharing.revoke_link, name="results-link-revoke"),
    path("results/sharing/report/stop/", views_sharing.stop_report, name="results-report-stop"),
    path("results.json", views.results_json, name="results-json"),
    path("results.csv", views.results_csv, name="results-csv"),
    path("results.parquet", views.results_parquet, name="results-parquet"),
]
