"""An executor that uses several processes of this machine."""

from __future__ import annotations

import contextlib
import functools
import math
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import TimeoutError as OutOfTime
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from persistence.files import extras
from persistence.pipe.executors import Lost, late, pickled
from persistence.pipe.work import Work

# Environment variables that limit numerical libraries to one thread per process.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


_WELL = 256  # larger than all exit statuses
_LOOK = 5.0  # seconds between two checks of the pool: a broken one may not report it


class _Process(SpawnProcess):
    """A process that must not exit by itself.

    If it exits with status 0, it is lost, too, but pebble would wait for it forever.
    """

    @property
    def exitcode(self) -> int | None:
        """The status, which is never 0."""
        code = super().exitcode
        return _WELL if code == 0 else code


class _Context(SpawnContext):
    """Starts processes, and remembers them."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[_Process] = []

    def Process(self, *args: Any, **kwargs: Any) -> _Process:  # type: ignore[override]  # it is a class
        self.begun.append(_Process(*args, **kwargs))
        return self.begun[-1]

    def died(self) -> list[str]:
        """Return why processes died."""
        codes = (process.exitcode for process in self.begun)
        return [_cause(code) for code in codes if code is not None]


class Processes:
    """Process targets in new processes, started by ``spawn``.

    No state of this process is copied.

    Parameters
    ----------
    number : `int`
        The number of processes.
    timeout : `float`, optional
        The time limit in seconds, after which unfinished targets are given up.
    """

    def __init__(self, number: int, timeout: float | None = None) -> None:
        self.number = number
        self.timeout = timeout
        self.died: Sequence[str] = ()

    def outcomes(
        self, work: Work, targets: Sequence[Any]
    ) -> Generator[tuple[int, Any], None, None]:
        """Process each target; see `persistence.pipe.executors.Executor`."""
        with extras.needed("pebble", "-j, or -t"):
            from pebble import ProcessPool  # lazy: slow to import, and not needed for one process
        content, context = pickled(work, targets), _Context()
        with _few_threads():
            pool = ProcessPool(
                min(self.number, len(targets)), initializer=_begin, initargs=(content,),
                context=context,
            )  # fmt: skip
            try:
                futures = {
                    pool.schedule(_act, args=[index]): index for index in range(len(targets))
                }
                yield from _as_they_come(pool, futures, self.timeout)
            finally:
                self.died = context.died()
                pool.stop()  # type: ignore[no-untyped-call]
                pool.join()


def _as_they_come(
    pool: Any, futures: dict[Any, int], timeout: float | None
) -> Iterator[tuple[int, Any]]:
    waiting = dict(futures)
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    while waiting:
        left = deadline - time.monotonic()
        try:
            for future in as_completed(list(waiting), max(0.0, min(left, _LOOK))):
                yield waiting.pop(future), _result(future)
        except OutOfTime:
            if left <= _LOOK:
                yield from ((index, late(timeout)) for index in waiting.values())
                return
            if not pool.active:
                yield from (
                    (index, Lost("all processes were given up")) for index in waiting.values()
                )
                return


def _result(future: Any) -> Any:
    """Return the result of a process."""
    from pebble import ProcessExpired

    try:
        return pickle.loads(future.result())  # noqa: S301  # written by our own process
    except ProcessExpired as error:
        return Lost(f"its process died ({_cause(error.exitcode)})")
    except BrokenProcessPool as error:
        return Lost(f"all processes were given up: {error}")


def _cause(code: int) -> str:
    with contextlib.suppress(ValueError):
        return f"signal {-code}, {signal.Signals(-code).name}"
    return f"exit status {code % _WELL}"


@contextlib.contextmanager
def _few_threads() -> Iterator[None]:
    """Limit processes started in a block to one thread each, unless the user set a number."""
    if "LSST_ALLOW_IMPLICIT_THREADS" in os.environ:
        yield
        return
    set_here = [name for name in _THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(set_here, "1"))
    try:
        yield
    finally:
        for name in set_here:
            del os.environ[name]


# -- in the worker process
# ---------------------------------------------------------------------------------

_GIVEN: list[bytes] = []


def _begin(content: bytes) -> None:
    _GIVEN.append(content)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process handles interrupts
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Exit at once if the parent process is killed.

    Otherwise nothing would stop a hanging worker.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


@functools.cache
def _content() -> tuple[Work, list[Any]]:
    content: tuple[Work, list[Any]] = pickle.loads(_GIVEN[0])  # noqa: S301  # written by who started us
    return content


def _act(index: int) -> bytes:
    work, targets = _content()
    return work.afar(targets[index])
