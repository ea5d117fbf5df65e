"""Commands that run: started such that their end is recorded, even if the watch is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from persistence.cli.watching.state import State

# A shell waits for the command and records its exit status: it goes on when the watch is killed.
# No value is a part of this text; the words of the command are its arguments.
_SCRIPT = 'f=$1 a=$2 b=$3; shift 3; "$@"; s=$?; printf "%s%d%s\\n" "$a" "$s" "$b" >>"$f"; exit "$s"'
# A shell's exit statuses for a missing command, or one that is not a program.
NOT_RUN = (126, 127)
_KILLED = 128  # a shell's status for a command that a signal killed begins here


class Running:
    """The commands that run now.

    Parameters
    ----------
    state : `State`
        Where their ends are recorded.
    ended : callable
        Called, in another thread, with the data ID and the exit status of each that ended; the
        status is None if its end could not be recorded, for it was killed.
    """

    def __init__(
        self, state: State, ended: Callable[[Mapping[str, Any], int | None], None]
    ) -> None:
        self._state = state
        self._ended = ended
        self._processes: set[subprocess.Popen[bytes]] = set()

    def start(self, data_id: Mapping[str, Any], words: Sequence[str]) -> None:
        """Start a command, with the output streams of this process, and without input.

        Ctrl-C on the terminal does not reach it: it has a session of its own.
        """
        process = subprocess.Popen(  # noqa: S603  # what the user wants to run
            [
                "/bin/sh",
                "-c",
                _SCRIPT,
                "watch",
                self._state.path,
                *self._state.ending(data_id),
                *words,
            ],
            stdin=subprocess.DEVNULL,
            pass_fds=(self._state.descriptor,),
            start_new_session=True,
        )
        self._processes.add(process)
        threading.Thread(target=self._wait, args=(process, data_id), daemon=True).start()

    def _wait(self, process: subprocess.Popen[bytes], data_id: Mapping[str, Any]) -> None:
        status = process.wait()
        self._processes.discard(process)
        self._ended(data_id, None if status < 0 else status)

    def terminate(self) -> None:
        """Terminate all of them, with their child processes."""
        for process in list(self._processes):
            with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
                os.killpg(process.pid, signal.SIGTERM)


def described(status: int | None) -> str:
    """Return how a command ended, in words."""
    if status is None:
        return "was cut off"
    if status <= _KILLED:
        return f"ended with exit status {status}"
    try:
        return f"was killed by {signal.Signals(status - _KILLED).name}"
    except ValueError:
        return f"ended with exit status {status}"
