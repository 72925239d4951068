from django.apps import AppConfig


class EngageConfig(AppConfig):
    name = "pitcairn.engage"
    verbose_name = "Engage"
