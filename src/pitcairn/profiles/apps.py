from django.apps import AppConfig


class ProfilesConfig(AppConfig):
    name = "pitcairn.profiles"
    label = "profiles"
