"""The tabs of the pages about the delivery of the whole workspace."""

from django.urls import reverse

from pitcairn.dashboard.context import Place


def delivery_tabs(current: str) -> list[Place]:
    """Overview, the log of requests, and alerts; `current` is `overview`, `log` or `alerts`."""
    return [
        Place(label="Overview", url=reverse("connections:delivery"), current=current == "overview"),
        Place(label="Requests", url=reverse("connections:delivery-log"), current=current == "log"),
        Place(label="Alerts", url=reverse("connections:alerts"), current=current == "alerts"),
    ]
