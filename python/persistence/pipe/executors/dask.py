"""An executor that uses a Dask cluster."""

from __future__ import annotations

import contextlib
import functools
import pickle
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from typing import Any

from persistence.errors import PersistenceError
from persistence.files import extras
from persistence.pipe.executors import Lost, late, pickled
from persistence.pipe.work import Work

_PATIENCE = 10  # seconds to wait for a scheduler
# Neither tasks nor their libraries are thread-safe.
_ONE_AT_A_TIME = threading.Lock()


class Dask:
    """Process targets on a Dask cluster, whose workers have the same software and files.

    The target of a worker that dies is repeated by another one, unless it was recorded as done.

    Parameters
    ----------
    address : `str`
        The scheduler's address, such as ``tcp://10.0.0.1:8786``.
    timeout : `float`, optional
        The time limit in seconds, after which unfinished targets are given up.
    """

    def __init__(self, address: str, timeout: float | None = None) -> None:
        self.address = address
        self.timeout = timeout
        # Targets of workers that die are repeated by others: that is not a failure.
        self.died: Sequence[str] = ()

    def outcomes(
        self, work: Work, targets: Sequence[Any]
    ) -> Generator[tuple[int, Any], None, None]:
        """Process each target; see `persistence.pipe.executors.Executor`."""
        with contextlib.closing(_client(self.address)) as client:
            yield from self._outcomes(client, work, targets)

    def _outcomes(
        self, client: Any, work: Work, targets: Sequence[Any]
    ) -> Iterator[tuple[int, Any]]:
        import cloudpickle  # comes with Dask; it also pickles classes of the main program

        # As a result, not as data: if the worker that holds it dies, the scheduler has it
        # recomputed.
        shared = client.submit(
            bytes, pickled(work, targets, cloudpickle.dumps), key=f"{work.run}-targets"
        )
        sent: dict[Any, int] = {}
        deadline = None if self.timeout is None else time.monotonic() + self.timeout

        def results(indices: Iterable[int], how: str) -> Iterator[tuple[int, Any]]:
            new = {
                client.submit(_act, shared, index, key=f"{work.run}-{index}-{how}"): index
                for index in indices
            }
            sent.update(new)
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            for future in _ended(client, new, left):
                yield new.pop(future), _result(future)
            yield from ((index, late(self.timeout)) for index in new.values())

        condemned = []
        try:
            for index, result in results(range(len(targets)), "together"):
                if isinstance(result, _Killed):
                    condemned.append(index)
                else:
                    yield index, result
            for index in condemned:  # perhaps because of other targets on the same workers
                yield from results([index], "alone")
        finally:
            client.cancel(list(sent))


class _Killed(Lost):
    """Several workers died while processing a target."""


def _ended(client: Any, futures: Iterable[Any], timeout: float | None) -> Iterator[Any]:
    """Yield futures as they finish, until the time is over."""
    from distributed import TimeoutError as OutOfTime
    from distributed import as_completed

    with contextlib.suppress(OutOfTime):
        yield from as_completed(futures, loop=client.loop, timeout=timeout)  # type: ignore[no-untyped-call]


def _result(future: Any) -> Any:
    """Return the result of a worker."""
    from distributed import KilledWorker

    try:
        return pickle.loads(future.result())  # noqa: S301  # written by our own work
    except KilledWorker as error:
        return _Killed(f"{error.allowed_failures + 1} workers died of it")
    # not cancelled here: workers may still be running, so the state of the target is unknown
    except CancelledError as error:
        cause = str(error).partition("\n")[0]
        raise PersistenceError(
            f"the Dask scheduler lost the work ({cause}); --skip-existing processes the rest"
        ) from error


def _client(address: str) -> Any:
    with extras.needed("distributed", "--engine dask"):
        from distributed import Client  # lazy: slow to import
    try:
        return Client(address, timeout=_PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise PersistenceError(f"no Dask scheduler answers at {address!r}: {error}") from error


# -- on a worker
# ------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=1)
def _unpickled(content: bytes) -> tuple[Work, list[Any]]:
    try:
        found: tuple[Work, list[Any]] = pickle.loads(content)  # noqa: S301  # written by who sent it
    except ImportError as error:
        raise PersistenceError(f"a worker cannot import what the task needs: {error}") from error
    return found


def _act(content: bytes, place: int) -> bytes:
    with _ONE_AT_A_TIME:
        work, targets = _unpickled(content)
        return work.afar(targets[place])
