"""Makes a workspace what a folder says, in one transaction: all of it, or nothing and every problem with its file and path.

What the folder does not speak of stays as it is: nothing is ever deleted. A dry run does everything and takes it back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
from django.db import transaction

from pitcairn.engage.errors import AudienceError
from pitcairn.experiences import queries as experiences
from pitcairn.experiences import services as experience_services
from pitcairn.experiences.comparison import Difference
from pitcairn.experiences.services import ExperienceError
from pitcairn.experiments.services import GoalError
from pitcairn.files import computations
from pitcairn.files.documents import (
    AUDIENCES,
    COMPUTED_TRAITS,
    EXPERIENCES,
    GOALS,
    PRIORITY,
    AudienceDocument,
    DocumentError,
    ExperienceDocument,
    GoalDocument,
    TraitDocument,
    read_document,
)
from pitcairn.files.experiences import apply_experience
from pitcairn.files.goals import apply_goal

LARGEST_FILE = 4_000_000
"""Bytes: fifty segments at the limit of their changes."""

D = TypeVar("D")


class FileProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: in which file, where in it (empty: the whole), and what to do."""

    file: str
    path: str
    text: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.file, self.path, self.text)))


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a file makes: `what` is make, change or none."""

    file: str
    name: str
    what: str
    differences: tuple[Difference, ...] = ()


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """`beside` are the names of experiences of the workspace that the folder does not speak of."""

    changes: tuple[Change, ...]
    beside: tuple[str, ...]
    dry_run: bool


class FilesError(Exception):
    """A folder cannot be applied. Holds every problem found; nothing was changed."""

    def __init__(self, problems: list[FileProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class _TakenBack(Exception):
    """Ends the transaction of a dry run."""


def apply_folder(workspace_id: int, folder: Path, *, by: str = "", dry_run: bool = False) -> Applied:
    """Applies the folder and says what was changed, or with `dry_run` would be. Raises FilesError, OSError."""
    applying = _Applying(workspace_id, folder, by)
    try:
        with transaction.atomic():
            applied = applying.run(dry_run=dry_run)
            if dry_run:
                raise _TakenBack
    except _TakenBack:
        pass
    return applied


class _Applying:
    def __init__(self, workspace_id: int, folder: Path, by: str) -> None:
        self.workspace_id = workspace_id
        self.folder = folder
        self.by = by
        self.problems: list[FileProblem] = []
        self.changes: list[Change] = []

    def run(self, *, dry_run: bool) -> Applied:
        if not self.folder.is_dir():
            raise FilesError([FileProblem(file=str(self.folder), path="", text="there is no such folder")])
        computed = [
            *self._tasks(GOALS, GoalDocument, apply_goal),
            *self._tasks(COMPUTED_TRAITS, TraitDocument, computations.apply_trait),
            *self._tasks(AUDIENCES, AudienceDocument, computations.apply_audience),
        ]
        self._until_nothing_moves(computed)
        documents = dict(self._documents(EXPERIENCES, ExperienceDocument))
        self._refuse_twice(documents)
        for file, document in documents.items():
            self._do(file, lambda file=file, document=document: self._experience(file, document))  # type: ignore[misc]
        self._priority()
        if not (documents or computed or self.changes or self.problems):
            text = "it holds no experiences/, audiences/, computed-traits/ or goals/; `pitcairn export` makes such a folder"
            self.problems.append(FileProblem(file=str(self.folder), path="", text=text))
        if self.problems:
            raise FilesError(self.problems)
        named = {document.name.strip() for document in documents.values()}
        every = [one.name for one in experiences.experience_outlines(self.workspace_id)]
        return Applied(
            changes=tuple(self.changes), beside=tuple(one for one in every if one not in named), dry_run=dry_run
        )

    def _tasks(
        self, kind: str, document: type[D], act: Callable[[int, str, D], tuple[Difference, ...] | None]
    ) -> list[tuple[str, Callable[[], None]]]:
        """What is to be done for the files of one kind."""

        def task(file: str, given: D) -> Callable[[], None]:
            return lambda: self._told(file, given.name, act(self.workspace_id, Path(file).stem, given))  # type: ignore[attr-defined]

        return [(file, task(file, given)) for file, given in self._documents(kind, document)]

    def _until_nothing_moves(self, tasks: list[tuple[str, Callable[[], None]]]) -> None:
        """One may ask for another that comes later: whatever fails is tried again as long as others succeed."""
        while tasks:
            before, self.problems = self.problems, []
            left = [task for task in tasks if not self._do(*task)]
            failed, self.problems = self.problems, before
            if len(left) == len(tasks):
                self.problems += failed
                return
            tasks = left

    def _experience(self, file: str, document: ExperienceDocument) -> None:
        made, differences = apply_experience(self.workspace_id, document, by=self.by)
        self._told(file, document.name, None if made else differences, differences)

    def _priority(self) -> None:
        """Those that are named come first, in this order; the others keep theirs behind them."""
        if (given := self._read(PRIORITY, list[str])) is None or self.problems:
            return
        before = experiences.experience_outlines(self.workspace_id)
        ids = {one.name: one.id for one in before}
        for index, name in enumerate(given):
            if name not in ids:
                self._wrong(PRIORITY, f"[{index}]", f"there is no experience named “{name}”")
            elif name in given[:index]:
                self._wrong(PRIORITY, f"[{index}]", f"“{name}” stands here twice")
        if self.problems:
            return
        names = [*given, *(one.name for one in before if one.name not in given)]
        old = [one.name for one in before]
        if names == old:
            self._told(PRIORITY, "Priority", ())
            return
        experience_services.reorder_experiences(self.workspace_id, [ids[name] for name in names])
        self._told(PRIORITY, "Priority", (Difference(where="Priority", before=tuple(old), after=tuple(names)),))

    def _refuse_twice(self, documents: dict[str, ExperienceDocument]) -> None:
        seen: dict[str, str] = {}
        for file, document in documents.items():
            name = document.name.strip()
            if name in seen:
                self._wrong(file, "name", f"“{name}” is also in {seen[name]}; give one of them another name")
            seen.setdefault(name, file)

    def _documents(self, kind: str, document: type[D]) -> Iterator[tuple[str, D]]:
        for path in sorted((self.folder / kind).glob("*.json")):
            file = f"{kind}/{path.name}"
            if (given := self._read(file, document)) is not None:
                yield file, given

    def _read(self, file: str, document: type[D]) -> D | None:
        path = self.folder / file
        if not path.is_file():
            return None
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise DocumentError("", f"it is larger than {LARGEST_FILE:,} bytes")
            return read_document(path.read_text("utf-8"), document)
        except DocumentError as error:
            self._wrong(file, error.path, error.text)
        except UnicodeDecodeError:
            self._wrong(file, "", "it is no text in UTF-8")
        return None

    def _do(self, file: str, act: Callable[[], object]) -> bool:
        """Does one thing or, if it cannot be done, nothing, and notes why."""
        with self._noted(file):
            with transaction.atomic():
                act()
            return True
        return False

    @contextmanager
    def _noted(self, file: str) -> Iterator[None]:
        try:
            yield
        except ExperienceError as error:
            for one in error.problems:
                self._wrong(file, one.path, one.text)
        except AudienceError as error:
            path = f"{error.field}.{error.path}" if error.field and error.path else error.field or error.path
            self._wrong(file, path, error.text.removeprefix(f"{error.path}: "))
        except GoalError as error:
            for path, text in (error.problems or {"": str(error)}).items():
                self._wrong(file, path, text)

    def _wrong(self, file: str, path: str, text: str) -> None:
        self.problems.append(FileProblem(file=file, path=path, text=text))

    def _told(
        self,
        file: str,
        name: str,
        differences: tuple[Difference, ...] | None,
        made: tuple[Difference, ...] = (),
    ) -> None:
        """Notes what a file did; no differences to be had (None) are of what is new."""
        what = "make" if differences is None else "change" if differences else "none"
        self.changes.append(Change(file=file, name=name, what=what, differences=differences or made))
