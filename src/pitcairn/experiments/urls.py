"""The addresses of goals and results, under the experience they belong to."""

from django.urls import path

from pitcairn.experiments import views

urlpatterns = [
    path("goals/", views.goals, name="goals"),
    path("results/", views.results_page, name="results"),
    path("results/stream/", views.results_stream, name="results-stream"),
    path("results.json", views.results_json, name="results-json"),
    path("results.csv", views.results_csv, name="results-csv"),
]
