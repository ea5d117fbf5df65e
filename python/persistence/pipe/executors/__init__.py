"""Who does the work on many targets: this process, several, or a cluster. All keep one promise."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple, Protocol

from persistence.errors import PersistenceError
from persistence.pipe.work import Work


class Lost(NamedTuple):
    """Stands for the result of a target whose process gave none.

    Attributes
    ----------
    reason : `str`
        What is known of it.
    died : `bool`
        Whether the process died, which is a failure even if the target was done before.
    """

    reason: str
    died: bool = True


def late(timeout: float | None) -> Lost:
    """Say that the time was over before a target was done."""
    return Lost(f"not done within the {timeout:g} s of -t", died=False)


def pickled(
    work: Work, targets: Sequence[Any], dumps: Callable[[Any], bytes] = pickle.dumps
) -> bytes:
    """Pickle work and targets in one piece: what they share, such as the Butler, is sent once.

    Raises
    ------
    PersistenceError
        If they cannot be pickled.
    """
    try:
        return dumps((work, list(targets)))
    except Exception as error:  # whatever a class does when it is pickled
        raise PersistenceError(
            f"the targets cannot be sent to other processes ({error}); give -j 1, or make what "
            "they hold picklable"
        ) from error


class Executor(Protocol):
    """Does work on targets.

    Attributes
    ----------
    died : sequence of `str`
        What ended the processes that ended while there was work, with or without a target.
    """

    died: Sequence[str]

    def outcomes(
        self, work: Work, targets: Sequence[Any]
    ) -> Generator[tuple[int, Any], None, None]:
        """Do the work on each target, and give the results as they come.

        Parameters
        ----------
        work : `~persistence.pipe.work.Work`
            What is done with a target.
        targets : sequence
            The targets.

        Yields
        ------
        place : `int`
            The target's place among them. Each is there once.
        result : `~persistence.pipe.struct.Struct` or `Lost`
            What the work gave; or why it gave nothing: a process that died, time that is over.

        Raises
        ------
        Exception
            Whatever the work raises: that ends it all, and no process is left behind, as if the
            iterator is closed.
        """
        ...
