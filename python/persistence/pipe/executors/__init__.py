"""Executors that process many targets: in this process, in several, or on a cluster."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple, Protocol

from persistence.errors import PersistenceError
from persistence.pipe.work import Work


class Lost(NamedTuple):
    """The result of a target whose process returned none.

    Attributes
    ----------
    reason : `str`
        What is known about it.
    died : `bool`
        Whether the process died, which is a failure even if the target was done before.
    """

    reason: str
    died: bool = True


def late(timeout: float | None) -> Lost:
    """Return the result of a target that was not finished in time."""
    return Lost(f"not done within the {timeout:g} s of -t", died=False)


def pickled(
    work: Work, targets: Sequence[Any], dumps: Callable[[Any], bytes] = pickle.dumps
) -> bytes:
    """Return work and targets pickled together: objects that they share, such as the Butler, once.

    Raises
    ------
    PersistenceError
        If they cannot be pickled.
    """
    try:
        return dumps((work, list(targets)))
    except Exception as error:  # classes may raise any error when pickled
        raise PersistenceError(
            f"the targets cannot be sent to other processes ({error}); use -j 1, or make their "
            "contents picklable"
        ) from error


class Executor(Protocol):
    """Processes targets.

    Attributes
    ----------
    died : sequence of `str`
        Why processes died while there was work, with or without a target.
    """

    died: Sequence[str]

    def outcomes(
        self, work: Work, targets: Sequence[Any]
    ) -> Generator[tuple[int, Any], None, None]:
        """Process each target, and yield the results as they arrive.

        Parameters
        ----------
        work : `~persistence.pipe.work.Work`
            Called with each target.
        targets : sequence
            The targets.

        Yields
        ------
        index : `int`
            The index of the target. Each is yielded once.
        result : `~persistence.pipe.struct.Struct` or `Lost`
            The result; or why there is none: the process died, or the time is over.

        Raises
        ------
        Exception
            Any error that the work raises: this ends the run, and no process is left behind, as
            when the iterator is closed.
        """
        ...
