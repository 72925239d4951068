from django.apps import AppConfig


class HostedConfig(AppConfig):
    name = "pitcairn.hosted"
    label = "hosted"
