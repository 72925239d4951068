from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "pitcairn.workspaces"
    label = "workspaces"
