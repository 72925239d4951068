from django.apps import AppConfig


class EdgeConfig(AppConfig):
    name = "pitcairn.edge"
    label = "edge"
