from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    name = "pitcairn.connections"
    label = "connections"
