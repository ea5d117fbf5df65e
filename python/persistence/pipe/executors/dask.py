"""The processes of a Dask cluster."""

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

_PATIENCE = 10  # seconds for a scheduler to answer
# Neither tasks nor the libraries under them are made for several threads.
_ONE_AT_A_TIME = threading.Lock()


class Dask:
    """Does the work on a Dask cluster, whose workers have the same software and files.

    A target whose worker dies is done by another one. What a worker had done, but could not tell
    of, is not done again: its record says so.

    Parameters
    ----------
    address : `str`
        The scheduler's, such as ``tcp://10.0.0.1:8786``.
    timeout : `float`, optional
        After how many seconds what is not done is given up.
    """

    def __init__(self, address: str, timeout: float | None = None) -> None:
        self.address = address
        self.timeout = timeout
        # What a worker that dies had to do is done by another one: that is no failure.
        self.died: Sequence[str] = ()

    def outcomes(
        self, work: Work, targets: Sequence[Any]
    ) -> Generator[tuple[int, Any], None, None]:
        """See `persistence.pipe.executors.Executor`."""
        with contextlib.closing(_client(self.address)) as client:
            yield from self._outcomes(client, work, targets)

    def _outcomes(
        self, client: Any, work: Work, targets: Sequence[Any]
    ) -> Iterator[tuple[int, Any]]:
        import cloudpickle  # comes with Dask; it takes classes along that only this program knows

        # As a result, not as data: where the worker that has it dies, the scheduler has it made
        # anew.
        shared = client.submit(
            bytes, pickled(work, targets, cloudpickle.dumps), key=f"{work.run}-targets"
        )
        sent: dict[Any, int] = {}
        deadline = None if self.timeout is None else time.monotonic() + self.timeout

        def results(places: Iterable[int], how: str) -> Iterator[tuple[int, Any]]:
            new = {
                client.submit(_act, shared, place, key=f"{work.run}-{place}-{how}"): place
                for place in places
            }
            sent.update(new)
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            for future in _ended(client, new, left):
                yield new.pop(future), _result(future)
            yield from ((place, late(self.timeout)) for place in new.values())

        condemned = []
        try:
            for place, result in results(range(len(targets)), "together"):
                if isinstance(result, _Killed):
                    condemned.append(place)
                else:
                    yield place, result
            for place in condemned:  # perhaps for what others did that were on the same workers
                yield from results([place], "alone")
        finally:
            client.cancel(list(sent))


class _Killed(Lost):
    """Several workers died that had a target."""


def _ended(client: Any, futures: Iterable[Any], timeout: float | None) -> Iterator[Any]:
    """Give futures as they end, until the time is over."""
    from distributed import TimeoutError as OutOfTime
    from distributed import as_completed

    with contextlib.suppress(OutOfTime):
        yield from as_completed(futures, loop=client.loop, timeout=timeout)  # type: ignore[no-untyped-call]


def _result(future: Any) -> Any:
    """Give what a worker sent back."""
    from distributed import KilledWorker

    try:
        return pickle.loads(future.result())  # noqa: S301  # written by our own work
    except KilledWorker as error:
        return _Killed(f"{error.allowed_failures + 1} workers died of it")
    # not by us: workers may be at it still, so nothing is known of the target
    except CancelledError as error:
        cause = str(error).partition("\n")[0]
        raise PersistenceError(
            f"the Dask scheduler lost the work ({cause}); --skip-existing processes the rest"
        ) from error


def _client(address: str) -> Any:
    with extras.needed("distributed", "--engine dask"):
        from distributed import Client  # slow to import
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
