"""Does what a server's threads do, after the server's start has read the struct types; prints what is read all the same.

PITCAIRN_DATA=DIR python tests/edge/struct_types.py [unprepared]
"""

import importlib
import os
import sys
from types import FrameType
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pitcairn.settings")


def main(*, prepared: bool) -> None:
    from pitcairn.asgi import Application, read_struct_types

    Application()
    from django.conf import settings

    importlib.import_module(settings.ROOT_URLCONF)
    if prepared:
        read_struct_types()

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code.co_name == "get_class_annotations":
            print(frame.f_locals["obj"])

    from pitcairn.connections.registry import catalog
    from pitcairn.edge.snapshot import EMPTY, newer_snapshot
    from pitcairn.experiences.changes import parse_changes
    from pitcairn.pipeline.progress import lag

    sys.setprofile(watch)
    catalog.cache_clear()
    catalog()
    newer_snapshot(EMPTY)
    lag()
    parse_changes([
        {"type": "text", "selector": "h1", "value": "x"},
        {"type": "html", "selector": "h1", "value": "x"},
        {"type": "attribute", "selector": "a", "name": "title", "value": None},
        {"type": "style", "selector": "a", "name": "color", "value": "red"},
        {"type": "hide", "selector": "a"},
        {"type": "insert", "selector": "a", "position": "after", "value": "x"},
    ])  # fmt: skip
    sys.setprofile(None)


if __name__ == "__main__":
    main(prepared="unprepared" not in sys.argv)
