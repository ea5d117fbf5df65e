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


def track(items: Iterable[Any], total: int, noun: str = "Ingesting") -> Iterable[Any]:
    """Yield the items one by one, with a progress bar and the remaining time."""
    if _IS_HIDDEN.get() or not sys.stderr.isatty() or total < 2:
        return items
    try:
        from rich.console import Console
        from rich.progress import track as rich_track
    except ImportError:
        return _count(items, total)
    return rich_track(
        items, description=noun, total=total, console=Console(stderr=True), transient=True
    )


@contextlib.contextmanager
def directories(noun: str = "Indexing") -> Iterator[Callable[[int, int, int], None] | None]:
    """Show the progress over a tree during a ``with`` block.

    Yields
    ------
    progress : callable or None
        Called with the numbers of finished directories, of known directories, and of files listed.
        None if nothing is shown.
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
        task = bar.add_task(noun, total=None)

        def advance(done: int, known: int, files: int) -> None:
            text = f"{noun}: {files} files"
            bar.update(task, completed=done, total=known, description=text)

        yield advance


def _write_directories(done: int, known: int, files: int) -> None:
    sys.stderr.write(f"\r{done} of {known} directories, {files} files")
    sys.stderr.flush()


def _count(items: Iterable[Any], total: int) -> Iterator[Any]:
    """Yield the items with a counter that is overwritten, for users without rich."""
    for number, item in enumerate(items):
        sys.stderr.write(f"\r{number} of {total}")
        sys.stderr.flush()
        yield item
    sys.stderr.write("\r\033[K")
