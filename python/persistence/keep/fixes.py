"""What ``persistence doctor --fix`` does: each fix leaves the old state in the trash."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import Protocol

from persistence.errors import RepositoryError
from persistence.files import atomic, durable, intents, sqlite, temporaries
from persistence.keep import rows
from persistence.keep.trash import Trash


class Fix(Protocol):
    """A change that mends a finding; as text, it says what is done."""

    def apply(self, trash: Trash) -> None:
        """Execute the change.

        Raises
        ------
        OSError, RepositoryError
            If that fails; then nothing is changed.
        """


@dataclass(frozen=True, slots=True)
class MoveAway:
    """Move a file or link into the trash."""

    path: str

    def __str__(self) -> str:
        return "move it into .persistence/trash"

    def apply(self, trash: Trash) -> None:
        """Execute the change."""
        trash.move(self.path)


@dataclass(frozen=True, slots=True)
class LeadTo:
    """Replace a link by a relative one to another target."""

    path: str
    target: str

    def __str__(self) -> str:
        return f"link it to {self.target}"

    def apply(self, trash: Trash) -> None:
        """Execute the change."""
        directory = os.path.dirname(self.path)
        trash.keep(self.path)
        temporary = temporaries.beside(self.path)
        try:
            inside = os.path.relpath(self.target, os.path.realpath(directory))
            os.symlink(inside, temporary)
            if not os.path.exists(temporary):
                raise RepositoryError(f"{self.target} is not there any more")
            os.replace(temporary, self.path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        durable.flush((), (directory,))


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Replace a small text file."""

    path: str
    text: str
    what: str

    def __str__(self) -> str:
        return self.what

    def apply(self, trash: Trash) -> None:
        """Execute the change."""
        trash.keep(self.path)
        atomic.write_text(self.path, self.text, replace=True)


@dataclass(frozen=True, slots=True)
class Finish:
    """Finish the changes of killed writers, as the next writer would."""

    root: str

    def __str__(self) -> str:
        return "finish, or undo, what the writer was about to do, as the next writer would"

    def apply(self, trash: Trash) -> None:
        """Execute the change."""
        for intent in intents.abandoned(self.root):
            for move in intent.moves:
                if os.path.lexists(move.target):
                    trash.keep(move.target)
        intents.recover(self.root)


@dataclass(frozen=True, slots=True)
class Permit:
    """Add permissions to a file or directory."""

    path: str
    mode: int

    def __str__(self) -> str:
        return f"chmod {self.mode:04o}"

    def apply(self, trash: Trash) -> None:
        """Execute the change."""
        os.chmod(self.path, self.mode)


@dataclass(frozen=True, slots=True)
class NoLog:
    """Change a file of SQLite from its write-ahead log to a journal."""

    path: str

    def __str__(self) -> str:
        return "change it to a rollback journal"

    def apply(self, trash: Trash) -> None:
        """Execute the change."""
        trash.keep(self.path)
        sqlite.leave_log(self.path, 10.0)


@dataclass(frozen=True, slots=True)
class TakeRows:
    """Move the rows of a data ID into the trash."""

    path: str
    tables: tuple[str, ...]
    values: tuple[tuple[str, object], ...]

    def __str__(self) -> str:
        return "move the rows into .persistence/trash"

    def apply(self, trash: Trash) -> None:
        """Execute the change."""
        trash.take_rows(self.path, rows.select(self.path, self.tables, [dict(self.values)]))
