from django.apps import AppConfig


class PipelineConfig(AppConfig):
    name = "pitcairn.pipeline"
    label = "pipeline"
