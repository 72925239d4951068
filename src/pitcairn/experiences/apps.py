from django.apps import AppConfig


class ExperiencesConfig(AppConfig):
    name = "pitcairn.experiences"
    label = "experiences"
