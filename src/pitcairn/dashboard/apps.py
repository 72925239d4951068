from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "pitcairn.dashboard"
    label = "dashboard"
