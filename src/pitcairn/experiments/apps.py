from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    name = "pitcairn.experiments"
    label = "experiments"
