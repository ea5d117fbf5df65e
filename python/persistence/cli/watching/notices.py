"""What wakes a watch: notices of the operating system, commands that ended, signals."""

from __future__ import annotations

import contextlib
import queue
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from persistence.cli.watching.loop import Event, Look, Stop
from persistence.errors import told

# Milliseconds. Changes that come close together wake us once.
_DEBOUNCE, _STEP = 2000, 200


class Events:
    """A queue of events, into which threads and signal handlers put them."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.put = self._queue.put

    def next(self, seconds: float | None) -> Event | None:
        """Return the next event, or None if there is none for so many seconds."""
        with contextlib.suppress(queue.Empty):
            return self._queue.get(timeout=seconds)
        return None


@contextlib.contextmanager
def signals(put: Callable[[Event], None]) -> Iterator[None]:
    """Convert Ctrl-C, and SIGTERM, to events during a block.

    A signal that is ignored, as by a background process of a script, stays ignored.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before = {number: known for number, known in before.items() if known != signal.SIG_IGN}
    for number in before:
        signal.signal(number, lambda *_: put(Stop()))
    try:
        yield
    finally:
        for number, known in before.items():
            signal.signal(number, known)


@contextlib.contextmanager
def changes(
    directories: Sequence[str],
    is_deep: bool,
    put: Callable[[Event], None],
    tell: Callable[[str], None],
) -> Iterator[bool]:
    """Convert the operating system's notices of changes in directories to events during a block.

    Parameters
    ----------
    directories : sequence of `str`
        The directories.
    is_deep : `bool`
        Whether changes in subdirectories matter, too.
    put, tell : callable
        Accept an event, and a message if the notices end.

    Yields
    ------
    is_told : `bool`
        False if the required library is not installed.

    Notes
    -----
    For a network file system, changes by this host are reported, but never those by others.
    """
    try:
        from watchfiles import watch  # an extra
    except ImportError:
        yield False
        return
    stop = threading.Event()
    source = watch(
        *directories,
        watch_filter=None,
        debounce=_DEBOUNCE,
        step=_STEP,
        stop_event=stop,
        recursive=is_deep,
        raise_interrupt=False,
        ignore_permission_denied=True,
    )
    thread = threading.Thread(target=_forward, args=(source, put, tell), daemon=True)
    thread.start()
    try:
        yield True
    finally:
        stop.set()
        thread.join(timeout=1)


def _forward(
    source: Iterable[Any], put: Callable[[Event], None], tell: Callable[[str], None]
) -> None:
    try:
        for _ in source:
            put(Look())
    except (OSError, RuntimeError) as error:  # too many directories for it, or one is gone
        tell(f"the operating system does not tell of changes: {told(error)}")
