"""Experiences, audiences, computed traits and goals as files, for teams that review changes before they are made.

A folder holds `experiences/NAME.json`, `audiences/KEY.json`, `computed-traits/KEY.json`, `goals/NAME.json` and
`priority.json`.
Nothing in a file names a workspace or an id: experiences, segments, variations and goals are found by their names, audiences and
computed traits by their keys, so that a folder can be taken from one workspace to another.
"""

from pitcairn.files.applying import Applied, Change, FileProblem, FilesError, apply_folder
from pitcairn.files.exporting import export_folder

__all__ = ["Applied", "Change", "FileProblem", "FilesError", "apply_folder", "export_folder"]
