"""The pages that show what is delivered."""

from django.urls import path

from pitcairn.connections.views import alerts, dead_letters, delivery, tester

DESTINATION = "connections/destinations/<int:destination_id>"
ALERT = "connections/delivery/alerts/<int:rule_id>"

urlpatterns = [
    path("connections/delivery/", delivery.overview, name="delivery"),
    path("connections/delivery/requests/", delivery.log, name="delivery-log"),
    path("connections/delivery/alerts/", alerts.alert_list, name="alerts"),
    path("connections/delivery/alerts/new/", alerts.new, name="alert-new"),
    path(f"{ALERT}/", alerts.detail, name="alert"),
    path(f"{ALERT}/enabled/", alerts.set_enabled, name="alert-enabled"),
    path(f"{ALERT}/delete/", alerts.delete, name="alert-delete"),
    path(f"{ALERT}/test/", alerts.test, name="alert-test"),
    path(f"{DESTINATION}/delivery/", delivery.destination, name="destination-delivery"),
    path(f"{DESTINATION}/test/", tester.tester, name="destination-test"),
    path(f"{DESTINATION}/queue/", dead_letters.queue, name="destination-queue"),
    path(f"{DESTINATION}/queue/discard/", dead_letters.discard, name="destination-queue-discard"),
    path(f"{DESTINATION}/queue/cancel/", dead_letters.cancel_replay, name="destination-replay-cancel"),
    path(f"{DESTINATION}/dead-letters/", dead_letters.dead_letters, name="destination-dead-letters"),
    path(f"{DESTINATION}/dead-letters/act/", dead_letters.act, name="destination-dead-letters-act"),
    path(f"{DESTINATION}/dead-letters/<int:letter_id>/", dead_letters.dead_letter, name="destination-dead-letter"),
]
