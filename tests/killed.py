"""Processes that die at any of the calls that change a disk."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from typing import Any

# The calls before which a process may be killed.
CALLS = (
    "link", "rename", "replace", "unlink", "mkdir", "rmdir", "fsync", "fdatasync", "symlink",
    "pwrite", "truncate", "utime",
)  # fmt: skip


def killed_after(number: int, act: Callable[[], object]) -> bool:
    """Do something in a process that dies before its n-th call, counted from 0.

    Returns
    -------
    killed : `bool`
        Whether the process died; it did not if there are fewer calls.
    """
    child = os.fork()
    if not child:
        left = [number]
        for name in CALLS:
            _die_before(name, getattr(os, name), left)
        try:
            act()
        except BaseException:  # the child must not go on with the tests
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 9), "the process failed"
    return status != 0


def _die_before(name: str, act: Any, left: list[int]) -> None:
    def counted(*arguments: Any, **named: Any) -> Any:
        if not left[0]:
            os._exit(9)
        left[0] -= 1
        return act(*arguments, **named)

    setattr(os, name, counted)
