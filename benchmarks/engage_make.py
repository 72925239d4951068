"""Makes an audience in the data folder of a running server, told to the sink. `python -m benchmarks.engage_make JSON`."""

import json
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pitcairn.settings")

import django

django.setup()

from pitcairn.engage.services import connect_destination, create_audience

audience = create_audience(1, "Ordered lately", json.loads(sys.argv[1]))
connect_destination(1, audience.id, 1)
