"""Why a text is no FQL, and where."""

from __future__ import annotations


class FQLError(ValueError):
    """A text that is no FQL. `str()` of it begins with the place: `Line 1, column 9: …`.

    `position` counts characters from 0; `line` and `column` count from 1, and may be one behind the end of the text.
    """

    def __init__(self, problem: str, source: str, position: int) -> None:
        before = source[:position]
        self.problem = problem
        self.position = position
        self.line = before.count("\n") + 1
        self.column = position - (before.rfind("\n") + 1) + 1
        self._line_text = source.split("\n")[self.line - 1]
        super().__init__(f"Line {self.line}, column {self.column}: {problem}")

    @property
    def parts(self) -> tuple[str, str, str]:
        """The line that is wrong in three parts: what comes before the place, the character there, what follows."""
        at = self.column - 1
        return self._line_text[:at], self._line_text[at : at + 1], self._line_text[at + 1 :]
