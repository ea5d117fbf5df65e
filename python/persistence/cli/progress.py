"""How far a command is: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any

_IS_HIDDEN: ContextVar[bool] = ContextVar("is_hidden", default=False)


@contextlib.contextmanager
def hidden(is_hidden: bool = True) -> Iterator[None]:
    """Show no progress while the block lasts, or as before."""
    token = _IS_HIDDEN.set(is_hidden)
    try:
        yield
    finally:
        _IS_HIDDEN.reset(token)


def track(items: Iterable[Any], total: int, what: str = "Ingesting") -> Iterable[Any]:
    """Yield the items one by one, and show how many are done and how long the rest will take."""
    if _IS_HIDDEN.get() or not sys.stderr.isatty() or total < 2:
        return items
    try:
        from rich.console import Console
        from rich.progress import track as rich_track
    except ImportError:
        return _count(items, total)
    return rich_track(
        items, description=what, total=total, console=Console(stderr=True), transient=True
    )


@contextlib.contextmanager
def directories(what: str = "Indexing") -> Iterator[Callable[[int, int, int], None] | None]:
    """Show how far it is with a tree, while the block lasts.

    Yields
    ------
    progress : callable or None
        Is told how many directories are done, how many are known by now, and how many files were
        listed. None if nothing is shown.
    """
    if _IS_HIDDEN.get() or not sys.stderr.isatty():
        yield None
        return
    try:
        from rich.console import Console
        from rich.progress import Progress
    except ImportError:
        yield _write_directories
        sys.stderr.write("\r\033[K")
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)

        def advance(done: int, known: int, files: int) -> None:
            text = f"{what}: {files} files"
            bar.update(task, completed=done, total=known, description=text)

        yield advance


def _write_directories(done: int, known: int, files: int) -> None:
    sys.stderr.write(f"\r{done} of {known} directories, {files} files")
    sys.stderr.flush()


def _count(items: Iterable[Any], total: int) -> Iterator[Any]:
    """Show a number that is written over, for those who have no rich."""
    for number, item in enumerate(items):
        sys.stderr.write(f"\r{number} of {total}")
        sys.stderr.flush()
        yield item
    sys.stderr.write("\r\033[K")
