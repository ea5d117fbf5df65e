"""The loop of a watch: check for data, run commands for new ones, wait.

Notices of changes only mean that it is time to check. Data are new if they exist and have no
record, so that a lost or repeated notice does no harm.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from persistence.cli.watching import commands
from persistence.cli.watching.state import State, key
from persistence.errors import DataIdError, PersistenceError, told

# So many wait at most; when all of them were started, a look finds the next.
_MOST = 10_000
# After a look that took its time there is a rest of so many times as long.
_REST = 10
DataId = Mapping[str, Any]


class Look(NamedTuple):
    """An event: something may have changed."""


class Stop(NamedTuple):
    """An event: the user requests the end of the watch."""


class Ended(NamedTuple):
    """An event: a command ended."""

    data_id: DataId
    status: int | None


Event = Look | Stop | Ended


class Datum(NamedTuple):
    """Data for which a command may be run.

    Attributes
    ----------
    data_id : mapping
        The identifying data ID; no command is run twice for it.
    full : mapping
        The complete data ID; of several with the same data ID, of the first.
    """

    data_id: DataId
    full: DataId


class Starter(Protocol):
    """An object that starts commands and ends them: `commands.Running`."""

    def start(self, data_id: DataId, words: list[str]) -> None: ...

    def terminate(self) -> None: ...


class Watch:
    """A watch.

    Parameters
    ----------
    look : callable
        Yields existing data, given a function that returns whether a data ID has a record.
    words : callable
        Returns the words of the command for a datum, or raises `DataIdError`.
    starter : `Starter`
        Runs the commands.
    state : `State`
        The records.
    next_event : callable
        Waits for the next event, for a number of seconds at most; None if there was none.
    width : `int`
        The number of commands that run at once.
    interval : `float`
        Seconds between two checks without a notice; longer, if a check takes long.
    is_once : `bool`
        Whether to end when all present data are processed.
    tell, note : callable
        Print a problem, and a remark.
    clock : callable
        Returns the time, in seconds.
    """

    def __init__(
        self,
        look: Callable[[Callable[[DataId], bool]], Iterable[Datum]],
        words: Callable[[Datum], list[str]],
        starter: Starter,
        state: State,
        next_event: Callable[[float | None], Event | None],
        width: int = 1,
        interval: float = 10.0,
        is_once: bool = False,
        tell: Callable[[str], None] = print,
        note: Callable[[str], None] = print,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look, self._words, self._starter, self._state = look, words, starter, state
        self._next_event, self._clock, self._tell, self._note = next_event, clock, tell, note
        self._width, self._interval, self._is_once = width, interval, is_once
        self._waiting: dict[str, Datum] = {}
        self._running: set[str] = set()
        self._is_more = False
        self._stops = 0
        self._next_look = 0.0
        self.done = self.failed = 0

    def run(self) -> None:
        """Watch until a stop event, or until all present data are processed if that suffices.

        Raises
        ------
        PersistenceError, OSError
            If the first check fails. Failures of later ones are printed, and the check is repeated.
        """
        self._take()
        while True:
            self._start()
            if self._is_more and not self._waiting and not self._stops:
                self._take()
                continue
            if not self._running and (self._stops or (self._is_once and not self._waiting)):
                return
            event = self._next_event(self._patience())
            if isinstance(event, Ended):
                self._end(event)
            elif isinstance(event, Stop):
                self._stop()
            if isinstance(event, Look) or self._is_time():
                self._look_again()

    @property
    def waiting(self) -> int:
        """The number of data for which no command was started yet."""
        return len(self._waiting)

    def _is_idle(self) -> bool:
        """Return whether there is nothing to look for any more."""
        return self._is_once or bool(self._stops)

    def _patience(self) -> float | None:
        return None if self._is_idle() else max(0.0, self._next_look - self._clock())

    def _is_time(self) -> bool:
        return not self._is_idle() and self._clock() >= self._next_look

    def _look_again(self) -> None:
        if self._is_idle():
            return
        try:
            self._take()
        except (PersistenceError, OSError) as error:  # a locked registry, a server that is away
            self._tell(f"{told(error)}; looking again in {self._interval:g} s")
            self._next_look = self._clock() + self._interval

    def _take(self) -> None:
        """Check for data, and queue the new ones."""
        self._is_more, before = False, self._clock()
        for datum in self._look(self._is_known):
            if len(self._waiting) >= _MOST:
                self._is_more = True
                break
            self._waiting.setdefault(key(datum.data_id), datum)
        now = self._clock()
        self._next_look = now + max(self._interval, _REST * (now - before))

    def _is_known(self, data_id: DataId) -> bool:
        text = key(data_id)
        return text in self._state.stages or text in self._waiting

    def _start(self) -> None:
        while self._waiting and len(self._running) < self._width and not self._stops:
            text = next(iter(self._waiting))
            datum = self._waiting.pop(text)
            try:
                words = self._words(datum)
            except DataIdError as error:
                self._state.refused(datum.data_id, str(error))
                self.failed += 1
                self._tell(f"{_shown(datum.data_id)}: {error}: no command is run for it")
                continue
            self._state.begun(datum.data_id)  # before it starts: it must not start twice
            self._starter.start(datum.data_id, words)
            self._running.add(text)

    def _end(self, event: Ended) -> None:
        self._running.discard(key(event.data_id))
        self._state.ended(event.data_id, event.status)
        if event.status == 0:
            self.done += 1
        else:
            self.failed += 1
            self._tell(f"{_shown(event.data_id)}: {commands.described(event.status)}")
        if event.status in commands.NOT_RUN and not self._stops:
            self._tell("the command cannot be run: no more is started")
            self._stops = 1

    def _stop(self) -> None:
        self._stops += 1
        if self._stops > 1:
            self._note(f"ending what runs ({len(self._running)})")
            self._starter.terminate()
        elif self._running:
            self._note(
                f"no more is started; waiting for what runs ({len(self._running)}): another "
                "Ctrl-C ends it"
            )


def _shown(data_id: DataId) -> str:
    return " ".join(f"{name}={value}" for name, value in data_id.items())
